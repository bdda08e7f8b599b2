// The cell of MinimalRNN for one row of the batch: ops/minimal_rnn.py has the equations.
// Gates: u, and z, which U does not reach (H each).
// The state is the hidden units before rounding. Further outputs: u.
#pragma once

#include "numbers.h"

template <class Real>
struct MinimalRnn {
    long hidden, gates = 2 * hidden, reached = hidden, state = hidden, extra = hidden;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* update,
                 Real*) const {
        const Real *u_ = row, *z = u_ + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) {
            Real u = sigmoid(u_[j]);
            update[j] = u;
            hidden_[j] = after[j] = z[j] + u * (before[j] - z[j]);
        }
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden,
                  const Real* d_update, Real* d_state, Real* d_row, Real*) const {
        const Real *u_ = row, *z = u_ + hidden;
        Real *d_u = d_row, *d_z = d_u + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) {
            Real u = sigmoid(u_[j]), d_after = d_state[j] + d_hidden[j];
            d_u[j] = (d_after * (before[j] - z[j]) + d_update[j]) * u * (1 - u);
            d_z[j] = d_after * (1 - u);
            d_state[j] = d_after * u;
        }
    }
};
