/* Exponentials of f32 to about a unit in the last place, in steps that a compiler turns into vectors. */
#ifndef TERSOR_EXPONENTIAL_H
#define TERSOR_EXPONENTIAL_H

#include "scalar.h"

/* a * b + c, fused where the processor does that: elsewhere it would be a call. */
ALWAYS_INLINE float real_fma(float a, float b, float c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

ALWAYS_INLINE float real_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

ALWAYS_INLINE uint32_t real_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* x = n * ln(2) + r with |r| <= ln(2) / 2, for |x| < 2^21; n stands in the low bits of `sum`. */
typedef struct real_exponent {
    float sum, n, r;
} real_exponent;

ALWAYS_INLINE real_exponent real_split(float x) {
    const float sum = real_fma(x, 1.44269504f, SCALAR_MAGIC);
    const float n = sum - SCALAR_MAGIC;
    /* ln(2) in two parts, the first with few enough bits that n times it is exact. */
    const float r = real_fma(n, -0x1.7f7d1cp-20f, real_fma(n, -0x1.62e4p-1f, x));
    return (real_exponent){sum, n, r};
}

/* (e^r - 1) / r = 1 + r * q(r); q came of the least relative error of e^r with that form, 4e-9. */
ALWAYS_INLINE float real_expm1_ratio(float r) {
    float p = 0x1.6a23dp-10f;
    p = real_fma(p, r, 0x1.123a2p-7f);
    p = real_fma(p, r, 0x1.5558f2p-5f);
    p = real_fma(p, r, 0x1.555492p-3f);
    p = real_fma(p, r, 0x1.fffffcp-2f);
    return real_fma(p, r, 1.0f);
}

/* 2^n for -126 <= n <= 127, from the sum that holds n; any number for NaN. */
ALWAYS_INLINE float real_power(float sum) {
    return real_from_bits((real_bits(sum) + 127) << 23);
}

/* e^x, subnormal numbers and infinity included. */
ALWAYS_INLINE float real_exp(float x) {
    float bounded = x < -104.0f ? -104.0f : x;
    bounded = bounded > 89.0f ? 89.0f : bounded;
    const real_exponent e = real_split(bounded);
    /* In two factors: n may be beyond the exponents of normal numbers. */
    const int32_t n = (int32_t) (real_bits(e.sum) - real_bits(SCALAR_MAGIC));
    const int32_t half = n >> 1;
    const float first = real_from_bits((uint32_t) (half + 127) << 23);
    const float second = real_from_bits((uint32_t) (n - half + 127) << 23);
    return real_fma(real_expm1_ratio(e.r), e.r, 1.0f) * first * second;
}

/* e^(x - m) for x <= m, as if the difference were exact; 0 below the normal numbers. */
ALWAYS_INLINE float real_exp_of_difference(float x, float m) {
    const float difference = x - m;
    /* What rounding took from the difference (Knuth's exact sum), which the exponential would magnify. */
    const float taken = difference - x;
    const float error = (x - (difference - taken)) - (taken + m);
    const real_exponent e = real_split(difference);
    const float r = e.r + error;
    const float y = real_fma(real_expm1_ratio(r), r, 1.0f) * real_power(e.sum);
    return difference < -87.3365f ? 0.0f : y;
}

#endif
