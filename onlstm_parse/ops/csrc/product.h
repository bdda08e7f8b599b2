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
        for (long p = first; p < last; p++) {
            const Operand* panel = panels_.get() + p * depth_ * WIDTH;
            long width = std::min<long>(WIDTH, columns_ - p * WIDTH);
            for (long r = 0; r < rows; r += TILE_ROWS)
                dispatch<TILE_ROWS>(std::min<long>(TILE_ROWS, rows - r), a + r * a_row, a_row, panel,
                                    out + r * out_row + p * WIDTH, out_row, width);
        }
    }

  private:
    template <int ROWS>
    void dispatch(long rows, const Operand* a, long a_row, const Operand* panel, Sum* out, long out_row,
                  long width) const {
        if constexpr (ROWS > 1)
            if (rows < ROWS) return dispatch<ROWS - 1>(rows, a, a_row, panel, out, out_row, width);
        tile<ROWS>(a, a_row, panel, out, out_row, width);
    }

    template <int ROWS>
    void tile(const Operand* a, long a_row, const Operand* panel, Sum* out, long out_row, long width) const {
        typename V::Vector sums[ROWS][2] = {};
        for (long k = 0; k < depth_; k += V::PER_LANE) {
            const Operand* right = panel + k * WIDTH;
            #pragma GCC unroll 12
            for (int r = 0; r < ROWS; r++) {
                const Operand* left = a + r * a_row + k;
                sums[r][0] = V::multiply_add(left, right, sums[r][0]);
                sums[r][1] = V::multiply_add(left, right + V::LANES * V::PER_LANE, sums[r][1]);
            }
        }
        #pragma GCC unroll 12
        for (int r = 0; r < ROWS; r++) {
            const typename V::Vector row[2] = {sums[r][0], sums[r][1]};  // keeps `sums` in registers
            std::memcpy(out + r * out_row, row, width * sizeof(Sum));
        }
    }
};
