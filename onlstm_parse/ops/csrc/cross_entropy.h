// Softmax cross-entropy of rows of logits: their losses; gradients overwrite the logits. Where the target is
// -1, the loss is the logarithm of the softmax's denominator.
#pragma once

#include <limits>
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

// Two passes over a row: the first keeps the exponentials of each block beside the largest logit up to there.
template <class Real, class Store>
void cross_entropy(const Shape& shape, long words, const CrossEntropy<Real, Store>& io) {
    constexpr long BLOCK = 1024;  // stays in the first-level cache
    in_threads(shape, [&](int thread, int threads) {
        const Range rows(shape.batch, thread, threads);
        std::vector<Real> row(words), d_bias(words, Real(0)), largest_at(words / BLOCK + 1);
        for (long n = rows.begin; n < rows.end; n++) {
            Store* logits = io.logits + n * words;
            const long target = io.targets[n];
            const Real subtracted = target < 0 ? Real(0) : Real(logits[target]) + io.bias[target];
            Real largest = std::numeric_limits<Real>::lowest(), total = 0;
            for (long first = 0; first < words; first += BLOCK) {
                const long size = std::min(BLOCK, words - first);
                Real *block = row.data() + first, before = largest, sum = 0;
                const Real* bias = io.bias + first;
                convert(logits + first, size, block);
                #pragma omp simd reduction(max : largest)
                for (long v = 0; v < size; v++) {
                    block[v] += bias[v];
                    largest = block[v] > largest ? block[v] : largest;
                }
                #pragma omp simd reduction(+ : sum)
                for (long v = 0; v < size; v++) sum += block[v] = exponential(block[v] - largest);
                total = total * std::exp(before - largest) + sum;
                largest_at[first / BLOCK] = largest;
            }
            io.losses[n] = std::log(total) + largest - subtracted;
            for (long first = 0; first < words; first += BLOCK) {
                const long size = std::min(BLOCK, words - first);
                Real *block = row.data() + first, *d_block = d_bias.data() + first;
                const Real scale = std::exp(largest_at[first / BLOCK] - largest) / total;
                #pragma omp simd
                for (long v = 0; v < size; v++) block[v] *= scale;
                if (target >= first && target < first + size) row[target] -= 1;
                if (io.d_bias) {
                    #pragma omp simd
                    for (long v = 0; v < size; v++) d_block[v] += block[v];
                }
                convert(block, size, logits + first);
            }
        }
        for (int turn = 0; turn < threads; turn++) {  // in order, so that the same run gives the same sums
            #pragma omp barrier
            for (long v = 0; io.d_bias && turn == thread && v < words; v++) io.d_bias[v] += d_bias[v];
        }
    });
}
