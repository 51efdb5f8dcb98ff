/*
 * Normalization of rows in C, compiled once for each instruction set. An including file may define NORMALIZE_BYTES as a
 * better function of normalize_bytes' kind before.
 */
#ifndef TERSOR_LAYER_NORM_BODY_H
#define TERSOR_LAYER_NORM_BODY_H

#include <math.h>

#include "elementwise.h"
#include "scalar.h"

#if defined(__AVX512F__)
enum { NORM_LANES = 16 };
#elif defined(__AVX__)
enum { NORM_LANES = 8 };
#else
enum { NORM_LANES = 4 };
#endif

/* A register of floats that lie anywhere. */
typedef float norm_vector __attribute__((vector_size(NORM_LANES * 4), aligned(4), may_alias));

enum { NORM_STRIP = 4 * NORM_LANES };

/* The sum of (x - mean), or of its squares. */
ALWAYS_INLINE float sum_of(const float *x, int64_t count, float mean, bool squared) {
    norm_vector sums[4] = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (; i + NORM_STRIP <= count; i += NORM_STRIP) {
        UNROLL(4)
        for (int v = 0; v < 4; v++) {
            norm_vector term = *(const norm_vector *) (x + i + v * NORM_LANES) - mean;
            if (squared) {
                term *= term;
            }
            sums[v] += term;
        }
    }
    sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float lanes[NORM_LANES];
    memcpy(lanes, &sums[0], sizeof lanes);
    for (; i < count; i++) {
        const float difference = x[i] - mean;
        lanes[i % NORM_LANES] += squared ? difference * difference : difference;
    }
    UNROLL(4)
    for (int width = NORM_LANES / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; lane++) {
            lanes[lane] += lanes[lane + width];
        }
    }
    return lanes[0];
}

static inline void normalize_bytes(const layer_norm *n, const float *restrict x, float factor, float shift,
                                   uint8_t *restrict to) {
    const int32_t least = n->dst_type == TERSOR_U8 ? 0 : -128, zero_point = n->zero_point;
    const float lo = (float) (least - zero_point), hi = (float) (least + 255 - zero_point);
    const float *restrict scale = n->scale, *restrict bias = n->bias;
    for (int64_t i = 0; i < n->columns; i++) {
        const float y = (x[i] * factor + shift) * scale[i] + bias[i];
        /* A level within its 8-bit type has the same low byte signed and unsigned. */
        to[i] = (uint8_t) scalar_round(scalar_clamp(y, lo, hi), zero_point);
    }
}

#ifndef NORMALIZE_BYTES
#define NORMALIZE_BYTES normalize_bytes
#endif

/* In steps over all rows: what of a row waits for its sums does not hold up the next ones. */
static void layer_norm_rows(const layer_norm *n, int64_t rows, const float *src, void *dst) {
    const int64_t columns = n->columns;
    float mean[LAYER_NORM_ROWS] = {0}, factor[LAYER_NORM_ROWS];
    for (int64_t i = 0; i < rows && n->centered; i++) {
        mean[i] = sum_of(src + i * columns, columns, 0.0f, false) / (float) columns;
    }
    for (int64_t i = 0; i < rows; i++) {
        const double variance = (double) sum_of(src + i * columns, columns, mean[i], true) / (double) columns;
        factor[i] = (float) (1.0 / sqrt(variance + (double) n->epsilon));
    }
    for (int64_t i = 0; i < rows; i++) {
        const float *x = src + i * columns;
        if (n->dst_type != TERSOR_F32) {
            NORMALIZE_BYTES(n, x, factor[i], -mean[i] * factor[i], (uint8_t *) dst + i * columns);
            continue;
        }
        const float m = mean[i], f = factor[i], *scale = n->scale, *bias = n->bias;
        float *to = (float *) dst + i * columns;
        if (scale == NULL) {
            INDEPENDENT
            for (int64_t j = 0; j < columns; j++) {
                to[j] = (x[j] - m) * f;
            }
            continue;
        }
        INDEPENDENT
        for (int64_t j = 0; j < columns; j++) {
            to[j] = (x[j] - m) * f * scale[j] + bias[j];
        }
    }
}

#endif
