/*
 * The transformations of winograd.h on vectors of channels, compiled for each instruction set, which defines LANES, the
 * floats of a vector, and NAME(extent), the kernel's name as a string. Matrices are those of Lavin and Gray.
 */
#include "compiler.h"
#include "winograd.h"

typedef float lanes __attribute__((vector_size(LANES * 4)));

ALWAYS_INLINE lanes load_lanes(const void *from, int64_t count) {
    lanes v = {0};
    memcpy(&v, from, (size_t) count * 4);
    return v;
}

ALWAYS_INLINE void store_lanes(void *to, lanes v) {
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

ALWAYS_INLINE void source_lanes(int extent, const void *const *pixels, int64_t channel, int64_t count, void *to,
                                int64_t place_bytes) {
    lanes lines[WINOGRAD_MAX_EXTENT][WINOGRAD_MAX_EXTENT], column[WINOGRAD_MAX_EXTENT], turned[WINOGRAD_MAX_EXTENT];
    UNROLL(6)
    for (int j = 0; j < extent; j++) {
        UNROLL(6)
        for (int i = 0; i < extent; i++) {
            column[i] = load_lanes((const float *) pixels[i * extent + j] + channel, count);
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
            store_lanes((float *) row_of(to, i * extent + j, place_bytes) + channel, turned[j]);
        }
    }
}

ALWAYS_INLINE void source(int extent, const void *const *pixels, int64_t channels, void *to, int64_t place_bytes) {
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
        source_lanes(extent, pixels, c, LANES, to, place_bytes);
    }
    if (c < channels) {
        source_lanes(extent, pixels, c, channels - c, to, place_bytes);
    }
}

ALWAYS_INLINE void sums(int extent, const void *from, int64_t place_bytes, int64_t columns, void *to,
                        int64_t line_bytes) {
    const int step = extent - 2;
    for (int64_t c = 0; c < columns; c += LANES) {
        lanes lines[WINOGRAD_MAX_STEP][WINOGRAD_MAX_EXTENT], column[WINOGRAD_MAX_EXTENT], turned[WINOGRAD_MAX_STEP];
        UNROLL(6)
        for (int j = 0; j < extent; j++) {
            UNROLL(6)
            for (int i = 0; i < extent; i++) {
                column[i] = load_lanes((const float *) const_row_of(from, i * extent + j, place_bytes) + c, LANES);
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
                store_lanes((float *) row_of(to, i, line_bytes) + j * columns + c, turned[j]);
            }
        }
    }
}

#define WINOGRAD(tile, extent_)                                                                                        \
    static void source_##tile(const void *const *pixels, int64_t channels, void *to, int64_t place_bytes) {            \
        source(extent_, pixels, channels, to, place_bytes);                                                            \
    }                                                                                                                  \
    static void sums_##tile(const void *from, int64_t place_bytes, int64_t columns, const int32_t *start, void *to,    \
                            int64_t line_bytes) {                                                                      \
        (void) start;                                                                                                  \
        sums(extent_, from, place_bytes, columns, to, line_bytes);                                                     \
    }

WINOGRAD(2x2, 4)
WINOGRAD(4x4, 6)

#define TRANSFORMS(tile, step_)                                                                                        \
    {                                                                                                                  \
        .name = NAME(tile), .step = step_, .extent = step_ + 2, .row_bytes = 4, .group = 1,                            \
        .block_bytes = 640 * 1024, .block_tiles = WINOGRAD_MAX_TILES, .source = source_##tile, .sums = sums_##tile     \
    }
