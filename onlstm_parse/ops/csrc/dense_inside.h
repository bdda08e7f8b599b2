// The inside algorithm of a grammar whose rules A → B C have a probability each, sentence by sentence, and its
// gradients. N nonterminals and P preterminals are rounded up to LANE_ROUND; the symbols added have
// probability 0.
//
// Words are multiplied by the rules once, not for every span at whose edge they are. The symbols of a span
// sum to R · D, where D (left symbol, right symbol) is the sum over splits, and R all rules: N³ operations a
// span, and N² a split. Each span has a scale, so that its largest symbol is 1; only scales are logarithms.
// Gradients are of the kept symbols, with scales as constants. The backward pass begins with all of the forward
// pass and gives its totals too, so that nothing is kept between calls, and one call does for both.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "recurrence.h"
#include "small_product.h"

struct DenseShape {
    long longest;           // words of the longest sentence
    long nonterminals, preterminals;
    bool separate;          // whether each sentence has rules of its own

    // The part (longest, longest + 1) of one sentence; null stays null.
    template <class Real>
    Real* of_sentence(Real* spans, long sentence) const {
        return spans ? spans + sentence * longest * (longest + 1) : nullptr;
    }
};

// (..., left child, right child, parent), but (word, span, parent) where one child is a word. With a leading
// dimension where sentences have rules of their own.
template <class Real>
struct DenseRules {
    Real* spans;      // (N, N, N)
    Real* word_span;  // (P, N, N): the left child is the word
    Real* span_word;  // (P, N, N): the right child is the word
    Real* words;      // (P, P, N)
    Real* root_span;  // (N,)
    Real* root_word;  // (P,)

    // Those of sentence or thread `at`.
    DenseRules of(long at, const DenseShape& shape) const {
        const long N = shape.nonterminals, P = shape.preterminals;
        return {spans + at * N * N * N,     word_span + at * P * N * N, span_word + at * P * N * N,
                words + at * P * P * N, root_span + at * N,         root_word + at * P};
    }
};

template <class Real>
struct DenseForward {
    DenseRules<Real> rules;
    const long* words;      // (B + 1,): the first word of each sentence, one more for the end
    const Real* emissions;  // (T, P) logarithms
    const Real* bonus;      // (B, longest, longest + 1), added to the score of each bracket, or null
    Real* totals;           // (B,) out
};

template <class Real>
struct DenseBackward {
    DenseRules<Real> rules;
    const long* words;
    const Real* emissions;
    const Real* bonus;
    const Real* d_totals;      // (B,)
    Real* totals;              // (B,) out
    Real* d_emissions;         // (T, P) out, or null
    Real* d_bonus;             // (B, longest, longest + 1) out, or null
    DenseRules<Real> d_rules;  // added to, for each sentence or each thread; or null
};

// One sentence. Spans (start, width) are kept twice, so that the left and the right children of all splits of
// a span are in rows one after another.
template <class Real>
class DenseChart {
    using Product = SmallProduct<Real>;
    static constexpr long GROUP = TILE_ROWS;  // spans that are multiplied by the rules at once

    const DenseShape& shape_;
    const long N, P;
    DenseRules<Real> rules_{};
    long n_ = 0;
    bool words_wanted_ = true;  // whether `outside` gives the gradients of words, or of their rules
    const Real* bonus_ = nullptr;
    const Real* by_parent_of_ = nullptr;  // the rules that by_parent_ holds
    std::vector<Real> words_, by_start_, by_stop_, scales_, inner_;
    std::vector<Real> left_, right_, pairs_;                     // words times rules, (n, N or P, N)
    std::vector<Real> splits_, sums_, weights_, weighted_;       // of a group of spans
    std::vector<Real> d_words_, d_by_start_, d_by_stop_, d_left_, d_right_, d_pairs_;
    std::vector<Real> d_sums_, d_splits_, turned_, by_parent_;

    Real* row(std::vector<Real>& chart, long end, long width) { return chart.data() + (end * (n_ + 1) + width) * N; }
    Real& at(std::vector<Real>& chart, long start, long width) { return chart[start * (n_ + 1) + width]; }

    static Real largest(const Real* values, long size) { return *std::max_element(values, values + size); }

    // weights_[k] = exp(scale of the left child + scale of the right child - subtracted), for a left child of k
    // words. 0 where a child is impossible.
    void weigh(long start, long width, Real subtracted) {
        for (long k = 1; k < width; k++) {
            const Real both = at(scales_, start, k) + at(scales_, start + k, width - k);
            weights_[k] = both == -INFINITY ? Real(0) : std::exp(both - subtracted);
        }
    }

    Real best_split(long start, long width) {
        Real best = -INFINITY;
        for (long k = 1; k < width; k++)
            best = std::max(best, at(scales_, start, k) + at(scales_, start + k, width - k));
        return best;
    }

