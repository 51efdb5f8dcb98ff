/* Floats as fixed-point numbers of three bytes and back, in plain C, compiled once for each instruction set. */
#ifndef TERSOR_FIXED_POINT_BODY_H
#define TERSOR_FIXED_POINT_BODY_H

#include <math.h>
#include <string.h>

#include "compiler.h"
#include "real.h"
#include "scalar.h"

enum { FIXED_POINT_BITS = 22, FIXED_POINT_OFFSET = 1 << FIXED_POINT_BITS };

static float fixed_point_unit(const float *src, int64_t count) {
    const uint32_t largest = scalar_largest_magnitude(src, count);
    const uint32_t least = (127 - 100) << 23, infinity = UINT32_C(255) << 23;
    if (largest < least) {
        return 0;
    }
    const uint32_t unit = (largest & infinity) - ((FIXED_POINT_BITS - 1) << 23);
    float value;
    memcpy(&value, &unit, sizeof value);
    return largest < infinity ? value : NAN;
}

static float fixed_point(const float *src, int64_t count, uint8_t *restrict low, uint8_t *restrict middle,
                         uint8_t *restrict high) {
    const float unit = fixed_point_unit(src, count);
    if (!(unit > 0)) {
        memset(low, 0, (size_t) count);
        memset(middle, 0, (size_t) count);
        memset(high, FIXED_POINT_OFFSET >> 16, (size_t) count);
        return unit;
    }
    const float inverse = 1 / unit;
    for (int64_t i = 0; i < count; i++) {
        /* Adding it leaves no bits for a fraction. */
        const float rounded = src[i] * inverse + 0x1.8p23f;
        uint32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        bits -= UINT32_C(0x4b400000) - FIXED_POINT_OFFSET;
        low[i] = (uint8_t) bits;
        middle[i] = (uint8_t) (bits >> 8);
        high[i] = (uint8_t) (bits >> 16);
    }
    return unit;
}

static void from_fixed_point(const fixed_point_columns *c, const int32_t *low, const int32_t *middle,
                             const int32_t *high, float unit, float *restrict dst) {
    for (int64_t j = 0; j < c->count; j++) {
        const int32_t centred = (int32_t) ((uint32_t) high[j] - (FIXED_POINT_OFFSET >> 16) * (uint32_t) c->sums[j]);
        const float sum = fmaf((float) centred, 0x1p16f, fmaf((float) middle[j], 0x1p8f, (float) low[j]));
        dst[j] = sum * (unit * c->scales[j]) + c->bias[j];
    }
}

#endif
