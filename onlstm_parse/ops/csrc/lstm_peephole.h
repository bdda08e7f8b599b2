// The LSTM cell with peepholes for one row of the batch: ops/lstm_peephole.py has the equations.
// Gates: i, f, ĉ, o (H each). State: c, then the peepholes of i, f and o (H each). These stay as they are
// from step to step, so that the gradient of the first state sums what all steps give them.
// Further outputs: f.
#pragma once

#include <algorithm>

#include "numbers.h"

template <class Real>
struct PeepholeLstm {
    long hidden, gates = 4 * hidden, reached = gates, state = 4 * hidden, extra = hidden;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* forget,
                 Real*) const {
        const long H = hidden;
        const Real *i = row, *f_ = i + H, *z = f_ + H, *o = z + H;
        const Real *to_i = before + H, *to_f = to_i + H, *to_o = to_f + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real f = sigmoid(f_[j] + to_f[j] * before[j]);
            Real cell = f * before[j] + sigmoid(i[j] + to_i[j] * before[j]) * hyperbolic_tangent(z[j]);
            forget[j] = f;
            after[j] = cell;
            hidden_[j] = sigmoid(o[j] + to_o[j] * cell) * hyperbolic_tangent(cell);
        }
        std::copy_n(to_i, 3 * H, after + H);
    }

    void backward(const Real* row, const Real* before, const Real* after, const Real* d_hidden,
                  const Real* d_forget, Real* d_state, Real* d_row, Real*) const {
        const long H = hidden;
        const Real *i_ = row, *f_ = i_ + H, *z_ = f_ + H, *o_ = z_ + H;
        const Real *to_i = before + H, *to_f = to_i + H, *to_o = to_f + H;
        Real *d_i = d_row, *d_f = d_i + H, *d_z = d_f + H, *d_o = d_z + H;
        Real *d_to_i = d_state + H, *d_to_f = d_to_i + H, *d_to_o = d_to_f + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real i = sigmoid(i_[j] + to_i[j] * before[j]), f = sigmoid(f_[j] + to_f[j] * before[j]);
            Real o = sigmoid(o_[j] + to_o[j] * after[j]), z = hyperbolic_tangent(z_[j]);
            Real squashed = hyperbolic_tangent(after[j]);
            d_o[j] = d_hidden[j] * squashed * o * (1 - o);
            Real d_cell = d_state[j] + d_hidden[j] * o * (1 - squashed * squashed) + d_o[j] * to_o[j];
            d_i[j] = d_cell * z * i * (1 - i);
            d_f[j] = (d_cell * before[j] + d_forget[j]) * f * (1 - f);
            d_z[j] = d_cell * i * (1 - z * z);
            d_state[j] = d_cell * f + d_i[j] * to_i[j] + d_f[j] * to_f[j];
            d_to_i[j] += d_i[j] * before[j];
            d_to_f[j] += d_f[j] * before[j];
            d_to_o[j] += d_o[j] * after[j];
        }
    }
};
