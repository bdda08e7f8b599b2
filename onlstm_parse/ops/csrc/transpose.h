// to (columns, rows) = from (rows, columns)ᵀ, a tile at a time: a square whose rows are a vector each.
#pragma once

#include <type_traits>
#include <utility>

#include "recurrence.h"

template <class Number>
struct Transpose {
    const Number* from;
    Number* to;
};

#if !defined(__has_builtin)
#define __has_builtin(name) 0
#endif

// A tile of height × width, at corners of arrays whose rows have these lengths.
template <class Number>
INLINE void transpose_tile(const Number* from, long from_row, Number* to, long to_row, long height, long width) {
    for (long r = 0; r < height; r++)
        for (long c = 0; c < width; c++) to[c * to_row + r] = from[r * from_row + c];
}

template <class Number>
struct Tile {
    static constexpr int SIDE = VECTOR_BYTES / sizeof(Number);

#if __has_builtin(__builtin_shufflevector)
    typedef std::conditional_t<sizeof(Number) == 2, uint16_t, Number> Lane;
    typedef Lane Vector __attribute__((vector_size(VECTOR_BYTES)));

    // The lanes of one half of a and of b, in turn.
    template <int HALF, int... Lanes>
    static INLINE Vector mixed(Vector a, Vector b, std::integer_sequence<int, Lanes...>) {
        return __builtin_shufflevector(a, b, (HALF * SIDE / 2 + Lanes / 2 + Lanes % 2 * SIDE)...);
    }

    // Rows mixed with those half a tile below them, as often as halving a tile gives single rows.
    static void transpose(const Number* from, long from_row, Number* to, long to_row) {
        const auto lanes = std::make_integer_sequence<int, SIDE>();
        Vector rows[SIDE], next[SIDE];
        #pragma GCC unroll 32
        for (int r = 0; r < SIDE; r++) std::memcpy(&rows[r], from + r * from_row, VECTOR_BYTES);
        #pragma GCC unroll 5
        for (int round = 1; round < SIDE; round *= 2) {
            #pragma GCC unroll 16
            for (int r = 0; r < SIDE / 2; r++) {
                next[2 * r] = mixed<0>(rows[r], rows[r + SIDE / 2], lanes);
                next[2 * r + 1] = mixed<1>(rows[r], rows[r + SIDE / 2], lanes);
            }
            #pragma GCC unroll 32
            for (int r = 0; r < SIDE; r++) rows[r] = next[r];
        }
        #pragma GCC unroll 32
        for (int c = 0; c < SIDE; c++) std::memcpy(to + c * to_row, &rows[c], VECTOR_BYTES);
    }
#else
    static void transpose(const Number* from, long from_row, Number* to, long to_row) {
        transpose_tile(from, from_row, to, to_row, SIDE, SIDE);
    }
#endif
};

template <class Number>
void transpose(const Shape& shape, long columns, const Transpose<Number>& io) {
    constexpr long SIDE = Tile<Number>::SIDE, BAND = 16 * SIDE;  // whose rows stay in the second-level cache
    const long rows = shape.batch;
    #pragma omp parallel for num_threads(shape.threads) schedule(static)
    for (long top = 0; top < rows; top += BAND)
        for (long c = 0; c < columns; c += SIDE)
            for (long r = top; r < std::min(rows, top + BAND); r += SIDE) {
                const long height = std::min(SIDE, rows - r), width = std::min(SIDE, columns - c);
                const Number* from = io.from + r * columns + c;
                Number* to = io.to + c * rows + r;
                if (height == SIDE && width == SIDE) Tile<Number>::transpose(from, columns, to, rows);
                else transpose_tile(from, columns, to, rows, height, width);
            }
}
