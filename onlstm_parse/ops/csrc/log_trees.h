// The logarithm of the sum over all binary trees of exp(the sum of their brackets' scores), and its gradient: the
// probability of each bracket. The inside algorithm with one symbol, in logarithms, sentence by sentence.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "recurrence.h"

template <class Real>
struct LogTrees {
    const long* lengths;     // (B,)
    const Real* scores;      // (B, longest, longest + 1) of the spans from start to stop
    Real* totals;            // (B,) out
    Real* probabilities;     // (B, longest, longest + 1) out, of brackets of two words or more; or null
};

// One sentence. Charts are kept by start and by stop, so that the children of all splits are in a row each.
template <class Real>
class TreeChart {
    long n_ = 0;
    std::vector<Real> by_start_, by_stop_, inner_, shares_;

    Real* row(std::vector<Real>& chart, long end) { return chart.data() + end * (n_ + 1); }

    // shares_[k] = exp(both children, split at k, - subtracted); 0 where a child is impossible. Their sum.
    Real share(long start, long stop, Real subtracted) {
        const Real *left = row(by_start_, start), *right = row(by_stop_, stop);
        Real sum = 0, *shares = shares_.data();
        #pragma omp simd reduction(+ : sum)
        for (long k = start + 1; k < stop; k++) {
            const Real both = left[k] + right[k], value = exponential(both - subtracted);
            sum += shares[k] = both == -INFINITY ? Real(0) : value;
        }
        return sum;
    }

    void put(std::vector<Real>& from_start, std::vector<Real>& from_stop, long start, long stop, Real value) {
        row(from_start, start)[stop] = row(from_stop, stop)[start] = value;
    }

  public:
    Real inside(const Real* scores, long columns, long n) {
        n_ = n;
        for (auto chart : {&by_start_, &by_stop_, &inner_}) chart->assign((n + 1) * (n + 1), 0);
        shares_.resize(n + 1);
        for (long width = 2; width <= n; width++)
            for (long start = 0; start + width <= n; start++) {
                const long stop = start + width;
                const Real *left = row(by_start_, start), *right = row(by_stop_, stop);
                Real best = -INFINITY;
                #pragma omp simd reduction(max : best)
                for (long k = start + 1; k < stop; k++) best = std::max(best, left[k] + right[k]);
                const Real inner = best == -INFINITY ? best : best + std::log(share(start, stop, best));
                row(inner_, start)[stop] = inner;
                put(by_start_, by_stop_, start, stop, inner + scores[start * columns + stop]);
            }
        return row(by_start_, 0)[n];
    }

    // From the widest bracket down, each gives its probability to the children of its splits. After `inside`.
    void outside(Real* probabilities, long columns) {
        std::vector<Real> by_start((n_ + 1) * (n_ + 1), 0), by_stop(by_start);
        if (n_ > 1) row(by_start, 0)[n_] = 1;
        for (long width = n_; width >= 2; width--)
            for (long start = 0; start + width <= n_; start++) {
                const long stop = start + width;
                const Real own = row(by_start, start)[stop] + row(by_stop, stop)[start];
                const Real inner = row(inner_, start)[stop];
                probabilities[start * columns + stop] = own;
                if (!(own > 0) || inner == -INFINITY) continue;
                share(start, stop, inner);
                Real *left = row(by_start, start), *right = row(by_stop, stop), *shares = shares_.data();
                #pragma omp simd
                for (long k = start + 1; k < stop; k++) {
                    left[k] += own * shares[k];
                    right[k] += own * shares[k];
                }
            }
    }
};

template <class Real>
void log_trees(const Shape& batch, const LogTrees<Real>& io) {
    const long longest = batch.steps, columns = longest + 1;
    in_threads(batch, [&](int thread, int threads) {
        TreeChart<Real> chart;
        for (long b = thread; b < batch.batch; b += threads) {
            io.totals[b] = chart.inside(io.scores + b * longest * columns, columns, io.lengths[b]);
            if (io.probabilities) chart.outside(io.probabilities + b * longest * columns, columns);
        }
    });
}
