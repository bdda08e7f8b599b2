// The forget-mult recurrence of QRNN and SRU, c_t = f_t ∘ c_{t-1} + (1 - f_t) ∘ x_t, for one row of the
// batch. Gates: f (H), x (H), already activated. The hidden units are the state.
#pragma once

template <class Real>
struct ForgetMult {
    static constexpr bool recurrent = false;
    long hidden, gates = 2 * hidden, state = hidden, extra = 0;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real*, Real*) const {
        const Real *f = row, *x = row + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) hidden_[j] = after[j] = x[j] + f[j] * (before[j] - x[j]);
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden, const Real*,
                  Real* d_state, Real* d_row, Real*) const {
        const Real *f = row, *x = row + hidden;
        Real *d_f = d_row, *d_x = d_row + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) {
            Real d_cell = d_state[j] + d_hidden[j];
            d_f[j] = d_cell * (before[j] - x[j]);
            d_x[j] = d_cell * (1 - f[j]);
            d_state[j] = d_cell * f[j];
        }
    }
};
