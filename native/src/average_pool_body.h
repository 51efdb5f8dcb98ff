/* Average pooling in plain C, compiled once for each instruction set; the compiler vectorizes the loops. */
#ifndef TERSOR_AVERAGE_POOL_BODY_H
#define TERSOR_AVERAGE_POOL_BODY_H

#include "compiler.h"
#include "elementwise.h"
#include "pool_taps.h"
#include "scalar.h"

enum { AVERAGE_POOL_STRIP = 64 };

/* Of `divisor` > 0 taps, of which `covered` lie in the image. */
#define AVERAGE_OF_BYTES(name, type, least)                                                                            \
    ALWAYS_INLINE void average_store_##name(const pool2d *p, const int32_t *sums, int64_t covered, int64_t divisor,    \
                                            int64_t count, type *restrict to) {                                        \
        const float lo = (float) (least - p->dst_zero_point), hi = (float) (least + 255 - p->dst_zero_point);          \
        for (int64_t c = 0; c < count; c++) {                                                                          \
            const float sum = (float) (sums[c] - covered * p->src_zero_point);                                         \
            const float r = sum * p->multiplier / (float) divisor;                                                     \
            to[c] = (type) scalar_round(scalar_clamp(r, lo, hi), p->dst_zero_point);                                   \
        }                                                                                                              \
    }

AVERAGE_OF_BYTES(u8, uint8_t, 0)
AVERAGE_OF_BYTES(s8, int8_t, -128)

ALWAYS_INLINE void average_store_f32(const pool2d *p, const float *sums, int64_t covered, int64_t divisor, int64_t count,
                                     float *restrict to) {
    (void) p;
    (void) covered;
    for (int64_t c = 0; c < count; c++) {
        to[c] = sums[c] / (float) divisor;
    }
}

/* Strips of constant length stay in registers. */
#define AVERAGE_POOL(name, type, sum_type)                                                                             \
    ALWAYS_INLINE void average_strip_##name(const pool2d *p, const type *from, taps rows, int64_t row_step,            \
                                            taps columns, int64_t column_step, int64_t divisor, int64_t count,         \
                                            type *restrict to) {                                                       \
        sum_type sums[AVERAGE_POOL_STRIP] = {0};                                                                       \
        for (int64_t i = 0; i < rows.count; i++) {                                                                     \
            for (int64_t j = 0; j < columns.count; j++) {                                                              \
                const type *tap = from + i * row_step + j * column_step;                                               \
                for (int64_t c = 0; c < count; c++) {                                                                  \
                    sums[c] += tap[c];                                                                                 \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        average_store_##name(p, sums, rows.count * columns.count, divisor, count, to);                                 \
    }                                                                                                                  \
    static void average_pool_##name(const pool2d *p, int64_t y, const void *image, void *line) {                       \
        const tersor_pool2d_window *k = &p->window;                                                                    \
        const int64_t row = y * k->stride_h - k->pad_top;                                                              \
        taps rows = taps_inside(row, k->dilation_h, k->kh, p->h);                                                      \
        const int64_t padded_rows = taps_before(row, k->dilation_h, k->kh, p->h + k->pad_bottom);                      \
        const int64_t row_step = k->dilation_h * p->w * p->channels, column_step = k->dilation_w * p->channels;        \
        type *to = line;                                                                                               \
        for (int64_t x = 0; x < p->ow; x++, to += p->channels) {                                                       \
            const int64_t column = x * k->stride_w - k->pad_left;                                                      \
            taps columns = taps_inside(column, k->dilation_w, k->kw, p->w);                                            \
            const bool inside = rows.count > 0 && columns.count > 0;                                                   \
            columns.count = inside ? columns.count : 0;                                                                \
            const taps used = {rows.first, inside ? rows.count : 0};                                                   \
            const int64_t padded = padded_rows * taps_before(column, k->dilation_w, k->kw, p->w + k->pad_right);       \
            const int64_t taken = p->counts_padding ? padded : used.count * columns.count;                             \
            const int64_t divisor = taken == 0 ? 1 : taken; /* of nothing: 0 */                                        \
            const type *from = (const type *) image + (inside ? (rows.first * p->w + columns.first) * p->channels : 0); \
            const int64_t whole = p->channels - p->channels % AVERAGE_POOL_STRIP;                                      \
            for (int64_t c = 0; c < whole; c += AVERAGE_POOL_STRIP) {                                                  \
                average_strip_##name(p, from + c, used, row_step, columns, column_step, divisor, AVERAGE_POOL_STRIP,   \
                                     to + c);                                                                          \
            }                                                                                                          \
            if (whole < p->channels) {                                                                                 \
                average_strip_##name(p, from + whole, used, row_step, columns, column_step, divisor,                   \
                                     p->channels - whole, to + whole);                                                 \
            }                                                                                                          \
        }                                                                                                              \
    }

AVERAGE_POOL(u8, uint8_t, int32_t)
AVERAGE_POOL(s8, int8_t, int32_t)
AVERAGE_POOL(f32, float, float)

#undef AVERAGE_OF_BYTES
#undef AVERAGE_POOL

#endif
