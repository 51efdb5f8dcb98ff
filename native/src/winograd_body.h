/*
 * The transformations of winograd.h on vectors of channels, compiled for each instruction set, which defines LANES, the
 * floats of a vector, and NAME(extent), the kernel's name as a string. Matrices are those of Lavin and Gray.
 */
#include "compiler.h"
#include "winograd.h"

typedef float lanes __attribute__((vector_size(LANES * 4)));

ALWAYS_INLINE lanes load_lanes(const float *from, int64_t count) {
    lanes v = {0};
    memcpy(&v, from, (size_t) count * 4);
    return v;
}

ALWAYS_INLINE void store_lanes(float *to, lanes v) {
    memcpy(to, &v, sizeof v);
}

/* B^T times a column of `extent` pixels. */
ALWAYS_INLINE void transform_source(int extent, const lanes d[WINOGRAD_MAX_EXTENT], lanes t[WINOGRAD_MAX_EXTENT]) {
    if (extent == 4) {
        t[0] = d[0] - d[2];
        t[1] = d[1] + d[2];
        t[2] = d[2] - d[1];
        t[3] = d[1] - d[3];
        return;
    }
    const lanes even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
    const lanes sum = d[4] - d[2], difference = 2.0f * (d[3] - d[1]);
    t[0] = 4.0f * (d[0] - d[2]) + sum;
    t[1] = even + odd;
    t[2] = even - odd;
    t[3] = sum + difference;
    t[4] = sum - difference;
    t[5] = 4.0f * (d[1] - d[3]) + (d[5] - d[3]);
}

/* A^T times a column of sums. */
ALWAYS_INLINE void transform_sums(int extent, const lanes m[WINOGRAD_MAX_EXTENT], lanes y[WINOGRAD_MAX_STEP]) {
    const lanes p = m[1] + m[2], q = m[1] - m[2];
    if (extent == 4) {
        y[0] = m[0] + p;
        y[1] = q - m[3];
        return;
    }
    const lanes r = m[3] + m[4], s = m[3] - m[4];
    y[0] = m[0] + p + r;
    y[1] = q + 2.0f * s;
    y[2] = p + 4.0f * r;
    y[3] = q + 8.0f * s + m[5];
}

ALWAYS_INLINE void source_lanes(int extent, const float *const *pixels, int64_t channel, int64_t count, float *to,
                                int64_t place_stride) {
    lanes lines[WINOGRAD_MAX_EXTENT][WINOGRAD_MAX_EXTENT], column[WINOGRAD_MAX_EXTENT], turned[WINOGRAD_MAX_EXTENT];
    UNROLL(6)
    for (int j = 0; j < extent; j++) {
        UNROLL(6)
        for (int i = 0; i < extent; i++) {
            column[i] = load_lanes(pixels[i * extent + j] + channel, count);
        }
        transform_source(extent, column, turned);
        UNROLL(6)
        for (int i = 0; i < extent; i++) {
            lines[i][j] = turned[i];
        }
    }
    UNROLL(6)
    for (int i = 0; i < extent; i++) {
        transform_source(extent, lines[i], turned);
        UNROLL(6)
        for (int j = 0; j < extent; j++) {
            store_lanes(to + (i * extent + j) * place_stride + channel, turned[j]);
        }
    }
}

ALWAYS_INLINE void source(int extent, const float *const *pixels, int64_t channels, float *to, int64_t place_stride) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        source_lanes(extent, pixels, c, LANES, to, place_stride);
    }
    if (c < channels) {
        source_lanes(extent, pixels, c, channels - c, to, place_stride);
    }
}

ALWAYS_INLINE void sums(int extent, const float *from, int64_t place_stride, int64_t columns, float *to,
                        int64_t line_stride) {
    const int step = extent - 2;
    for (int64_t c = 0; c < columns; c += LANES) {
        lanes lines[WINOGRAD_MAX_STEP][WINOGRAD_MAX_EXTENT], column[WINOGRAD_MAX_EXTENT], turned[WINOGRAD_MAX_STEP];
        UNROLL(6)
        for (int j = 0; j < extent; j++) {
            UNROLL(6)
            for (int i = 0; i < extent; i++) {
                column[i] = load_lanes(from + (i * extent + j) * place_stride + c, LANES);
            }
            transform_sums(extent, column, turned);
            UNROLL(4)
            for (int i = 0; i < step; i++) {
                lines[i][j] = turned[i];
            }
        }
        UNROLL(4)
        for (int i = 0; i < step; i++) {
            transform_sums(extent, lines[i], turned);
            UNROLL(4)
            for (int j = 0; j < step; j++) {
                store_lanes(to + i * line_stride + j * columns + c, turned[j]);
            }
        }
    }
}

#define WINOGRAD(tile, extent_)                                                                                        \
    static void source_##tile(const float *const *pixels, int64_t channels, float *to, int64_t place_stride) {         \
        source(extent_, pixels, channels, to, place_stride);                                                           \
    }                                                                                                                  \
    static void sums_##tile(const float *from, int64_t place_stride, int64_t columns, float *to,                       \
                            int64_t line_stride) {                                                                     \
        sums(extent_, from, place_stride, columns, to, line_stride);                                                   \
    }

WINOGRAD(2x2, 4)
WINOGRAD(4x4, 6)

#define TRANSFORMS(tile, step_) {NAME(tile), step_, step_ + 2, source_##tile, sums_##tile}
