// The GRU cell for one row of the batch: ops/gru.py has the equations.
// Gates: r, z, the candidate's part from h, that from x (H each).
// The state is the hidden units before rounding. Further outputs: z.
#pragma once

#include "numbers.h"

template <class Real>
struct Gru {
    long hidden, gates = 4 * hidden, reached = 3 * hidden, state = hidden, extra = hidden;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* update,
                 Real*) const {
        const long H = hidden;
        const Real *r = row, *z_ = r + H, *from_h = z_ + H, *from_x = from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real z = sigmoid(z_[j]), candidate = hyperbolic_tangent(from_x[j] + sigmoid(r[j]) * from_h[j]);
            update[j] = z;
            hidden_[j] = after[j] = candidate + z * (before[j] - candidate);
        }
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden,
                  const Real* d_update, Real* d_state, Real* d_row, Real*) const {
        const long H = hidden;
        const Real *r_ = row, *z_ = r_ + H, *from_h = z_ + H, *from_x = from_h + H;
        Real *d_r = d_row, *d_z = d_r + H, *d_from_h = d_z + H, *d_from_x = d_from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real r = sigmoid(r_[j]), z = sigmoid(z_[j]);
            Real candidate = hyperbolic_tangent(from_x[j] + r * from_h[j]);
            Real d_after = d_state[j] + d_hidden[j];
            Real d_sum = d_after * (1 - z) * (1 - candidate * candidate);
            d_from_x[j] = d_sum;
            d_from_h[j] = d_sum * r;
            d_r[j] = d_sum * from_h[j] * r * (1 - r);
            d_z[j] = (d_after * (before[j] - candidate) + d_update[j]) * z * (1 - z);
            d_state[j] = d_after * z;
        }
    }
};
