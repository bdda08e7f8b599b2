// Softmax cross-entropy of rows of logits: their losses; gradients overwrite the logits. Where the target is
// -1, the loss is the logarithm of the softmax's denominator.
#pragma once

#include <vector>

#include "recurrence.h"

template <class Real, class Store>
struct CrossEntropy {
    Store* logits;        // (N, V) in: without bias; out: gradient of the summed loss
    const Real* bias;     // (V,)
    const long* targets;  // (N,) or -1
    Real* losses;         // (N,) out
    Real* d_bias;         // (V,) added to, or null
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
            const long target = io.targets[n];
            const Real subtracted = target < 0 ? Real(0) : row[target];
            #pragma omp simd reduction(+ : total)
            for (long v = 0; v < words; v++) total += row[v] = exponential(row[v] - largest);
            io.losses[n] = std::log(total) + largest - subtracted;
            const Real scale = Real(1) / total;
            #pragma omp simd
            for (long v = 0; v < words; v++) row[v] *= scale;
            if (target >= 0) row[target] -= 1;
            if (io.d_bias) {
                #pragma omp simd
                for (long v = 0; v < words; v++) d_bias[v] += row[v];
            }
            convert(row.data(), words, logits);
        }
        if (io.d_bias) {
            #pragma omp critical
            for (long v = 0; v < words; v++) io.d_bias[v] += d_bias[v];
        }
    });
}