    // weighted_ (splits, N) = the right children of all splits into two spans, times their weights.
    void weigh_right(long start, long width) { weigh_rows(row(by_stop_, start + width, width - 2), -N, width); }
    void weigh_left(long start, long width) { weigh_rows(row(by_start_, start, 2), N, width); }
    void weigh_rows(const Real* from, long step, long width) {
        for (long k = 2; k < width - 1; k++, from += step) scaled(from, weights_[k], weighted_.data() + (k - 2) * N);
    }

    void scaled(const Real* from, Real weight, Real* to) const {
        #pragma omp simd
        for (long j = 0; j < N; j++) to[j] = weight * from[j];
    }

    // sums (N,) += what splits with a word as one child or both give; needs weights_.
    void add_edges(long start, long width, Real* sums) {
        const long last = start + width - 1;
        if (width == 2) {
            scaled_word(start + 1, weights_[1]);
            Product::add(1, N, P, weighted_.data(), 0, 1, pairs_.data() + start * P * N, N, sums, N);
            return;
        }
        scaled(row(by_start_, start + 1, width - 1), weights_[1], weighted_.data());
        Product::add(1, N, N, weighted_.data(), 0, 1, left_.data() + start * N * N, N, sums, N);
        scaled(row(by_start_, start, width - 1), weights_[width - 1], weighted_.data());
        Product::add(1, N, N, weighted_.data(), 0, 1, right_.data() + last * N * N, N, sums, N);
    }

    void scaled_word(long word, Real weight) {
        for (long j = 0; j < P; j++) weighted_[j] = weight * words_[word * P + j];
    }

    // splits (N, N) = the sum over splits into two spans, left · rightᵀ; needs weights_.
    void add_splits(long start, long width, Real* splits) {
        std::fill_n(splits, N * N, Real(0));
        weigh_right(start, width);
        Product::add(N, N, width - 3, row(by_start_, start, 2), 1, N, weighted_.data(), N, splits, N);
    }

  public:
    explicit DenseChart(const DenseShape& shape)
        : shape_(shape), N(shape.nonterminals), P(shape.preterminals), splits_(GROUP * N * N), sums_(GROUP * N),
          weights_(shape.longest + 1), weighted_(std::max((shape.longest + 1) * N, P)), d_sums_(GROUP * N),
          d_splits_(GROUP * N * N), turned_(N * N) {}

    void take(const DenseRules<Real>& rules, const Real* emissions, const Real* bonus, long n) {
        rules_ = rules;
        bonus_ = bonus;
        n_ = n;
        words_.resize(n * P);
        for (auto chart : {&by_start_, &by_stop_}) chart->resize((n + 1) * (n + 1) * N);
        for (auto chart : {&scales_, &inner_}) chart->assign((n + 1) * (n + 1), -INFINITY);
        for (long t = 0; t < n; t++) {
            const Real* scores = emissions + t * P;
            const Real scale = at(scales_, t, 1) = largest(scores, P);
            for (long j = 0; j < P; j++) words_[t * P + j] = exponential(scores[j] - scale);
            for (long j = 0; j < P; j++)  // `exponential` has a smallest value
                if (scores[j] == -INFINITY) words_[t * P + j] = 0;
        }
        left_.assign(n * N * N, 0);
        right_.assign(n * N * N, 0);
        pairs_.assign(n * P * N, 0);
        Product::add(n, N * N, P, words_.data(), P, 1, rules.word_span, N * N, left_.data(), N * N);
        Product::add(n, N * N, P, words_.data(), P, 1, rules.span_word, N * N, right_.data(), N * N);
        Product::add(n, P * N, P, words_.data(), P, 1, rules.words, P * N, pairs_.data(), P * N);
    }

    // The logarithm of the probability.
    Real inside() {
        for (long width = 2; width <= n_; width++)
            for (long first = 0; first <= n_ - width; first += GROUP)
                inside_group(first, std::min(GROUP, n_ - width + 1 - first), width);
        return std::log(whole()) + at(scales_, 0, n_);
    }

