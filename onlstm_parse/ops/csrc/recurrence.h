// The loop over time, forward and backward, of any cell with
//
//     hidden_t, state_t = cell(projected_t + U hidden_{t-1}, state_{t-1})
//
// where `projected` is the product of the inputs of all steps, computed before. Rows of the batch are
// independent, so each thread takes its rows through all steps without waiting for others. Only if U
// is too large for the cache, the threads share its columns and wait at every step.
// T steps, B batch, H hidden units, G gates (U reaches the first R), K units of state, X further outputs.
//
// A cell gives its sizes (R, `reached`, is 0 if it has no U), and `forward` and `backward` for one row.
// Real: type of states and sums; Store: type of hidden units, gates and products.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif

#include <vector>

#include "product.h"

struct Shape {
    long steps, batch;
    int threads;
};

template <class Real, class Store>
struct Forward {
    Store* gates;        // (T, B, G) in: projected; out: the cell's gates before activation
    const Store* weight; // U (R, H)
    Store* hidden;       // (T + 1, B, H), step 0 filled in
    Real* state;         // (T + 1, B, K), step 0 filled in
    Real* extra;         // (T, B, X)
};

template <class Real, class Store>
struct Backward {
    const Store* gates;    // (T, B, G) from forward
    const Store* weight;   // U (R, H)
    const Real* state;     // (T + 1, B, K)
    const Store* d_hidden; // (T, B, H)
    const Real* d_extra;   // (T, B, X)
    Store* d_gates;        // (T, B, G) out
    Real* d_first;         // (B, H) out: gradient of the first hidden units
    Real* d_state;         // (B, K) in: gradient of the last state; out: of the first
};

// A share of `whole` for one of `threads`.
struct Range {
    long begin, end;
    Range(long whole, int thread, int threads)
        : begin(whole * thread / threads), end(whole * (thread + 1) / threads) {}
};

// Runs body(thread, threads) in every thread, of which there are no more than rows; without OpenMP in one.
template <class Body>
void in_threads(const Shape& shape, Body body) {
#if defined(_OPENMP)
    #pragma omp parallel num_threads(int(std::max(1L, std::min<long>(shape.threads, shape.batch))))
    body(omp_get_thread_num(), omp_get_num_threads());
#else
    body(0, 1);
#endif
}

// The product of every step: of all rows of the batch with U, its factor written to `left` row by row.
template <class Real, class Store>
class StepProduct {
    static constexpr long CACHED = 16 << 20;  // bytes of U that are likely to stay in a shared cache

    PackedWeight<Store, Real> weight_;
    long batch_, columns_;
    std::vector<Store> left_;
    std::vector<Real> out_;

  public:
    const long depth;

    StepProduct(const Store* source, long depth_, long columns, long row, long column, const Shape& shape)
        : weight_(source, depth_, columns, row, column, shape.threads),
          batch_(shape.batch),
          columns_(columns),
          left_(shape.batch * weight_.padded(depth_), Store(0)),
          out_(shape.batch * columns),
          depth(weight_.padded(depth_)) {}

    Store* left(long b) { return left_.data() + b * depth; }
    Real* out(long b) { return out_.data() + b * columns_; }

    // All threads call it. Afterwards out(b) holds the product for the rows of this thread.
    void multiply(int thread, int threads) {
        if (threads == 1 || weight_.bytes() <= CACHED) {
            Range rows(batch_, thread, threads);
            weight_.multiply(left(rows.begin), depth, rows.end - rows.begin, out(rows.begin), columns_, 0,
                             weight_.panels());
        } else {
            Range panels(weight_.panels(), thread, threads);
            #pragma omp barrier
            weight_.multiply(left(0), depth, batch_, out(0), columns_, panels.begin, panels.end);
            #pragma omp barrier
        }
    }
};

template <class Real, class Store, class Cell>
void run_forward(const Cell& cell, const Shape& shape, const Forward<Real, Store>& io) {
    const long B = shape.batch, H = cell.hidden, G = cell.gates, R = cell.reached;
    const long K = cell.state, X = cell.extra;
    std::unique_ptr<StepProduct<Real, Store>> product;
    if (R) product.reset(new StepProduct<Real, Store>(io.weight, H, R, 1, H, shape));
    in_threads(shape, [&](int thread, int threads) {
        const Range rows(B, thread, threads);
        std::vector<Real> row(G), hidden(H), scratch(cell.scratch());
        for (long t = 0; t < shape.steps; t++) {
            if (R) {
                for (long b = rows.begin; b < rows.end; b++)
                    std::copy_n(io.hidden + (t * B + b) * H, H, product->left(b));
                product->multiply(thread, threads);
            }
            for (long b = rows.begin; b < rows.end; b++) {
                const long now = t * B + b, next = now + B;
                Store* gates = io.gates + now * G;
                convert(gates, G, row.data());
                if (R) {
                    const Real* from_hidden = product->out(b);
                    #pragma omp simd
                    for (long j = 0; j < R; j++) row[j] += from_hidden[j];
                    convert(row.data(), R, gates);
                }
                cell.forward(row.data(), io.state + now * K, io.state + next * K, hidden.data(),
                             io.extra + now * X, scratch.data());
                convert(hidden.data(), H, io.hidden + next * H);
            }
        }
    });
}

template <class Real, class Store, class Cell>
void run_backward(const Cell& cell, const Shape& shape, const Backward<Real, Store>& io) {
    const long B = shape.batch, H = cell.hidden, G = cell.gates, R = cell.reached;
    const long K = cell.state, X = cell.extra;
    std::unique_ptr<StepProduct<Real, Store>> product;
    if (R) product.reset(new StepProduct<Real, Store>(io.weight, R, H, H, 1, shape));
    in_threads(shape, [&](int thread, int threads) {
        const Range rows(B, thread, threads);
        std::vector<Real> row(G), d_gates(G), d_hidden(H), scratch(cell.scratch());
        for (long t = shape.steps - 1; t >= 0; t--) {
            for (long b = rows.begin; b < rows.end; b++) {
                const long now = t * B + b, next = now + B;
                Store* d_gates_out = io.d_gates + now * G;
                convert(io.gates + now * G, G, row.data());
                convert(io.d_hidden + now * H, H, d_hidden.data());
                if (R) {
                    const Real* from_later = product->out(b);  // zero at the last step
                    #pragma omp simd
                    for (long j = 0; j < H; j++) d_hidden[j] += from_later[j];
                }
                cell.backward(row.data(), io.state + now * K, io.state + next * K, d_hidden.data(),
                              io.d_extra + now * X, io.d_state + b * K, d_gates.data(), scratch.data());
                convert(d_gates.data(), G, d_gates_out);
                if (R) std::copy_n(d_gates_out, R, product->left(b));
            }
            if (R) product->multiply(thread, threads);
        }
        for (long b = rows.begin; b < rows.end; b++) {
            if (R) std::copy_n(product->out(b), H, io.d_first + b * H);
            else std::fill_n(io.d_first + b * H, H, Real(0));
        }
    });
}
