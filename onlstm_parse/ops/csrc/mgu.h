// The cell of the minimal gated unit for one row of the batch: ops/mgu.py has the equations.
// Gates: f, the candidate's part from h, that from x (H each).
// The state is the hidden units before rounding. Further outputs: f.
#pragma once

#include "numbers.h"

template <class Real>
struct Mgu {
    long hidden, gates = 3 * hidden, reached = 2 * hidden, state = hidden, extra = hidden;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* forget,
                 Real*) const {
        const long H = hidden;
        const Real *f_ = row, *from_h = f_ + H, *from_x = from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real f = sigmoid(f_[j]), candidate = hyperbolic_tangent(from_x[j] + f * from_h[j]);
            forget[j] = f;
            hidden_[j] = after[j] = before[j] + f * (candidate - before[j]);
        }
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden,
                  const Real* d_forget, Real* d_state, Real* d_row, Real*) const {
        const long H = hidden;
        const Real *f_ = row, *from_h = f_ + H, *from_x = from_h + H;
        Real *d_f = d_row, *d_from_h = d_f + H, *d_from_x = d_from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real f = sigmoid(f_[j]), candidate = hyperbolic_tangent(from_x[j] + f * from_h[j]);
            Real d_after = d_state[j] + d_hidden[j];
            Real d_sum = d_after * f * (1 - candidate * candidate);
            d_from_x[j] = d_sum;
            d_from_h[j] = d_sum * f;
            d_f[j] = (d_after * (candidate - before[j]) + d_sum * from_h[j] + d_forget[j]) * f * (1 - f);
            d_state[j] = d_after * (1 - f);
        }
    }
};
