// The master gates of the ordered cells, for one row of the batch: n levels, each over a chunk of units.
// An array for both gates holds ĩ first, then f̃.
#pragma once

#include "numbers.h"

template <class Real>
struct MasterGates {
    long n, chunk;
    bool reversed;  // ĩ is the softmax summed from the right, not 1 - cumax

    long scratch() const { return 6 * n + 4 * n * chunk; }

    // The values that `backward` needs; they lie in scratch.
    struct Parts {
        Real *shares, *gates, *d_shares;                // (2n): of the softmaxes; ĩ, f̃
        Real *input, *forget, *d_input, *d_forget;      // (H): the gates of every unit, and their gradients
    };

    Parts parts(Real* scratch) const {
        const long H = n * chunk;
        Real* units = scratch + 6 * n;
        return {scratch, scratch + 2 * n, scratch + 4 * n, units, units + H, units + 2 * H, units + 3 * H};
    }

    // Open the gates from their logits (2n).
    Parts open(const Real* logits, Real* scratch) const {
        const Parts m = parts(scratch);
        softmax(logits, m.shares);
        softmax(logits + n, m.shares + n);
        Real before_input = 0, before_forget = 0;
        for (long k = 0; k < n; k++) {
            Real up_to = before_input + m.shares[k];
            m.gates[k] = 1 - (reversed ? before_input : up_to);
            before_input = up_to;
            m.gates[n + k] = before_forget += m.shares[n + k];
        }
        repeat(m.gates, m.input);
        repeat(m.gates + n, m.forget);
        return m;
    }

    // Gradients of the logits (2n) from d_input, d_forget and the gradients of the gates (2n).
    void backward(const Parts& m, const Real* d_gates, Real* d_logits) const {
        // f̃_k sums the shares up to k, so a share receives the gradients after it; for ĩ, those before.
        Real behind_forget = 0, behind_input = 0;
        for (long k = n - 1; k >= 0; k--) {
            behind_forget += d_gates[n + k] + sum(m.d_forget + k * chunk);
            m.d_shares[n + k] = behind_forget;
        }
        for (long step = 0; step < n; step++) {
            long k = reversed ? step : n - 1 - step;
            Real d_level = d_gates[k] + sum(m.d_input + k * chunk);
            behind_input += reversed ? d_level : -d_level;
            m.d_shares[k] = behind_input;
        }
        for (long gate = 0; gate < 2 * n; gate += n) {
            Real mean = 0;
            for (long k = gate; k < gate + n; k++) mean += m.shares[k] * m.d_shares[k];
            for (long k = gate; k < gate + n; k++) d_logits[k] = m.shares[k] * (m.d_shares[k] - mean);
        }
    }

  private:
    void softmax(const Real* logits, Real* shares) const {
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

    Real sum(const Real* units) const {
        Real total = 0;
        #pragma omp simd reduction(+ : total)
        for (long j = 0; j < chunk; j++) total += units[j];
        return total;
    }
};

// What all cells with master gates share: n levels, H hidden units, and gates that begin with the logits of ĩ and f̃.
template <class Real>
struct OrderedCell {
    MasterGates<Real> masters;
    long n = masters.n, hidden = n * masters.chunk, gates = 4 * hidden + 2 * n;
    long state = hidden, extra = 2 * n;

    long scratch() const { return masters.scratch(); }
};
