/* The numeric definitions, one element at a time: what the portable kernels and the tails of the others compute. */
#ifndef TERSOR_SCALAR_H
#define TERSOR_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "compiler.h"

/* NaN becomes lo. */
ALWAYS_INLINE float scalar_clamp(float value, float lo, float hi) {
    value = value > lo ? value : lo;
    return value < hi ? value : hi;
}

/*
 * 1.5 * 2^23. Adding it leaves no bits for a fraction, so the addition itself rounds |value| < 2^22 half to even, and
 * the integer stands in the low bits of the sum.
 */
static const float SCALAR_MAGIC = 12582912.0f;

/* Round half to even for |value| < 2^22, plus zero_point. */
ALWAYS_INLINE int32_t scalar_round(float value, int32_t zero_point) {
    const float sum = value + SCALAR_MAGIC;
    int32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits - 0x4b400000 + zero_point;
}

/* bfloat16, rounded half to even; NaN stays a quiet NaN. */
ALWAYS_INLINE uint16_t scalar_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    const uint32_t quiet = bits >> 16 | 0x40;
    return (uint16_t) ((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}

ALWAYS_INLINE float scalar_from_bf16(uint16_t value) {
    const uint32_t bits = (uint32_t) value << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/*
 * The functions of the epilogue: sequences of single-precision operations, fused only where fmaf says so, which the
 * Java backends repeat step by step. exp(r) on |r| <= ln(2) / 2 is the minimax polynomial of Moshier's Cephes (expf), as
 * are the two parts of ln(2).
 */

/* exp(-t) is a normal number up to here; products with arguments below its negative are 0 for every purpose. */
static const float SCALAR_FAR = 87.0f;

ALWAYS_INLINE float scalar_magnitude(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0x7fffffff;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

/* The bits of the largest magnitude, which order as the numbers do, with infinity and NaN on top; 0 of nothing. */
ALWAYS_INLINE uint32_t scalar_largest_magnitude(const float *x, int64_t count) {
    uint32_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0x7fffffff;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

/* exp(-t) for t >= 0; what is above 87 counts as 87, and so does NaN. */
ALWAYS_INLINE float scalar_exp_of_negative(float t) {
    const float x = -(t < SCALAR_FAR ? t : SCALAR_FAR);
    const float n = x * 1.44269504f + SCALAR_MAGIC - SCALAR_MAGIC;
    const float r = x - n * 0.693359375f - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const uint32_t bits = (uint32_t) ((int32_t) n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static const float SCALAR_LOG2_E = 1.44269504f;

/*
 * 2^x for x <= 0; 0 below -100, and of NaN. The polynomial is the one of least relative error, 3e-6, on [-1/2, 1/2] with
 * 1 at 0. Adding 1.5 * 2^23 leaves the nearest integer in the sum's low bits, from where it goes to the exponent.
 */
ALWAYS_INLINE float scalar_exp2_of_negative(float x) {
    const float sum = x + 12582912.0f;
    const float f = x - (sum - 12582912.0f);
    float p = 0x1.3a02ccp-7f;
    p = p * f + 0x1.c9fc46p-5f;
    p = p * f + 0x1.ec0378p-3f;
    p = p * f + 0x1.62e12cp-1f;
    p = p * f + 1.0f;
    uint32_t bits, exponent;
    memcpy(&bits, &p, sizeof bits);
    memcpy(&exponent, &sum, sizeof exponent);
    bits += exponent << 23;
    memcpy(&p, &bits, sizeof p);
    return x >= -100.0f ? p : 0.0f;
}

/* x, kept from meeting a factor of 0 when it is -infinity; NaN stays. */
ALWAYS_INLINE float scalar_bounded(float x) {
    return -SCALAR_FAR > x ? -SCALAR_FAR : x;
}

/* x / (1 + exp(-z)), where z has the sign of x. */
ALWAYS_INLINE float scalar_logistic_times(float x, float z) {
    const float e = scalar_exp_of_negative(scalar_magnitude(z));
    const float below = scalar_bounded(x) * e;
    return (x < 0.0f ? below : x) / (1.0f + e);
}

ALWAYS_INLINE float scalar_silu(float x) {
    return scalar_logistic_times(x, x);
}

ALWAYS_INLINE float scalar_gelu_tanh(float x) {
    return scalar_logistic_times(x, x * (1.5957691f + 0.071354814f * (x * x)));
}

/*
 * GELU is max(x, 0) - a * 2^p(a) with a = |x|: 2^p is P(X > a) of a standard normal X, so that negative results have a
 * relative error too. p, highest power first, came of Remez' exchange on [0, 5.5] with p(0) = -1 and the error of
 * a * 2^p bounded both ways: 1.9e-8, and 1.4e-3 of itself. Farther out p falls faster than it should, below what 1e-8
 * can tell; a stops where 2^p is about to be subnormal. In all |error| <= 9e-8 * max(1, |x|), and below 1e-3 of the
 * result from -5 on.
 */
static const float SCALAR_GELU_FAR = 10.75f;
static const float SCALAR_GELU_LOG2_TAIL[] = {-1.4141351e-6f, 2.2523005e-5f, -1.0696067e-4f,
                                              -3.258115e-4f,  7.3059136e-3f, -5.265959e-2f,
                                              -4.591569e-1f,  -1.1511105f,   -1.0f};

/* 2^f on |f| <= 1/2, highest power first: minimax of the relative error, 1.1e-7, with 1 at 0. */
static const float SCALAR_EXP2[] = {1.3264673e-3f, 9.671515e-3f, 5.550734e-2f, 2.4022242e-1f, 6.93147e-1f, 1.0f};

ALWAYS_INLINE float scalar_gelu(float x) {
    const float magnitude = scalar_magnitude(x);
    const float a = magnitude < SCALAR_GELU_FAR ? magnitude : SCALAR_GELU_FAR;
    float p = SCALAR_GELU_LOG2_TAIL[0];
    UNROLL(8)
    for (int i = 1; i < 9; i++) {
        p = fmaf(p, a, SCALAR_GELU_LOG2_TAIL[i]);
    }
    const float rounded = p + SCALAR_MAGIC;
    const float f = p - (rounded - SCALAR_MAGIC);
    float tail = SCALAR_EXP2[0];
    UNROLL(5)
    for (int i = 1; i < 6; i++) {
        tail = fmaf(tail, f, SCALAR_EXP2[i]);
    }
    /* The integer stands in the low bits of the sum, and goes into the exponent. */
    uint32_t bits, exponent;
    memcpy(&bits, &tail, sizeof bits);
    memcpy(&exponent, &rounded, sizeof exponent);
    bits += exponent << 23;
    memcpy(&tail, &bits, sizeof tail);
    return fmaf(-a, tail, 0.0f > x ? 0.0f : x);
}

/*
 * GELU to 1.7e-4: x' * (1 / 2 + c * q(c^2)), where x' = max(x, -b) and c = min(x', b); highest power first. q came of a
 * linear program: the least error of the whole with q(b^2) = 1 / (2 b), and of all b that with the least error.
 */
static const float SCALAR_GELU_COARSE_BOUND = 3.940625f;
enum { SCALAR_GELU_COARSE_POWERS = 7 };
static const float SCALAR_GELU_COARSE[SCALAR_GELU_COARSE_POWERS] = {
    2.4725448e-8f, -1.6951443e-6f, 4.9814007e-5f, -8.314316e-4f, 8.853834e-3f, -6.4745314e-2f, 3.980019e-1f};

ALWAYS_INLINE float scalar_gelu_coarse(float x) {
    const float above = -SCALAR_GELU_COARSE_BOUND > x ? -SCALAR_GELU_COARSE_BOUND : x;
    const float c = SCALAR_GELU_COARSE_BOUND < above ? SCALAR_GELU_COARSE_BOUND : above;
    const float s = c * c;
    float q = SCALAR_GELU_COARSE[0];
    UNROLL(6)
    for (int i = 1; i < SCALAR_GELU_COARSE_POWERS; i++) {
        q = fmaf(q, s, SCALAR_GELU_COARSE[i]);
    }
    return above * fmaf(c, q, 0.5f);
}

ALWAYS_INLINE float scalar_hard_swish(float x) {
    return scalar_bounded(x) * scalar_clamp(x * 0.16666667f + 0.5f, 0.0f, 1.0f);
}

#endif
