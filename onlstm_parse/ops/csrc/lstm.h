// The LSTM cell for one row of the batch: ops/lstm.py has the equations.
// Gates: i, f, ĉ, o (H each). Further outputs: f.
#pragma once

#include "numbers.h"

template <class Real>
struct Lstm {
    long hidden, gates = 4 * hidden, reached = gates, state = hidden, extra = hidden;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* forget,
                 Real*) const {
        const long H = hidden;
        const Real *i = row, *f_ = i + H, *z = f_ + H, *o = z + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real f = sigmoid(f_[j]);
            Real cell = f * before[j] + sigmoid(i[j]) * hyperbolic_tangent(z[j]);
            forget[j] = f;
            after[j] = cell;
            hidden_[j] = sigmoid(o[j]) * hyperbolic_tangent(cell);
        }
    }

    void backward(const Real* row, const Real* before, const Real* after, const Real* d_hidden,
                  const Real* d_forget, Real* d_state, Real* d_row, Real*) const {
        const long H = hidden;
        const Real *i_ = row, *f_ = i_ + H, *z_ = f_ + H, *o_ = z_ + H;
        Real *d_i = d_row, *d_f = d_i + H, *d_z = d_f + H, *d_o = d_z + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real i = sigmoid(i_[j]), f = sigmoid(f_[j]), z = hyperbolic_tangent(z_[j]), o = sigmoid(o_[j]);
            Real squashed = hyperbolic_tangent(after[j]), d_tanh = d_hidden[j] * o;
            Real d_cell = d_state[j] + d_tanh * (1 - squashed * squashed);
            d_i[j] = d_cell * z * i * (1 - i);
            d_f[j] = (d_cell * before[j] + d_forget[j]) * f * (1 - f);
            d_z[j] = d_cell * i * (1 - z * z);
            d_o[j] = d_tanh * squashed * (1 - o);
            d_state[j] = d_cell * f;
        }
    }
};
