/* Global average pooling of 8-bit pixels in plain C, compiled once for each instruction set. */
#ifndef TERSOR_AVERAGE_POOL_BODY_H
#define TERSOR_AVERAGE_POOL_BODY_H

#include "compiler.h"
#include "elementwise.h"
#include "scalar.h"

/* Channels side by side, and pixels whose sums fit into 32 bits. */
enum { AVERAGE_POOL_STRIP = 64, AVERAGE_POOL_BLOCK = 1 << 16 };

#define AVERAGE_POOL(name, type, least)                                                                                \
    ALWAYS_INLINE void average_strip_##name(const average_pool *p, const type *from, int64_t count,                    \
                                            type *restrict to) {                                                       \
        int64_t totals[AVERAGE_POOL_STRIP] = {0};                                                                      \
        for (int64_t first = 0; first < p->pixels; first += AVERAGE_POOL_BLOCK) {                                      \
            const int64_t end = min_s64(p->pixels, first + AVERAGE_POOL_BLOCK);                                        \
            int32_t sums[AVERAGE_POOL_STRIP] = {0};                                                                    \
            for (int64_t i = first; i < end; i++) {                                                                    \
                for (int64_t c = 0; c < count; c++) {                                                                  \
                    sums[c] += from[i * p->channels + c];                                                              \
                }                                                                                                      \
            }                                                                                                          \
            for (int64_t c = 0; c < count; c++) {                                                                      \
                totals[c] += sums[c];                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        const float lo = (float) (least - p->dst_zero_point), hi = (float) (least + 255 - p->dst_zero_point);          \
        for (int64_t c = 0; c < count; c++) {                                                                          \
            const float sum = (float) (totals[c] - p->pixels * p->src_zero_point);                                     \
            const float r = p->pixels == 0 ? 0.0f : sum * p->multiplier / (float) p->pixels;                           \
            to[c] = (type) scalar_round(scalar_clamp(r, lo, hi), p->dst_zero_point);                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void average_pool_##name(const average_pool *p, const void *image, void *dst) {                             \
        const type *from = image;                                                                                      \
        type *to = dst;                                                                                                \
        int64_t c = 0;                                                                                                 \
        for (; c + AVERAGE_POOL_STRIP <= p->channels; c += AVERAGE_POOL_STRIP) {                                       \
            average_strip_##name(p, from + c, AVERAGE_POOL_STRIP, to + c);                                             \
        }                                                                                                              \
        if (c < p->channels) {                                                                                         \
            average_strip_##name(p, from + c, p->channels - c, to + c);                                                \
        }                                                                                                              \
    }

AVERAGE_POOL(u8, uint8_t, 0)
AVERAGE_POOL(s8, int8_t, -128)

#undef AVERAGE_POOL

#endif
