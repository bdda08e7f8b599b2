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

// Near zero an odd polynomial (Cephes' tanhf), as 1 - 2 / (e^2x + 1) loses all digits there.
INLINE float hyperbolic_tangent(float x) {
    float far = 1.0f - 2.0f / (exponential(2.0f * x) + 1.0f);
    float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    float near = p * z * x + x;
    return z < 0.390625f ? near : far;
}

INLINE double hyperbolic_tangent(double x) { return std::tanh(x); }
