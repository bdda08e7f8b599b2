// The ON-LSTM cell for one row of the batch: ops/onlstm_reference.py has the equations.
// Gates: master input (n), master forget (n), output, cell, input, forget (H each).
// Further outputs: the master gates ĩ and f̃.
#pragma once

#include "numbers.h"

template <class Real>
struct OnLstm {
    static constexpr bool recurrent = true;
    long n, chunk;
    bool reversed;  // ĩ is the softmax summed from the right, not 1 - cumax
    long hidden = n * chunk, gates = 4 * hidden + 2 * n, state = hidden, extra = 2 * n;

    long scratch() const { return 6 * n + 4 * hidden; }

    static void softmax(const Real* logits, long n, Real* shares) {
        Real largest = logits[0], total = 0;
        #pragma omp simd reduction(max : largest)
        for (long k = 0; k < n; k++) largest = logits[k] > largest ? logits[k] : largest;
        #pragma omp simd reduction(+ : total)
        for (long k = 0; k < n; k++) total += shares[k] = exponential(logits[k] - largest);
        #pragma omp simd
        for (long k = 0; k < n; k++) shares[k] /= total;
    }

    void repeat(const Real* levels, Real* units) const {
        for (long k = 0; k < n; k++)
            for (long j = 0; j < chunk; j++) units[k * chunk + j] = levels[k];
    }

    // Shares (2n) of the two softmaxes, master gates (2n), and these repeated over the units of a chunk.
    void masters(const Real* row, Real* shares, Real* gates_, Real* input, Real* forget) const {
        softmax(row, n, shares);
        softmax(row + n, n, shares + n);
        Real before_input = 0, before_forget = 0;
        for (long k = 0; k < n; k++) {
            Real up_to = before_input + shares[k];
            gates_[k] = 1 - (reversed ? before_input : up_to);
            before_input = up_to;
            gates_[n + k] = before_forget += shares[n + k];
        }
        repeat(gates_, input);
        repeat(gates_ + n, forget);
    }

    void forward(const Real* row, const Real* before, Real* after, Real* hidden_, Real* extra_,
                 Real* scratch) const {
        const long H = hidden;
        Real *shares = scratch, *input = scratch + 2 * n, *forget = input + H;
        masters(row, shares, extra_, input, forget);
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
        Real *shares = scratch, *gates_ = shares + 2 * n, *d_shares = gates_ + 2 * n;
        Real *input = d_shares + 2 * n, *forget = input + H, *d_input = forget + H, *d_forget = d_input + H;
        masters(row, shares, gates_, input, forget);
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
        // f̃_k sums the shares up to k, so a share receives what stands behind it; ĩ the opposite.
        Real behind_forget = 0, behind_input = 0;
        for (long k = n - 1; k >= 0; k--) {
            behind_forget += d_extra[n + k] + sum(d_forget + k * chunk);
            d_shares[n + k] = behind_forget;
        }
        for (long step = 0; step < n; step++) {
            long k = reversed ? step : n - 1 - step;
            Real d_level = d_extra[k] + sum(d_input + k * chunk);
            behind_input += reversed ? d_level : -d_level;
            d_shares[k] = behind_input;
        }
        for (long gate = 0; gate < 2 * n; gate += n) {
            Real mean = 0;
            for (long k = gate; k < gate + n; k++) mean += shares[k] * d_shares[k];
            for (long k = gate; k < gate + n; k++) d_row[k] = shares[k] * (d_shares[k] - mean);
        }
    }

    Real sum(const Real* units) const {
        Real total = 0;
        #pragma omp simd reduction(+ : total)
        for (long j = 0; j < chunk; j++) total += units[j];
        return total;
    }
};
