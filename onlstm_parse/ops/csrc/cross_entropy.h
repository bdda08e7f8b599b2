// Softmax cross-entropy of rows of logits: their losses; gradients overwrite the logits.
#pragma once

#include <vector>

#include "recurrence.h"

template <class Real, class Store>
struct CrossEntropy {
    Store* logits;        // (N, V) in: without bias; out: gradient of the summed loss
    const Real* bias;     // (V,)
    const long* targets;  // (N,)
    Real* losses;         // (N,) out
    Real* d_bias;         // (V,) added to
};

template <class Real, class Store>
void cross_entropy(const Shape& shape, long words, const CrossEntropy<Real, Store>& io) {
    in_threads(shape, [&](int thread, int threads) {
        const Range rows(shape.batch, thread, threads);
        std::vector<Real> row(words), d_bias(words, Real(0));
        for (long n = rows.begin; n < rows.end; n++) {
            Store* logits = io.logits + n * words;
            convert(logits, words, row.data());
            Real largest = -INFINITY, total = 0;
            #pragma omp simd reduction(max : largest)
            for (long v = 0; v < words; v++) {
                row[v] += io.bias[v];
                largest = row[v] > largest ? row[v] : largest;
            }
            const Real target = row[io.targets[n]];
            #pragma omp simd reduction(+ : total)
            for (long v = 0; v < words; v++) total += row[v] = exponential(row[v] - largest);
            io.losses[n] = std::log(total) + largest - target;
            const Real scale = Real(1) / total;
            #pragma omp simd
            for (long v = 0; v < words; v++) row[v] *= scale;
            row[io.targets[n]] -= 1;
            #pragma omp simd
            for (long v = 0; v < words; v++) d_bias[v] += row[v];
            convert(row.data(), words, logits);
        }
        #pragma omp critical
        for (long v = 0; v < words; v++) io.d_bias[v] += d_bias[v];
    });
}
