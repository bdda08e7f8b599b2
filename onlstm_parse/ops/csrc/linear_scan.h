// A recurrence whose gates do not depend on the state, for one row of the batch: c_t = a_t ∘ c_{t-1} + b_t.
// Gates: a (H), b (H); the hidden units are the state.
#pragma once

template <class Real>
struct LinearScan {
    long hidden, gates = 2 * hidden, reached = 0, state = hidden, extra = 0;

    long scratch() const { return 0; }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real*, Real*) const {
        const Real *a = row, *b = row + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) hidden_[j] = after[j] = a[j] * before[j] + b[j];
    }

    void backward(const Real* row, const Real* before, const Real*, const Real* d_hidden, const Real*,
                  Real* d_state, Real* d_row, Real*) const {
        const Real* a = row;
        Real *d_a = d_row, *d_b = d_row + hidden;
        #pragma omp simd
        for (long j = 0; j < hidden; j++) {
            Real d_cell = d_state[j] + d_hidden[j];
            d_a[j] = d_cell * before[j];
            d_b[j] = d_cell;
            d_state[j] = d_cell * a[j];
        }
    }
};
