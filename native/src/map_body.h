/*
 * Functions of every element in plain C, compiled once for each instruction set; the compiler vectorizes the loops.
 * Their formulas stand in tersor.h. An including file may define MAP_EXPONENTIALS as better functions of e^x, the
 * sigmoid and the hyperbolic tangent, in this order, which is that of their numbers.
 */
#ifndef TERSOR_MAP_BODY_H
#define TERSOR_MAP_BODY_H

#include "exponential.h"
#include "real.h"

#define MAP(name, expression)                                                                                          \
    static void map_##name(const float *from, int64_t count, float alpha, float beta, float *to) {                     \
        (void) alpha;                                                                                                  \
        (void) beta;                                                                                                   \
        INDEPENDENT                                                                                                    \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            const float x = from[i];                                                                                   \
            to[i] = (expression);                                                                                      \
        }                                                                                                              \
    }

/* 1 / (1 + e^-x) by e^-|x|, which does not overflow. */
ALWAYS_INLINE float real_sigmoid(float x) {
    const float e = real_exp(-scalar_magnitude(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* -t / (t + 2) with t = e^(-2 |x|) - 1, and the sign of x. */
ALWAYS_INLINE float real_tanh(float x) {
    const float magnitude = scalar_magnitude(x);
    const real_exponent e = real_split(-2.0f * (magnitude > 10.0f ? 10.0f : magnitude));
    const float power = real_power(e.sum);
    const float t = real_fma(power, real_expm1_ratio(e.r) * e.r, power - 1.0f);
    return real_from_bits((real_bits(-t / (t + 2.0f)) & 0x7fffffff) | (real_bits(x) & 0x80000000));
}

/*
 * x + x * p(x^2) up to 15 / 16, beyond it 1 - e^q(|x|) with q the logarithm of the complement, 1 from 4 on; both came
 * of Chebyshev's interpolation, with errors below 6e-10 and 2e-8.
 */
ALWAYS_INLINE float real_erf(float x) {
    const float magnitude = scalar_magnitude(x);
    const float t = magnitude > 4.0f ? 4.0f : magnitude;
    float q = 1.6432831e-6f;
    q = real_fma(q, t, -4.617511e-5f);
    q = real_fma(q, t, 5.9774803e-4f);
    q = real_fma(q, t, -4.763751e-3f);
    q = real_fma(q, t, 2.6432024e-2f);
    q = real_fma(q, t, -0.11009729f);
    q = real_fma(q, t, -0.6318103f);
    q = real_fma(q, t, -1.1302409f);
    q = real_fma(q, t, 3.2148696e-4f);
    const real_exponent e = real_split(q);
    const float far = 1.0f - real_fma(real_expm1_ratio(e.r), e.r, 1.0f) * real_power(e.sum);
    const float s = x * x;
    float p = 8.285826e-5f;
    p = real_fma(p, s, -8.122961e-4f);
    p = real_fma(p, s, 5.1993183e-3f);
    p = real_fma(p, s, -2.6858723e-2f);
    p = real_fma(p, s, 0.11283684f);
    p = real_fma(p, s, -0.37612632f);
    p = real_fma(p, s, 0.1283792f);
    const float near = real_fma(p, x, x);
    return magnitude > 0.9375f ? (x < 0.0f ? -far : far) : near;
}

/* Rounded once; without fused operations in binary64, where the product is exact. */
ALWAYS_INLINE float real_affine(float alpha, float x, float beta) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return fmaf(alpha, x, beta);
#else
    return (float) ((double) alpha * (double) x + (double) beta);
#endif
}

/* NaN stays. */
ALWAYS_INLINE float real_hard_sigmoid(float x, float alpha, float beta) {
    const float y = real_affine(alpha, x, beta);
    const float below = 1.0f < y ? 1.0f : y;
    return 0.0f > below ? 0.0f : below;
}

MAP(clip, scalar_clamp(x, alpha, beta))
MAP(gelu, scalar_gelu(x))
MAP(gelu_tanh, scalar_gelu_tanh(x))
MAP(silu, scalar_silu(x))
MAP(hard_swish, scalar_hard_swish(x))
MAP(abs, scalar_magnitude(x))
MAP(neg, -x)
MAP(relu, 0.0f > x ? 0.0f : x)
MAP(leaky_relu, x >= 0.0f ? x : alpha * x)
MAP(affine, real_affine(alpha, x, beta))
MAP(hard_sigmoid, real_hard_sigmoid(x, alpha, beta))
MAP(sqrt, sqrtf(x))
MAP(reciprocal, 1.0f / x)
MAP(erf, real_erf(x))

#ifndef MAP_EXPONENTIALS
MAP(exp, real_exp(x))
MAP(sigmoid, real_sigmoid(x))
MAP(tanh, alpha * real_tanh(beta * x))
#define MAP_EXPONENTIALS map_exp, map_sigmoid, map_tanh
#endif

#define MAP_FUNCTIONS                                                                                                  \
    {                                                                                                                  \
        [TERSOR_MAP_CLIP] = map_clip, [TERSOR_MAP_GELU] = map_gelu, [TERSOR_MAP_GELU_TANH] = map_gelu_tanh,            \
        [TERSOR_MAP_SILU] = map_silu, [TERSOR_MAP_HARD_SWISH] = map_hard_swish, [TERSOR_MAP_ABS] = map_abs,            \
        [TERSOR_MAP_NEG] = map_neg, [TERSOR_MAP_RELU] = map_relu, [TERSOR_MAP_LEAKY_RELU] = map_leaky_relu,            \
        [TERSOR_MAP_AFFINE] = map_affine, [TERSOR_MAP_HARD_SIGMOID] = map_hard_sigmoid,                                \
        [TERSOR_MAP_SQRT] = map_sqrt, [TERSOR_MAP_RECIPROCAL] = map_reciprocal,                                        \
        [TERSOR_MAP_ERF] = map_erf, [TERSOR_MAP_EXP] = MAP_EXPONENTIALS                                                \
    }

#endif
