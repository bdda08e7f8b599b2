// The ON-LSTM cell for one row of the batch: ops/on_lstm/reference.py has the equations.
// Gates: master input (n), master forget (n), output, cell, input, forget (H each).
// Further outputs: the master gates ĩ and f̃.
#pragma once

#include "master_gates.h"

template <class Real>
struct OnLstm : OrderedCell<Real> {
    using OrderedCell<Real>::masters;
    using OrderedCell<Real>::n;
    using OrderedCell<Real>::hidden;
    long reached = this->gates;

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* extra_,
                 Real* scratch) const {
        const long H = hidden;
        const auto m = masters.open(row, scratch);
        const Real *input = m.input, *forget = m.forget;
        std::copy_n(m.gates, 2 * n, extra_);
        const Real *o = row + 2 * n, *z = o + H, *i = z + H, *f = i + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real overlap = forget[j] * input[j];
            Real keep = sigmoid(f[j]) * overlap + (forget[j] - overlap);
            Real write = sigmoid(i[j]) * overlap + (input[j] - overlap);
            Real cell = keep * before[j] + write * hyperbolic_tangent(z[j]);
            after[j] = cell;
            hidden_[j] = sigmoid(o[j]) * hyperbolic_tangent(cell);
        }
    }

    void backward(const Real* row, const Real* before, const Real* after, const Real* d_hidden,
                  const Real* d_extra, Real* d_state, Real* d_row, Real* scratch) const {
        const long H = hidden;
        const auto m = masters.open(row, scratch);
        const Real *input = m.input, *forget = m.forget;
        Real *d_input = m.d_input, *d_forget = m.d_forget;
        const Real *o_ = row + 2 * n, *z_ = o_ + H, *i_ = z_ + H, *f_ = i_ + H;
        Real *d_o = d_row + 2 * n, *d_z = d_o + H, *d_i = d_z + H, *d_f = d_i + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real o = sigmoid(o_[j]), z = hyperbolic_tangent(z_[j]), i = sigmoid(i_[j]), f = sigmoid(f_[j]);
            Real squashed = hyperbolic_tangent(after[j]), d_tanh = d_hidden[j] * o;
            Real d_cell = d_state[j] + d_tanh * (1 - squashed * squashed);
            Real overlap = forget[j] * input[j];
            d_o[j] = d_tanh * squashed * (1 - o);
            d_z[j] = d_cell * (i * overlap + (input[j] - overlap)) * (1 - z * z);
            d_i[j] = d_cell * overlap * z * i * (1 - i);
            d_f[j] = d_cell * overlap * before[j] * f * (1 - f);
            // c = f̃ c' + ĩ ĉ + f̃ ĩ ((f - 1) c' + (i - 1) ĉ)
            Real within = before[j] * (f - 1) + z * (i - 1);
            d_input[j] = d_cell * (z + within * forget[j]);
            d_forget[j] = d_cell * (before[j] + within * input[j]);
            d_state[j] = d_cell * (f * overlap + (forget[j] - overlap));
        }
        masters.backward(m, d_extra, d_row);
    }
};