    // d_total is the gradient of what `inside` gave. Afterwards everything of `d` has been added to.
    void outside(Real d_total, Real* d_emissions, Real* d_bonus, const DenseRules<Real>* d) {
        for (auto chart : {&d_by_start_, &d_by_stop_}) chart->assign((n_ + 1) * (n_ + 1) * N, 0);
        d_words_.assign(n_ * P, 0);
        words_wanted_ = d || d_emissions;
        if (words_wanted_) {
            d_left_.assign(n_ * N * N, 0);
            d_right_.assign(n_ * N * N, 0);
            d_pairs_.assign(n_ * P * N, 0);
        }
        turn_rules();
        begin_outside(d_total / whole(), d);
        for (long width = n_; width >= 2; width--)
            for (long first = 0; first <= n_ - width; first += GROUP)
                outside_group(first, std::min(GROUP, n_ - width + 1 - first), width, d_bonus, d);
        if (!words_wanted_) return;
        outside_words(rules_.word_span, d ? d->word_span : nullptr, d_left_, N * N);
        outside_words(rules_.span_word, d ? d->span_word : nullptr, d_right_, N * N);
        outside_words(rules_.words, d ? d->words : nullptr, d_pairs_, P * N);
        if (d_emissions)
            for (long j = 0; j < n_ * P; j++) d_emissions[j] = d_words_[j] * words_[j];
    }

  private:
    // by_parent_ (N, N · N): the rules of spans by their parent.
    void turn_rules() {
        if (by_parent_of_ == rules_.spans) return;
        by_parent_of_ = rules_.spans;
        const long size = N * N;
        by_parent_.resize(size * N);
        for (long q = 0; q < size; q++)
            for (long a = 0; a < N; a++) by_parent_[a * size + q] = rules_.spans[q * N + a];
    }

    // The probability of the whole sentence, without its scale.
    Real whole() {
        const Real* top = n_ == 1 ? words_.data() : row(by_start_, 0, n_);
        const Real* root = n_ == 1 ? rules_.root_word : rules_.root_span;
        Real sum = 0;
        for (long j = 0; j < (n_ == 1 ? P : N); j++) sum += root[j] * top[j];
        return sum;
    }

    void begin_outside(Real d_end, const DenseRules<Real>* d) {
        const bool word = n_ == 1;
        const Real* top = word ? words_.data() : row(by_start_, 0, n_);
        const Real* root = word ? rules_.root_word : rules_.root_span;
        Real* d_top = word ? d_words_.data() : row(d_by_start_, 0, n_);
        Real* d_root = d ? (word ? d->root_word : d->root_span) : nullptr;
        for (long j = 0; j < (word ? P : N); j++) {
            d_top[j] = d_end * root[j];
            if (d_root) d_root[j] += d_end * top[j];
        }
    }

    void inside_group(long first, long count, long width) {
        std::fill(sums_.begin(), sums_.end(), Real(0));
        for (long g = 0; g < count; g++) {
            const Real best = at(inner_, first + g, width) = best_split(first + g, width);
            weigh(first + g, width, best);
            add_edges(first + g, width, sums_.data() + g * N);
            if (width > 3) add_splits(first + g, width, splits_.data() + g * N * N);
        }
        if (width > 3)
            Product::add(count, N, N * N, splits_.data(), N * N, 1, rules_.spans, N, sums_.data(), N);
        for (long g = 0; g < count; g++) {
            const long start = first + g;
            const Real* sums = sums_.data() + g * N;
            const Real most = largest(sums, N);
            Real& inner = at(inner_, start, width);
            inner = most > 0 ? inner + std::log(most) : -INFINITY;
            scaled(sums, most > 0 ? 1 / most : Real(0), row(by_start_, start, width));
            std::copy_n(row(by_start_, start, width), N, row(by_stop_, start + width, width));
            at(scales_, start, width) =
                inner + (bonus_ ? bonus_[start * (shape_.longest + 1) + start + width] : Real(0));
        }
    }

    void outside_group(long first, long count, long width, Real* d_bonus, const DenseRules<Real>* d) {
        for (long g = 0; g < count; g++) {
            const long start = first + g;
            Real *sums = d_sums_.data() + g * N, share = 0;
            const Real *one = row(d_by_start_, start, width), *other = row(d_by_stop_, start + width, width);
            const Real* kept = row(by_start_, start, width);
            for (long j = 0; j < N; j++) share += kept[j] * (sums[j] = one[j] + other[j]);
            if (d_bonus) d_bonus[start * (shape_.longest + 1) + start + width] = share;
            if (at(inner_, start, width) == -INFINITY) std::fill_n(sums, N, Real(0));
            weigh(start, width, finite(at(inner_, start, width)));
            if (d && width > 3) add_splits(start, width, splits_.data() + g * N * N);
            outside_edges(start, width, sums);
        }
        if (width < 4) return;
        const long size = N * N;
        if (d)
            Product::add(size, N, count, splits_.data(), 1, size, d_sums_.data(), N, d->spans, N);
        std::fill(d_splits_.begin(), d_splits_.end(), Real(0));
        Product::add(count, size, N, d_sums_.data(), N, 1, by_parent_.data(), size, d_splits_.data(), size);
        for (long g = 0; g < count; g++) {
            weigh(first + g, width, finite(at(inner_, first + g, width)));
            outside_splits(first + g, width, d_splits_.data() + g * size);
        }
    }

