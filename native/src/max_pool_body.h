/* Maximum pooling in plain C, compiled once for each instruction set; the compiler vectorizes the loops. */
#ifndef TERSOR_MAX_POOL_BODY_H
#define TERSOR_MAX_POOL_BODY_H

#include <math.h>

#include "compiler.h"
#include "elementwise.h"
#include "pool_taps.h"

enum { MAX_POOL_STRIP = 64 };

ALWAYS_INLINE uint8_t maximum_u8(uint8_t a, uint8_t b) {
    return a > b ? a : b;
}

ALWAYS_INLINE int8_t maximum_s8(int8_t a, int8_t b) {
    return a > b ? a : b;
}

/* A NaN stays: the comparison takes b if that is one. */
ALWAYS_INLINE float maximum_f32(float a, float b) {
    const float larger = a > b ? a : b;
    return a != a ? a : larger;
}

/* Channels [0, count) of one pixel; `least` where no tap is inside. Strips of constant length stay in registers. */
#define MAX_POOL(name, type, least)                                                                                    \
    ALWAYS_INLINE void max_pixel_##name(const type *from, int64_t rows, int64_t row_step, int64_t columns,             \
                                        int64_t column_step, int64_t count, type *restrict to) {                       \
        for (int64_t c = 0; c < count; c++) {                                                                          \
            to[c] = least;                                                                                             \
        }                                                                                                              \
        for (int64_t i = 0; i < rows; i++) {                                                                           \
            for (int64_t j = 0; j < columns; j++) {                                                                    \
                const type *tap = from + i * row_step + j * column_step;                                               \
                for (int64_t c = 0; c < count; c++) {                                                                  \
                    to[c] = maximum_##name(to[c], tap[c]);                                                             \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    ALWAYS_INLINE void max_pixel_3x3_##name(const type *from, int64_t row_step, int64_t column_step, int64_t count,    \
                                            type *restrict to) {                                                       \
        const type *second = from + row_step, *third = second + row_step;                                              \
        const int64_t l = column_step, r = 2 * column_step;                                                            \
        for (int64_t c = 0; c < count; c++) {                                                                          \
            const type left = maximum_##name(from[c], maximum_##name(second[c], third[c]));                            \
            const type centre = maximum_##name(from[c + l], maximum_##name(second[c + l], third[c + l]));              \
            const type right = maximum_##name(from[c + r], maximum_##name(second[c + r], third[c + r]));               \
            to[c] = maximum_##name(left, maximum_##name(centre, right));                                               \
        }                                                                                                              \
    }                                                                                                                  \
    ALWAYS_INLINE void max_strip_##name(const type *from, int64_t rows, int64_t row_step, int64_t columns,             \
                                        int64_t column_step, int64_t count, type *restrict to) {                       \
        if (rows == 3 && columns == 3) {                                                                               \
            max_pixel_3x3_##name(from, row_step, column_step, count, to);                                              \
        } else {                                                                                                       \
            max_pixel_##name(from, rows, row_step, columns, column_step, count, to);                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void max_pool_##name(const pool2d *p, int64_t y, const void *image, void *line) {                           \
        const tersor_pool2d_window *k = &p->window;                                                                    \
        const taps rows = taps_inside(y * k->stride_h - k->pad_top, k->dilation_h, k->kh, p->h);                       \
        const int64_t row_step = k->dilation_h * p->w * p->channels, column_step = k->dilation_w * p->channels;        \
        type *to = line;                                                                                               \
        for (int64_t x = 0; x < p->ow; x++, to += p->channels) {                                                       \
            const taps columns = taps_inside(x * k->stride_w - k->pad_left, k->dilation_w, k->kw, p->w);               \
            const bool inside = rows.count > 0 && columns.count > 0;                                                   \
            const type *from = (const type *) image + (inside ? (rows.first * p->w + columns.first) * p->channels : 0); \
            const int64_t count = inside ? rows.count : 0, whole = p->channels - p->channels % MAX_POOL_STRIP;         \
            for (int64_t c = 0; c < whole; c += MAX_POOL_STRIP) {                                                      \
                max_strip_##name(from + c, count, row_step, columns.count, column_step, MAX_POOL_STRIP, to + c);       \
            }                                                                                                          \
            if (whole < p->channels) {                                                                                 \
                max_strip_##name(from + whole, count, row_step, columns.count, column_step, p->channels - whole,       \
                                 to + whole);                                                                          \
            }                                                                                                          \
        }                                                                                                              \
    }

MAX_POOL(u8, uint8_t, 0)
MAX_POOL(s8, int8_t, -128)
MAX_POOL(f32, float, -INFINITY)

#undef MAX_POOL

#endif
