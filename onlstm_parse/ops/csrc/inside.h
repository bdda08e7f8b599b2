// The sums over splits of the inside algorithm of a simple PCFG, and their gradients, for the spans of one
// width. Rows are those of ops/inside/layout.py: the span of width w that starts at word t of sentence b has
// the row first[w] + t - b (w - 1).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "recurrence.h"

struct Spans {
    const long* first;   // first row of each width
    const long* words;   // first word of each sentence, one more for the end
    const long* owners;  // the sentence of each row

    long row(long sentence, long word, long width) const {
        return first[width] + word - sentence * (width - 1);
    }
};

template <class Real, class Store>
struct InsideForward {
    Spans spans;
    const Store* children;  // (rows, 2N): of each span as a left child, and as a right child
    const Real* bonus;      // (rows,) added to the score of each span, or null
    Real* scales;           // (rows,) logarithms: symbols are exp(scale) times what is kept
    Real* inner;            // (rows,) out: the scale without the bonus
    Store* found;           // (rows of this width, N) out: the symbols
};

template <class Real, class Store>
void inside_forward(long width, long rows, int threads, long symbols, const InsideForward<Real, Store>& io) {
    const Spans& spans = io.spans;
    in_threads(Shape{width, rows, threads}, [&](int thread, int count) {
        const Range range(rows, thread, count);
        std::vector<Real> sums(symbols);
        std::vector<long> left(width), right(width);
        std::vector<Real> weights(width);
        for (long r = range.begin; r < range.end; r++) {
            const long row = spans.first[width] + r, sentence = spans.owners[row];
            const long word = r + sentence * (width - 1);
            Real largest = -INFINITY;
            for (long k = 1; k < width; k++) {
                left[k] = spans.row(sentence, word, k);
                right[k] = spans.row(sentence, word + k, width - k);
                weights[k] = io.scales[left[k]] + io.scales[right[k]];
                largest = std::max(largest, weights[k]);
            }
            std::fill(sums.begin(), sums.end(), Real(0));
            for (long k = 1; k < width; k++) {
                const Real weight = largest == -INFINITY ? Real(0) : std::exp(weights[k] - largest);
                if (weight == 0) continue;
                const Store* a = io.children + left[k] * 2 * symbols;
                const Store* b = io.children + right[k] * 2 * symbols + symbols;
                Real* sum = sums.data();
                #pragma omp simd
                for (long j = 0; j < symbols; j++) sum[j] += weight * Real(a[j]) * Real(b[j]);
            }
            const Real most = *std::max_element(sums.begin(), sums.end());
            const Real scale = most > 0 ? 1 / most : Real(0);
            Store* found = io.found + r * symbols;
            for (long j = 0; j < symbols; j++) found[j] = Store(sums[j] * scale);
            io.inner[row] = most > 0 ? largest + std::log(most) : -INFINITY;
            io.scales[row] = io.inner[row] + (io.bonus ? io.bonus[row] : Real(0));
        }
    });
}

template <class Real, class Store>
struct InsideBackward {
    Spans spans;
    const Store* children;
    const Real* scales;
    const Real* inner;
    const Store* outer;  // (rows wider than 1, N): gradients of the kept symbols; those of wider spans are complete
    Store* d_children;   // (rows of this width, 2N) out
};

// sum += exp(weight) · a ∘ b
template <class Real, class Store>
inline void add_product(Real weight, const Store* a, const Store* b, long size, Real* sum) {
    const Real factor = std::exp(weight);
    if (!(factor > 0)) return;
    #pragma omp simd
    for (long j = 0; j < size; j++) sum[j] += factor * Real(a[j]) * Real(b[j]);
}

template <class Real, class Store>
void inside_backward(long width, long rows, int threads, long symbols, const InsideBackward<Real, Store>& io) {
    const Spans& spans = io.spans;
    in_threads(Shape{width, rows, threads}, [&](int thread, int count) {
        const Range range(rows, thread, count);
        std::vector<Real> sums(2 * symbols);
        for (long r = range.begin; r < range.end; r++) {
            const long row = spans.first[width] + r, sentence = spans.owners[row];
            const long word = r + sentence * (width - 1);
            const long before = word - spans.words[sentence];
            const long after = spans.words[sentence + 1] - word - width;
            const Real own = io.scales[row];
            std::fill(sums.begin(), sums.end(), Real(0));
            const auto add = [&](long start, long sibling_start, long size, long side) {
                const long parent = spans.row(sentence, start, width + size);
                const long sibling = spans.row(sentence, sibling_start, size);
                const Real weight = own + io.scales[sibling] - io.inner[parent];
                if (std::isnan(weight) || io.inner[parent] == -INFINITY) return;
                add_product(weight, io.outer + (parent - spans.first[2]) * symbols,
                            io.children + sibling * 2 * symbols + (1 - side) * symbols, symbols,
                            sums.data() + side * symbols);
            };
            for (long size = 1; size <= after; size++) add(word, word + width, size, 0);
            for (long size = 1; size <= before; size++) add(word - size, word - size, size, 1);
            convert(sums.data(), 2 * symbols, io.d_children + r * 2 * symbols);
        }
    });
}
