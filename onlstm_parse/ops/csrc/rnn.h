// The cell of the simple recurrent network for one row of the batch: ops/rnn.py has the equation.
// Gates: the sum under the tanh (H). The state is the hidden units before rounding.
#pragma once

#include "numbers.h"

template <class Real>
struct Rnn {
    long hidden, gates = hidden, reached = hidden, state = hidden, extra = 0;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real*, Real* after, Real* hidden_, Real*, Real*) const {
        #pragma omp simd
        for (long j = 0; j < hidden; j++) hidden_[j] = after[j] = hyperbolic_tangent(row[j]);
    }

    void backward(const Real*, const Real*, const Real* after, const Real* d_hidden, const Real*,
                  Real* d_state, Real* d_row, Real*) const {
        #pragma omp simd
        for (long j = 0; j < hidden; j++) {
            d_row[j] = (d_state[j] + d_hidden[j]) * (1 - after[j] * after[j]);
            d_state[j] = 0;  // the step before is read through its hidden units alone
        }
    }
};
