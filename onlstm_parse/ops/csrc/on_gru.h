// The ON-GRU cell for one row of the batch: ops/on_gru/reference.py has the equations.
// Gates: master input (n), master forget (n), r, z, the candidate's part from h, that from x (H each).
// The state is the hidden units before rounding. Further outputs: ĩ and f̃.
#pragma once

#include "master_gates.h"

template <class Real>
struct OnGru : OrderedCell<Real> {
    using OrderedCell<Real>::masters;
    using OrderedCell<Real>::n;
    using OrderedCell<Real>::hidden;
    long reached = this->gates - this->hidden;

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* extra_,
                 Real* scratch) const {
        const long H = hidden;
        const auto m = masters.open(row, scratch);
        const Real *input = m.input, *forget = m.forget;
        std::copy_n(m.gates, 2 * n, extra_);
        const Real *r = row + 2 * n, *z_ = r + H, *from_h = z_ + H, *from_x = from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real z = sigmoid(z_[j]), candidate = hyperbolic_tangent(from_x[j] + sigmoid(r[j]) * from_h[j]);
            Real overlap = forget[j] * input[j];
            Real keep = z * overlap + (forget[j] - overlap);
            Real write = (1 - z) * overlap + (input[j] - overlap);
            hidden_[j] = after[j] = keep * before[j] + write * candidate;
        }
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden, const Real* d_extra,
                  Real* d_state, Real* d_row, Real* scratch) const {
        const long H = hidden;
        const auto m = masters.open(row, scratch);
        const Real *input = m.input, *forget = m.forget;
        Real *d_input = m.d_input, *d_forget = m.d_forget;
        const Real *r_ = row + 2 * n, *z_ = r_ + H, *from_h = z_ + H, *from_x = from_h + H;
        Real *d_r = d_row + 2 * n, *d_z = d_r + H, *d_from_h = d_z + H, *d_from_x = d_from_h + H;
        #pragma omp simd
        for (long j = 0; j < H; j++) {
            Real r = sigmoid(r_[j]), z = sigmoid(z_[j]);
            Real candidate = hyperbolic_tangent(from_x[j] + r * from_h[j]);
            Real d_after = d_state[j] + d_hidden[j];
            Real overlap = forget[j] * input[j];
            Real d_sum = d_after * ((1 - z) * overlap + (input[j] - overlap)) * (1 - candidate * candidate);
            d_from_x[j] = d_sum;
            d_from_h[j] = d_sum * r;
            d_r[j] = d_sum * from_h[j] * r * (1 - r);
            d_z[j] = d_after * overlap * (before[j] - candidate) * z * (1 - z);
            // h = f̃ h' + ĩ ĥ + f̃ ĩ ((z - 1) h' - z ĥ)
            Real within = before[j] * (z - 1) - z * candidate;
            d_input[j] = d_after * (candidate + within * forget[j]);
            d_forget[j] = d_after * (before[j] + within * input[j]);
            d_state[j] = d_after * (z * overlap + (forget[j] - overlap));
        }
        masters.backward(m, d_extra, d_row);
    }
};
