/* Global average pooling in plain C, compiled once for each instruction set. */
#ifndef TERSOR_GLOBAL_AVERAGE_POOL_BODY_H
#define TERSOR_GLOBAL_AVERAGE_POOL_BODY_H

#include "compiler.h"
#include "elementwise.h"
#include "scalar.h"

/* Channels side by side, and pixels whose sums fit into 32 bits. */
enum { GLOBAL_POOL_STRIP = 64, GLOBAL_POOL_BLOCK = 1 << 16 };

#define AVERAGE_STRIP(name, type, least)                                                                                \
    ALWAYS_INLINE void global_average_strip_##name(const global_average_pool *p, const type *from, int64_t count,                    \
                                            type *restrict to) {                                                       \
        int64_t totals[GLOBAL_POOL_STRIP] = {0};                                                                      \
        for (int64_t first = 0; first < p->pixels; first += GLOBAL_POOL_BLOCK) {                                      \
            const int64_t end = min_s64(p->pixels, first + GLOBAL_POOL_BLOCK);                                        \
            int32_t sums[GLOBAL_POOL_STRIP] = {0};                                                                    \
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
    }

#define GLOBAL_POOL(name, type)                                                                                       \
    static void global_average_pool_##name(const global_average_pool *p, const void *image, void *dst) {                             \
        const type *from = image;                                                                                      \
        type *to = dst;                                                                                                \
        int64_t c = 0;                                                                                                 \
        for (; c + GLOBAL_POOL_STRIP <= p->channels; c += GLOBAL_POOL_STRIP) {                                       \
            global_average_strip_##name(p, from + c, GLOBAL_POOL_STRIP, to + c);                                             \
        }                                                                                                              \
        if (c < p->channels) {                                                                                         \
            global_average_strip_##name(p, from + c, p->channels - c, to + c);                                                \
        }                                                                                                              \
    }

AVERAGE_STRIP(u8, uint8_t, 0)
AVERAGE_STRIP(s8, int8_t, -128)

ALWAYS_INLINE void global_average_strip_f32(const global_average_pool *p, const float *from, int64_t count,
                                            float *restrict to) {
    float sums[GLOBAL_POOL_STRIP] = {0};
    for (int64_t i = 0; i < p->pixels; i++) {
        for (int64_t c = 0; c < count; c++) {
            sums[c] += from[i * p->channels + c];
        }
    }
    for (int64_t c = 0; c < count; c++) {
        to[c] = p->pixels == 0 ? 0.0f : sums[c] / (float) p->pixels;
    }
}

GLOBAL_POOL(u8, uint8_t)
GLOBAL_POOL(s8, int8_t)
GLOBAL_POOL(f32, float)

#undef AVERAGE_STRIP
#undef GLOBAL_POOL

#endif
