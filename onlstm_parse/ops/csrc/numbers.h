// Number types and elementwise functions, written so that compilers turn loops over them into
// vector instructions: no branches, no calls.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

// The upper half of a float. Rounds to nearest, ties to even, as torch does; NaN stays NaN.
struct bf16 {
    uint16_t bits;

    bf16() = default;
    bf16(float value) {
        uint32_t u;
        std::memcpy(&u, &value, 4);
        uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
        bits = value != value ? uint16_t(0x7fc0) : uint16_t(rounded);
    }
    operator float() const {
        uint32_t u = uint32_t(bits) << 16;
        float value;
        std::memcpy(&value, &u, 4);
        return value;
    }
};

// Convert numbers of one type to another.
template <class From, class To>
inline void convert(const From* from, long size, To* to) {
    #pragma omp simd
    for (long j = 0; j < size; j++) to[j] = To(from[j]);
}

#if defined(__AVX512BF16__)
template <>
inline void convert(const float* from, long size, bf16* to) {
    for (long j = 0; j < size; j += 16) {
        __mmask16 lanes = size - j < 16 ? (1u << (size - j)) - 1 : 0xffffu;
        __m256bh rounded = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(lanes, from + j));
        _mm256_mask_storeu_epi16(to + j, lanes, (__m256i)rounded);
    }
}

template <>
inline void convert(const bf16* from, long size, float* to) {
    for (long j = 0; j < size; j += 16) {
        __mmask16 lanes = size - j < 16 ? (1u << (size - j)) - 1 : 0xffffu;
        __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, from + j));
        _mm512_mask_storeu_ps(to + j, lanes, (__m512)_mm512_slli_epi32(wide, 16));
    }
}
#endif

// Always inline: GCC leaves calls in long loops, and a loop with a call is not vectorised.
#define INLINE inline __attribute__((always_inline))

// e^x to 1e-7; the polynomial and the split of ln 2 are those of Cephes' expf (Moshier).
INLINE float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float whole = __builtin_rintf(x * 1.44269504f);
    float r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    int32_t exponent = (int32_t(whole) + 127) << 23;
    float power;
    std::memcpy(&power, &exponent, 4);
    return y * power;
}

INLINE double exponential(double x) { return std::exp(x); }

template <class Real>
INLINE Real sigmoid(Real x) { return Real(1) / (Real(1) + exponential(-x)); }

// To 3e-7: a quotient of polynomials, whose coefficients are those of Eigen's tanh. It is 1 beyond the bounds.
INLINE float hyperbolic_tangent(float x) {
    x = x < -7.99881172f ? -7.99881172f : x;
    x = x > 7.99881172f ? 7.99881172f : x;
    float z = x * x;
    float p = -2.76076847742355e-16f;
    p = p * z + 2.00018790482477e-13f;
    p = p * z - 8.60467152213735e-11f;
    p = p * z + 5.12229709037114e-8f;
    p = p * z + 1.48572235717979e-5f;
    p = p * z + 6.37261928875436e-4f;
    p = p * z + 4.89352455891786e-3f;
    float q = 1.19825839466702e-6f;
    q = q * z + 1.18534705686654e-4f;
    q = q * z + 2.26843463243900e-3f;
    q = q * z + 4.89352518554385e-3f;
    return x * p / q;
}

INLINE double hyperbolic_tangent(double x) { return std::tanh(x); }
