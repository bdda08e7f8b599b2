// c (m, n) += a (m, k) · b (k, n), for matrices that stay in the cache. A tile of rows × two vectors of
// columns is summed in registers. n is a multiple of LANE_ROUND.
#pragma once

#include "product.h"

constexpr long LANE_ROUND = 16;

template <class Real>
class SmallProduct {
    using V = Vectors<Real, Real>;
    using Vector = typename V::Vector;
    using Unaligned = typename V::Unaligned;
    static constexpr int ROWS = 6;  // times two vectors: 12 sums, beside which 16 registers leave room for factors

    template <int R, int W>
    static INLINE void tile(long k, const Real* a, long a_row, long a_column, const Real* b, long b_row, Real* c,
                            long c_row) {
        Vector sums[R][W];
        for (int r = 0; r < R; r++)
            for (int w = 0; w < W; w++) sums[r][w] = *reinterpret_cast<Unaligned*>(c + r * c_row + w * V::LANES);
        for (long q = 0; q < k; q++) {
            Vector columns[W];
            for (int w = 0; w < W; w++)
                columns[w] = *reinterpret_cast<const Unaligned*>(b + q * b_row + w * V::LANES);
            for (int r = 0; r < R; r++)
                for (int w = 0; w < W; w++) sums[r][w] += a[r * a_row + q * a_column] * columns[w];
        }
        for (int r = 0; r < R; r++)
            for (int w = 0; w < W; w++) *reinterpret_cast<Unaligned*>(c + r * c_row + w * V::LANES) = sums[r][w];
    }

    template <int R, int W>
    static INLINE void rows(long m, long k, const Real* a, long a_row, long a_column, const Real* b, long b_row, Real* c,
                     long c_row) {
        if constexpr (R > 1)
            if (m < R) return rows<R - 1, W>(m, k, a, a_row, a_column, b, b_row, c, c_row);
        for (; m >= R; m -= R, a += R * a_row, c += R * c_row)
            tile<R, W>(k, a, a_row, a_column, b, b_row, c, c_row);
        if constexpr (R > 1)
            if (m > 0) rows<R - 1, W>(m, k, a, a_row, a_column, b, b_row, c, c_row);
    }

    template <int R, int C>
    static INLINE void turned_tile(long k, const Real* a, long a_row, const Real* b, long b_row, Real* c, long c_row) {
        Vector sums[R][C] = {};
        for (long q = 0; q < k; q += V::LANES) {
            Vector left[R];
            for (int r = 0; r < R; r++) left[r] = *reinterpret_cast<const Unaligned*>(a + r * a_row + q);
            for (int j = 0; j < C; j++) {
                const Vector right = *reinterpret_cast<const Unaligned*>(b + j * b_row + q);
                for (int r = 0; r < R; r++) sums[r][j] += left[r] * right;
            }
        }
        for (int r = 0; r < R; r++)
            for (int j = 0; j < C; j++)
                for (int lane = 0; lane < V::LANES; lane++) c[r * c_row + j] += sums[r][j][lane];
    }

    template <int R>
    static INLINE void turned_rows(long m, long n, long k, const Real* a, long a_row, const Real* b, long b_row, Real* c,
                            long c_row) {
        constexpr int C = 4;
        for (; m >= R; m -= R, a += R * a_row, c += R * c_row)
            for (long j = 0; j < n; j += C) turned_tile<R, C>(k, a, a_row, b + j * b_row, b_row, c + j, c_row);
        if constexpr (R > 1)
            if (m > 0) turned_rows<R - 1>(m, n, k, a, a_row, b, b_row, c, c_row);
    }

  public:
    // a(i, q) is at a[i * a_row + q * a_column]; rows of b and c are contiguous.
    static void add(long m, long n, long k, const Real* a, long a_row, long a_column, const Real* b, long b_row,
                    Real* c, long c_row) {
        long j = 0;
        for (; j + 2 * V::LANES <= n; j += 2 * V::LANES)
            rows<ROWS, 2>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row);
        for (; j < n; j += V::LANES) rows<ROWS, 1>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row);
    }

    // c (m, n) += a (m, k) · b (n, k)ᵀ, for a k that is a multiple of LANE_ROUND and many times as large.
    static void add_turned(long m, long n, long k, const Real* a, long a_row, const Real* b, long b_row, Real* c,
                           long c_row) {
        turned_rows<ROWS / 2>(m, n, k, a, a_row, b, b_row, c, c_row);
    }
};
