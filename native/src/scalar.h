/* The numeric definitions, one element at a time: what the portable kernels and the tails of the others compute. */
#ifndef TERSOR_SCALAR_H
#define TERSOR_SCALAR_H

#include <stdint.h>
#include <string.h>

#include "compiler.h"
#include "epilogue.h"

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

/* The result before rounding. */
ALWAYS_INLINE float scalar_scale(const epilogue *e, int32_t acc, int64_t column) {
    float r = (float) acc * e->multiplier[column];
    if (e->offset != 0) {
        r = r + e->offset[column];
    }
    return e->clamps ? scalar_clamp(r, e->lo, e->hi) : r;
}

/* The same of an f32 kernel. */
ALWAYS_INLINE float scalar_finish(const epilogue *e, float acc, int64_t column) {
    const float r = e->offset != 0 ? acc + e->offset[column] : acc;
    return e->clamps ? scalar_clamp(r, e->lo, e->hi) : r;
}

#endif
