/*
 * Operations of two floats in plain C, compiled once for each instruction set; the compiler vectorizes the loops. An
 * including file may define BINARY_FMOD as a better function of binary_fmod's kind before.
 */
#ifndef TERSOR_BINARY_BODY_H
#define TERSOR_BINARY_BODY_H

#include <math.h>

#include "exponential.h"
#include "real.h"

/* Loops for operands that are runs, and for one that is the same for all. */
#define BINARY(name, dst_type, expression)                                                                             \
    static void binary_##name(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t count,           \
                              void *dst) {                                                                             \
        dst_type *to = dst;                                                                                            \
        if (a_step != 0 && b_step != 0) {                                                                              \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const float x = a[i], y = b[i];                                                                        \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        } else if (a_step != 0) {                                                                                      \
            const float y = *b;                                                                                        \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const float x = a[i];                                                                                  \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        } else {                                                                                                       \
            const float x = *a;                                                                                        \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const float y = b[i * b_step];                                                                         \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

/* NaN if either is; of equal numbers, which may be zeros, the sign bits decide. */
ALWAYS_INLINE float real_min(float x, float y) {
    const float least = x < y ? x : y;
    const float ordered = x == y ? real_from_bits(real_bits(x) | real_bits(y)) : least;
    return x != x ? x : ordered;
}

ALWAYS_INLINE float real_max(float x, float y) {
    const float largest = x > y ? x : y;
    const float ordered = x == y ? real_from_bits(real_bits(x) & real_bits(y)) : largest;
    return x != x ? x : ordered;
}

#ifndef BINARY_FMOD
/*
 * The exact remainder by the quotient rounded to an integer, in binary64: where that is below the limit, it is at most
 * one too large, its product with y is exact (or fused), and so is what mends the difference, as everything is a
 * multiple of a unit of x or y, and not larger than y. NaN of infinite x and of y = 0.
 */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define FMOD_LIMIT 0x1p52
#define FMOD_DIFFERENCE(a, q, b) fma(-(q), b, a)
#else
#define FMOD_LIMIT 0x1p28
#define FMOD_DIFFERENCE(a, q, b) ((a) - (q) * (b))
#endif

ALWAYS_INLINE float real_fmod(float x, float y) {
    const double a = (double) scalar_magnitude(x), b = (double) scalar_magnitude(y);
    const double quotient = a / b;
    if (quotient >= FMOD_LIMIT && quotient < (double) INFINITY) {
        return fmodf(x, y);
    }
    const double q = (quotient + 0x1p52) - 0x1p52;
    const double nearest = FMOD_DIFFERENCE(a, q, b);
    const double positive = nearest < 0.0 ? nearest + b : nearest;
    const float remainder = (float) (a < b ? a : positive);
    return real_from_bits((real_bits(remainder) & 0x7fffffff) | (real_bits(x) & 0x80000000));
}

BINARY(fmod, float, real_fmod(x, y))
#define BINARY_FMOD binary_fmod
#endif

BINARY(add, float, x + y)
BINARY(sub, float, x - y)
BINARY(mul, float, x *y)
BINARY(div, float, x / y)
BINARY(min, float, real_min(x, y))
BINARY(max, float, real_max(x, y))
BINARY(prelu, float, x < 0.0f ? y * x : x)
BINARY(equal, uint8_t, x == y)
BINARY(less, uint8_t, x < y)
BINARY(less_or_equal, uint8_t, x <= y)

#define BINARY_OPERATIONS                                                                                              \
    {                                                                                                                  \
        [TERSOR_BINARY_ADD] = binary_add, [TERSOR_BINARY_SUB] = binary_sub, [TERSOR_BINARY_MUL] = binary_mul,          \
        [TERSOR_BINARY_DIV] = binary_div, [TERSOR_BINARY_MIN] = binary_min, [TERSOR_BINARY_MAX] = binary_max,          \
        [TERSOR_BINARY_PRELU] = binary_prelu, [TERSOR_BINARY_FMOD] = BINARY_FMOD,                                      \
        [TERSOR_BINARY_EQUAL] = binary_equal,                                                                          \
        [TERSOR_BINARY_LESS] = binary_less, [TERSOR_BINARY_LESS_OR_EQUAL] = binary_less_or_equal                       \
    }

#endif