    static Real finite(Real scale) { return scale == -INFINITY ? Real(0) : scale; }

    // Gradients of both children of every split into two spans.
    void outside_splits(long start, long width, const Real* d_splits) {
        const long splits = width - 3, stop = start + width;
        for (long b = 0; b < N; b++)
            for (long c = 0; c < N; c++) turned_[c * N + b] = d_splits[b * N + c];
        weigh_right(start, width);
        Product::add(splits, N, N, weighted_.data(), N, 1, turned_.data(), N, row(d_by_start_, start, 2), N);
        weigh_left(start, width);
        // rows of right children begin with the widest: the last split comes first
        for (long k = 0; k < splits / 2; k++)
            std::swap_ranges(weighted_.data() + k * N, weighted_.data() + (k + 1) * N,
                             weighted_.data() + (splits - 1 - k) * N);
        Product::add(splits, N, N, weighted_.data(), N, 1, d_splits, N, row(d_by_stop_, stop, 2), N);
    }

    void outside_edges(long start, long width, const Real* d_sums) {
        const long last = start + width - 1;
        if (width == 2) {
            if (!words_wanted_) return;
            edge(words_.data() + (start + 1) * P, P, weights_[1], pairs_.data() + start * P * N, d_sums,
                 d_words_.data() + (start + 1) * P, d_pairs_.data() + start * P * N);
            return;
        }
        edge(row(by_start_, start + 1, width - 1), N, weights_[1], left_.data() + start * N * N, d_sums,
             row(d_by_start_, start + 1, width - 1), d_left_.data() + start * N * N);
        edge(row(by_start_, start, width - 1), N, weights_[width - 1], right_.data() + last * N * N, d_sums,
             row(d_by_start_, start, width - 1), d_right_.data() + last * N * N);
    }

    // Of sums (N,) = weight · child (size,) · matrix (size, N): the gradients of child and, if wanted, matrix.
    void edge(const Real* child, long size, Real weight, const Real* matrix, const Real* d_sums, Real* d_child,
              Real* d_matrix) const {
        if (!(weight > 0)) return;
        for (long j = 0; j < size; j++, matrix += N) {
            Real sum = 0;
            #pragma omp simd reduction(+ : sum)
            for (long a = 0; a < N; a++) sum += matrix[a] * d_sums[a];
            d_child[j] += weight * sum;
        }
        if (!words_wanted_) return;
        for (long j = 0; j < size; j++, d_matrix += N) {
            const Real factor = weight * child[j];
            #pragma omp simd
            for (long a = 0; a < N; a++) d_matrix[a] += factor * d_sums[a];
        }
    }

    // Of found (n, columns) = words (n, P) · rules (P, columns): the gradients of words and rules.
    void outside_words(const Real* rules, Real* d_rules, const std::vector<Real>& d_found, long columns) {
        Product::add_turned(n_, P, columns, d_found.data(), columns, rules, columns, d_words_.data(), P);
        if (d_rules)
            Product::add(P, columns, n_, words_.data(), 1, P, d_found.data(), columns, d_rules, columns);
    }
};

// Calls each(chart, sentence, total, thread) after the forward pass of each sentence, whose logarithm is `total`.
// Threads take every so many-th sentence: sums are the same in every run with as many threads.
template <class Real, class Io, class Each>
void each_sentence(const Shape& batch, const DenseShape& shape, const Io& io, Each each) {
    in_threads(batch, [&](int thread, int threads) {
        DenseChart<Real> chart(shape);
        for (long b = thread; b < batch.batch; b += threads) {
            chart.take(io.rules.of(shape.separate ? b : 0, shape), io.emissions + io.words[b] * shape.preterminals,
                       shape.of_sentence(io.bonus, b), io.words[b + 1] - io.words[b]);
            each(chart, b, chart.inside(), thread);
        }
    });
}

template <class Real>
void dense_inside_forward(const Shape& batch, const DenseShape& shape, const DenseForward<Real>& io) {
    each_sentence<Real>(batch, shape, io, [&](auto&, long b, Real total, int) { io.totals[b] = total; });
}

template <class Real>
void dense_inside_backward(const Shape& batch, const DenseShape& shape, const DenseBackward<Real>& io) {
    each_sentence<Real>(batch, shape, io, [&](DenseChart<Real>& chart, long b, Real total, int thread) {
        io.totals[b] = total;
        const bool wanted = io.d_rules.spans != nullptr;
        const DenseRules<Real> d = wanted ? io.d_rules.of(shape.separate ? b : thread, shape) : io.d_rules;
        Real* d_emissions = io.d_emissions ? io.d_emissions + io.words[b] * shape.preterminals : nullptr;
        chart.outside(io.d_totals[b], d_emissions, shape.of_sentence(io.d_bonus, b), wanted ? &d : nullptr);
    });
}
