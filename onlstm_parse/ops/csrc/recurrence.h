// The loop over time, forward and backward, of any cell with
//
//     hidden_t, state_t = cell(projected_t + U hidden_{t-1}, state_{t-1})
//
// where `projected` is the product of the inputs of all steps, made before. Rows of the batch do not
// depend on each other, so each thread takes its rows through all steps without waiting for others.
// T steps, B batch, H hidden units, G gates (rows of U), K units of state, X further outputs.
//
// A cell gives its sizes, whether it is `recurrent` (has a U at all), and `forward` and `backward` for
// one row. Real: type of states and sums; Store: type of hidden units, gates and products.
#pragma once

#include <vector>

#include "product.h"

struct Shape {
    long steps, batch;
    int threads;
};

template <class Real, class Store>
struct Forward {
    Store* gates;        // (T, B, G) in: projected; out: the cell's gates before activation
    const Store* weight; // U (G, H)
    Store* hidden;       // (T + 1, B, H), step 0 filled in
    Real* state;         // (T + 1, B, K), step 0 filled in
    Real* extra;         // (T, B, X)
};

template <class Real, class Store>
struct Backward {
    const Store* gates;    // (T, B, G) as left by forward
    const Store* weight;   // U (G, H)
    const Real* state;     // (T + 1, B, K)
    const Store* d_hidden; // (T, B, H)
    const Real* d_extra;   // (T, B, X)
    Store* d_gates;        // (T, B, G) out
    Real* d_first;         // (B, H) out: gradient of the first hidden units
    Real* d_state;         // (B, K) in: gradient of the last state; out: of the first
};

template <class Body>
void over_rows(const Shape& shape, Body body) {
    int threads = int(std::max(1L, std::min<long>(shape.threads, shape.batch)));
    #pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int i = 0; i < threads; i++) body(shape.batch * i / threads, shape.batch * (i + 1) / threads);
}

template <class Real, class Store, class Cell>
void run_forward(const Cell& cell, const Shape& shape, const Forward<Real, Store>& io) {
    const long B = shape.batch, H = cell.hidden, G = cell.gates, K = cell.state, X = cell.extra;
    using Weight = PackedWeight<Store, Real>;
    std::unique_ptr<Weight> packed;
    if (Cell::recurrent) packed.reset(new Weight(io.weight, H, G, 1, H, shape.threads));
    over_rows(shape, [&](long begin, long end) {
        const long depth = Weight::padded(H);
        std::vector<Real> products((end - begin) * G), row(G), hidden(H), scratch(cell.scratch());
        std::vector<Store> left((end - begin) * depth, Store(0));
        for (long t = 0; t < shape.steps; t++) {
            if (Cell::recurrent) {
                for (long b = begin; b < end; b++)
                    std::copy_n(io.hidden + (t * B + b) * H, H, left.data() + (b - begin) * depth);
                packed->multiply(left.data(), depth, end - begin, products.data(), G);
            }
            for (long b = begin; b < end; b++) {
                const long now = t * B + b, next = now + B;
                Store* gates = io.gates + now * G;
                const Real* product = products.data() + (b - begin) * G;
                convert(gates, G, row.data());
                if (Cell::recurrent) {
                    #pragma omp simd
                    for (long j = 0; j < G; j++) row[j] += product[j];
                    convert(row.data(), G, gates);
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
    const long B = shape.batch, H = cell.hidden, G = cell.gates, K = cell.state, X = cell.extra;
    using Weight = PackedWeight<Store, Real>;
    std::unique_ptr<Weight> packed;
    if (Cell::recurrent) packed.reset(new Weight(io.weight, G, H, H, 1, shape.threads));
    over_rows(shape, [&](long begin, long end) {
        const long depth = Weight::padded(G);
        std::vector<Real> row(G), d_gates(G), d_hidden(H), scratch(cell.scratch());
        std::vector<Store> left((end - begin) * depth, Store(0));
        Real* d_first = io.d_first + begin * H;
        std::fill_n(d_first, (end - begin) * H, Real(0));
        for (long t = shape.steps - 1; t >= 0; t--) {
            for (long b = begin; b < end; b++) {
                const long now = t * B + b, next = now + B;
                Store* d_gates_out = io.d_gates + now * G;
                const Store* d_out = io.d_hidden + now * H;
                const Real* d_later = d_first + (b - begin) * H;
                convert(io.gates + now * G, G, row.data());
                convert(d_out, H, d_hidden.data());
                #pragma omp simd
                for (long j = 0; j < H; j++) d_hidden[j] += d_later[j];
                cell.backward(row.data(), io.state + now * K, io.state + next * K, d_hidden.data(),
                              io.d_extra + now * X, io.d_state + b * K, d_gates.data(), scratch.data());
                convert(d_gates.data(), G, d_gates_out);
                if (Cell::recurrent) std::copy_n(d_gates_out, G, left.data() + (b - begin) * depth);
            }
            if (Cell::recurrent) packed->multiply(left.data(), depth, end - begin, d_first, H);
        }
    });
}
