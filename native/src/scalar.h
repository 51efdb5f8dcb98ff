/* The numeric definitions, one element at a time: what the portable kernels and the tails of the others compute. */
#ifndef TERSOR_SCALAR_H
#define TERSOR_SCALAR_H

#include <stdint.h>
#include <string.h>

#include "compiler.h"

/* NaN becomes lo. */
ALWAYS_INLINE float scalar_clamp(float value, float lo, float hi) {
    value = value > lo ? value : lo;
    return value < hi ? value : hi;
}

/*
 * Round half to even for |value| < 2^22, plus zero_point. Adding 1.5 * 2^23 leaves no bits for a fraction, so the
 * addition itself rounds, and the integer stands in the low bits of the sum.
 */
ALWAYS_INLINE int32_t scalar_round(float value, int32_t zero_point) {
    const float sum = value + 12582912.0f;
    int32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits - 0x4b400000 + zero_point;
}

ALWAYS_INLINE float scalar_scale(int32_t acc, float multiplier, const float *offset, int64_t column, float lo,
                                 float hi) {
    float r = (float) acc * multiplier;
    if (offset != 0) {
        r = r + offset[column];
    }
    return scalar_clamp(r, lo, hi);
}

#endif
