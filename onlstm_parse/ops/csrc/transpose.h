// to (columns, rows) = from (rows, columns)ᵀ, a tile of one cache line a side at a time.
#pragma once

#include "recurrence.h"

template <class Number>
struct Transpose {
    const Number* from;
    Number* to;
};

template <class Number>
void transpose(const Shape& shape, long columns, const Transpose<Number>& io) {
    constexpr long SIDE = 64 / sizeof(Number);
    const long rows = shape.batch;
    #pragma omp parallel for num_threads(shape.threads) schedule(static)
    for (long r0 = 0; r0 < rows; r0 += SIDE)
        for (long c0 = 0; c0 < columns; c0 += SIDE) {
            const long height = std::min(SIDE, rows - r0), width = std::min(SIDE, columns - c0);
            const Number* from = io.from + r0 * columns + c0;
            Number* to = io.to + c0 * rows + r0;
            if (height == SIDE && width == SIDE) {  // constant bounds: unrolled, through registers
                Number tile[SIDE][SIDE];
                for (long r = 0; r < SIDE; r++)
                    for (long c = 0; c < SIDE; c++) tile[c][r] = from[r * columns + c];
                for (long c = 0; c < SIDE; c++)
                    for (long r = 0; r < SIDE; r++) to[c * rows + r] = tile[c][r];
            } else {
                for (long r = 0; r < height; r++)
                    for (long c = 0; c < width; c++) to[c * rows + r] = from[r * columns + c];
            }
        }
}
