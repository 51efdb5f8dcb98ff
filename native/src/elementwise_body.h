/*
 * The conversions in plain C, compiled once for each instruction set; the compiler vectorizes the loops. The including
 * file then lists them by ELEMENTWISE_FUNCTIONS.
 */
#include <float.h>
#include <math.h>

#include "average_pool_body.h"
#include "elementwise.h"
#include "global_average_pool_body.h"
#include "layer_norm_body.h"
#include "max_pool_body.h"
#include "pool_plane_body.h"
#include "multiply_body.h"
#include "scalar.h"

#define ELEMENTWISE(name, src_type, dst_type, expression)                                                              \
    static void name##_per_channel(const src_type *restrict from, int64_t count, const float *restrict factors,        \
                                   const int32_t *restrict zero_points, int32_t dst_zero_point,                        \
                                   dst_type *restrict to) {                                                            \
        (void) dst_zero_point;                                                                                         \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            const float factor = factors[i];                                                                           \
            const int32_t zero_point = zero_points[i];                                                                 \
            to[i] = (dst_type) (expression);                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_per_tensor(const src_type *restrict from, int64_t count, float factor, int32_t zero_point,      \
                                  int32_t dst_zero_point, dst_type *restrict to) {                                     \
        (void) dst_zero_point;                                                                                         \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            to[i] = (dst_type) (expression);                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(const void *src, int64_t count, const elementwise_parameters *p, bool per_channel, void *dst) {   \
        if (per_channel) {                                                                                             \
            name##_per_channel(src, count, p->factor, p->zero_point, p->dst_zero_point, dst);                          \
        } else {                                                                                                       \
            name##_per_tensor(src, count, p->factor[0], p->zero_point[0], p->dst_zero_point, dst);                     \
        }                                                                                                              \
    }

ALWAYS_INLINE int32_t round_to(float r, int32_t min, int32_t zero_point) {
    const float lo = (float) (min - zero_point);
    const float hi = (float) (min + 255 - zero_point);
    return scalar_round(scalar_clamp(r, lo, hi), zero_point);
}

ALWAYS_INLINE float centred(int32_t value, int32_t zero_point) {
    return (float) (int32_t) ((uint32_t) value - (uint32_t) zero_point);
}

#define QUANTIZE(dst_name, dst_type, min)                                                                              \
    ELEMENTWISE(quantize_##dst_name, float, dst_type, round_to(from[i] / factor, min, zero_point))

/* Each channel's part of a strip of pixels becomes bytes, which then go to their places; three at a time vectorize. */
enum { NHWC_STRIP = 256 };

ALWAYS_INLINE void interleave_strip(uint8_t levels[3][NHWC_STRIP], int64_t parts, int64_t count, int64_t channels,
                                    uint8_t *restrict to) {
    if (parts == 3 && channels == 3) {
        for (int64_t i = 0; i < count; i++) {
            to[3 * i] = levels[0][i];
            to[3 * i + 1] = levels[1][i];
            to[3 * i + 2] = levels[2][i];
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        for (int64_t c = 0; c < parts; c++) {
            to[i * channels + c] = levels[c][i];
        }
    }
}

#define QUANTIZE_NHWC(dst_name)                                                                                        \
    static void quantize_nhwc_##dst_name(const float *src, int64_t channels, int64_t pixels, float scale,              \
                                         int32_t zero_point, void *dst) {                                              \
        const elementwise_parameters p = {&scale, &zero_point, 0};                                                     \
        for (int64_t first = 0; first < pixels; first += NHWC_STRIP) {                                                 \
            const int64_t count = min_s64(NHWC_STRIP, pixels - first);                                                 \
            for (int64_t c = 0; c < channels; c += 3) {                                                                \
                uint8_t levels[3][NHWC_STRIP];                                                                         \
                const int64_t parts = min_s64(3, channels - c);                                                        \
                for (int64_t part = 0; part < parts; part++) {                                                         \
                    quantize_##dst_name(src + (c + part) * pixels + first, count, &p, false, levels[part]);            \
                }                                                                                                      \
                interleave_strip(levels, parts, count, channels, (uint8_t *) dst + first * channels + c);              \
            }                                                                                                          \
        }                                                                                                              \
    }

#define DEQUANTIZE(src_name, src_type)                                                                                 \
    ELEMENTWISE(dequantize_##src_name, src_type, float, centred(from[i], zero_point) * factor)

#define REQUANTIZE(src_name, src_type, dst_name, dst_type, min)                                                        \
    ELEMENTWISE(requantize_##src_name##_##dst_name, src_type, dst_type,                                                \
                round_to(centred(from[i], zero_point) * factor, min, dst_zero_point))

QUANTIZE(u8, uint8_t, 0)
QUANTIZE(s8, int8_t, -128)
QUANTIZE_NHWC(u8)
QUANTIZE_NHWC(s8)
DEQUANTIZE(u8, uint8_t)
DEQUANTIZE(s8, int8_t)
DEQUANTIZE(s32, int32_t)
REQUANTIZE(u8, uint8_t, u8, uint8_t, 0)
REQUANTIZE(u8, uint8_t, s8, int8_t, -128)
REQUANTIZE(s8, int8_t, u8, uint8_t, 0)
REQUANTIZE(s8, int8_t, s8, int8_t, -128)
REQUANTIZE(s32, int32_t, u8, uint8_t, 0)
REQUANTIZE(s32, int32_t, s8, int8_t, -128)

static float quantize_row(const float *src, int64_t count, int8_t *levels) {
    const uint32_t largest = scalar_largest_magnitude(src, count);
    float magnitude;
    memcpy(&magnitude, &largest, sizeof magnitude);
    if (!(magnitude >= 0x1p-100f && magnitude <= FLT_MAX)) {
        for (int64_t i = 0; i < count; i++) {
            levels[i] = 0;
        }
        return magnitude < 0x1p-100f ? 0.0f : NAN;
    }
    const float inverse = 127.0f / magnitude;
    for (int64_t i = 0; i < count; i++) {
        levels[i] = (int8_t) scalar_round(src[i] * inverse, 0);
    }
    return magnitude / 127.0f;
}

/* Where sums start and what they are multiplied by, of a source whose parameters come with the run. */
static void source_columns(const product_columns *c, int64_t padded, float scale, int32_t zero_point,
                           int32_t *restrict start, float *restrict factors) {
    const int32_t *restrict compensation = c->compensation;
    const int32_t *restrict sums = c->sums;
    for (int64_t j = 0; j < padded; j++) {
        start[j] = (int32_t) ((uint32_t) compensation[j] - (uint32_t) zero_point * (uint32_t) sums[j]);
    }
    const float *restrict multiplier = c->multiplier;
    for (int64_t j = 0; multiplier != NULL && j < c->count; j++) {
        factors[j] = scale * multiplier[j];
    }
}

#ifndef MAX_POOL_PLANE
#define MAX_POOL_PLANE max_pool_plane
#define AVERAGE_POOL_PLANE average_pool_plane
#endif

/* The table, with these or better functions for quantization. */
#define ELEMENTWISE_FUNCTIONS(u8, s8, nhwc_u8, nhwc_s8)                                                                \
    u8, s8, nhwc_u8, nhwc_s8, dequantize_u8, dequantize_s8, dequantize_s32, requantize_u8_u8, requantize_u8_s8,        \
        requantize_s8_u8, requantize_s8_s8, requantize_s32_u8, requantize_s32_s8, max_pool_u8, max_pool_s8,            \
        max_pool_f32, average_pool_u8, average_pool_s8, average_pool_f32, MAX_POOL_PLANE, AVERAGE_POOL_PLANE,          \
        global_average_pool_u8,                                                                                        \
        global_average_pool_s8, global_average_pool_f32, layer_norm_rows, quantize_row, multiply_rows,                   \
        source_columns
