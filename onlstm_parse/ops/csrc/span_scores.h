// The score of every span of a sentence from its two ends, and gradients. With F the fenceposts (n + 1, S),
//   score(start, stop) = Σ_s weight_s · max(F[stop]_s - F[start]_s + bias_s, 0),    start < stop
// The sums of a span stay in registers: nothing of the size spans × S is kept.
#pragma once

#include <algorithm>
#include <vector>

#include "recurrence.h"

template <class Real>
struct SpanScores {
    const long* lengths;       // (B,)
    const Real* fenceposts;    // (B, longest + 1, S)
    const Real* bias;          // (S,)
    const Real* weight;        // (S,)
    Real* scores;              // (B, longest, longest + 1) out: 0 where there is no span
};

template <class Real>
struct SpanScoresBackward {
    const long* lengths;
    const Real* fenceposts;
    const Real* bias;
    const Real* weight;
    const Real* d_scores;      // (B, longest, longest + 1)
    Real* d_fenceposts;        // (B, longest + 1, S) added to
    Real* d_bias;              // (threads, S) added to
    Real* d_weight;            // (threads, S) added to
};

// Calls each(thread, words, row of the first fencepost, row of the first score) for every sentence. Threads take every
// so many-th one: sums are the same in every run with as many threads.
template <class Each>
void spans_of_each(const Shape& batch, const long* lengths, Each each) {
    const long longest = batch.steps;
    in_threads(batch, [&](int thread, int threads) {
        for (long b = thread; b < batch.batch; b += threads)
            each(thread, lengths[b], b * (longest + 1), b * longest);
    });
}

template <class Real>
void span_scores_forward(const Shape& batch, long S, const SpanScores<Real>& io) {
    const long columns = batch.steps + 1;
    spans_of_each(batch, io.lengths, [&](int, long n, long posts, long rows) {
        std::vector<Real> row(S);
        Real* moved = row.data();
        const Real* weight = io.weight;
        for (long start = 0; start < n; start++) {
            const Real* from = io.fenceposts + (posts + start) * S;
            for (long s = 0; s < S; s++) moved[s] = io.bias[s] - from[s];
            for (long stop = start + 1; stop <= n; stop++) {
                const Real* to = io.fenceposts + (posts + stop) * S;
                Real sum = 0;
                #pragma omp simd reduction(+ : sum)
                for (long s = 0; s < S; s++) sum += std::max(to[s] + moved[s], Real(0)) * weight[s];
                io.scores[(rows + start) * columns + stop] = sum;
            }
        }
    });
}

template <class Real>
void span_scores_backward(const Shape& batch, long S, const SpanScoresBackward<Real>& io) {
    const long columns = batch.steps + 1;
    spans_of_each(batch, io.lengths, [&](int thread, long n, long posts, long rows) {
        std::vector<Real> row(2 * S);
        Real *moved = row.data(), *d_from = row.data() + S;
        const Real* weight = io.weight;
        Real *d_bias = io.d_bias + thread * S, *d_weight = io.d_weight + thread * S;
        for (long start = 0; start < n; start++) {
            const Real* from = io.fenceposts + (posts + start) * S;
            Real* d_start = io.d_fenceposts + (posts + start) * S;
            for (long s = 0; s < S; s++) moved[s] = io.bias[s] - from[s];
            std::fill_n(d_from, S, Real(0));
            for (long stop = start + 1; stop <= n; stop++) {
                const Real d = io.d_scores[(rows + start) * columns + stop];
                const Real* to = io.fenceposts + (posts + stop) * S;
                Real* d_stop = io.d_fenceposts + (posts + stop) * S;
                #pragma omp simd
                for (long s = 0; s < S; s++) {
                    const Real unit = std::max(to[s] + moved[s], Real(0));
                    const Real d_unit = unit > 0 ? d * weight[s] : Real(0);
                    d_weight[s] += d * unit;
                    d_stop[s] += d_unit;
                    d_from[s] += d_unit;
                }
            }
            #pragma omp simd
            for (long s = 0; s < S; s++) {
                d_start[s] -= d_from[s];
                d_bias[s] += d_from[s];
            }
        }
    });
}
