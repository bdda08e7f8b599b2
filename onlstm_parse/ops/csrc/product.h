// out (rows, columns) = a (rows, depth) · weight, for few rows and a weight that is used at every
// time step. The weight is packed once into panels, which are two vectors of columns wide. A tile of
// rows × panel is summed in registers.
#pragma once

#include <algorithm>
#include <memory>
#include <type_traits>

#include "numbers.h"

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, TILE_ROWS = 12;
#elif defined(__AVX__)
constexpr int VECTOR_BYTES = 32, TILE_ROWS = 6;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, TILE_ROWS = 12;
#else
constexpr int VECTOR_BYTES = 16, TILE_ROWS = 6;
#endif

// Operand: the type of both factors; Sum: the type they are summed in.
template <class Operand, class Sum>
struct Vectors {
    static constexpr int LANES = VECTOR_BYTES / sizeof(Sum);
    static constexpr int PER_LANE = sizeof(Sum) / sizeof(Operand);  // bf16 is multiplied in pairs
    typedef Sum Vector __attribute__((vector_size(VECTOR_BYTES)));
    typedef Sum Unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(Sum))));

    static inline Vector multiply_add(const Operand* a, const Operand* panel, Vector sum) {
        if constexpr (PER_LANE == 1) {
            return sum + *a * *reinterpret_cast<const Unaligned*>(panel);
        } else {
#if defined(__AVX512BF16__)
            int pair;
            std::memcpy(&pair, a, 4);
            return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(pair), (__m512bh)_mm512_loadu_si512(panel));
#endif
        }
    }
};

template <class Operand, class Sum>
class PackedWeight {
    using V = Vectors<Operand, Sum>;
    static constexpr int WIDTH = 2 * V::LANES;

    long depth_, columns_;  // depth_: rounded up to whole lanes
    std::unique_ptr<Operand[]> panels_;

  public:
    long panels() const { return (columns_ + WIDTH - 1) / WIDTH; }
    long bytes() const { return panels() * depth_ * WIDTH * long(sizeof(Operand)); }

    // Packs the factor w with w(k, j) at source[k * row + j * column].
    PackedWeight(const Operand* source, long depth, long columns, long row, long column, int threads)
        : depth_(padded(depth)), columns_(columns), panels_(new Operand[panels() * depth_ * WIDTH]) {
        #pragma omp parallel for num_threads(threads) schedule(static)
        for (long p = 0; p < panels(); p++) {
            Operand* to = panels_.get() + p * depth_ * WIDTH;
            for (long k = 0; k < depth_; k += V::PER_LANE)
                for (long j = p * WIDTH; j < (p + 1) * WIDTH; j++)
                    for (long q = k; q < k + V::PER_LANE; q++)
                        *to++ = q < depth && j < columns ? source[q * row + j * column] : Operand(0);
        }
    }

    // The length that a row of `a` must have; values after the real depth must be finite.
    static long padded(long depth) { return (depth + V::PER_LANE - 1) / V::PER_LANE * V::PER_LANE; }

    // The columns of panels first ... last - 1 of the product.
    void multiply(const Operand* a, long a_row, long rows, Sum* out, long out_row, long first, long last) const {
        if (rows == 1) first = few_rows<1, 4>(a, a_row, out, out_row, first, last);
        if (rows == 2) first = few_rows<2, 2>(a, a_row, out, out_row, first, last);
        if (rows == 3) first = few_rows<3, 2>(a, a_row, out, out_row, first, last);
        const long tiles = (rows + TILE_ROWS - 1) / TILE_ROWS, height = tiles ? (rows + tiles - 1) / tiles : 0;
        for (long p = first; p < last; p++)
            for (long r = 0; r < rows; r += height)
                dispatch<TILE_ROWS>(std::min(height, rows - r), a + r * a_row, a_row, p, out + r * out_row, out_row);
    }

  private:
    // All rows with whole groups of panels: sums that wait for each other are slow, so there must be many. Returns
    // the first panel that is left.
    template <int ROWS, int PANELS>
    long few_rows(const Operand* a, long a_row, Sum* out, long out_row, long first, long last) const {
        for (; first + PANELS <= last; first += PANELS) tile<ROWS, PANELS>(a, a_row, first, out, out_row);
        return first;
    }

    template <int ROWS>
    void dispatch(long rows, const Operand* a, long a_row, long p, Sum* out, long out_row) const {
        if constexpr (ROWS > 1)
            if (rows < ROWS) return dispatch<ROWS - 1>(rows, a, a_row, p, out, out_row);
        tile<ROWS, 1>(a, a_row, p, out, out_row);
    }

    template <int ROWS, int PANELS>
    void tile(const Operand* a, long a_row, long first, Sum* out, long out_row) const {
        const Operand* panel = panels_.get() + first * depth_ * WIDTH;
        typename V::Vector sums[ROWS][2 * PANELS] = {};
        for (long k = 0; k < depth_; k += V::PER_LANE) {
            #pragma GCC unroll 12
            for (int r = 0; r < ROWS; r++) {
                const Operand* left = a + r * a_row + k;
                #pragma GCC unroll 8
                for (int v = 0; v < 2 * PANELS; v++) {
                    const Operand* right = panel + (v / 2 * depth_ + k) * WIDTH + v % 2 * (WIDTH / 2) * V::PER_LANE;
                    sums[r][v] = V::multiply_add(left, right, sums[r][v]);
                }
            }
        }
        #pragma GCC unroll 12
        for (int r = 0; r < ROWS; r++)
            #pragma GCC unroll 4
            for (int p = 0; p < PANELS; p++) {
                const typename V::Vector row[2] = {sums[r][2 * p], sums[r][2 * p + 1]};  // keeps `sums` in registers
                const long column = (first + p) * WIDTH, width = std::min<long>(WIDTH, columns_ - column);
                std::memcpy(out + r * out_row + column, row, width * sizeof(Sum));
            }
    }
};
