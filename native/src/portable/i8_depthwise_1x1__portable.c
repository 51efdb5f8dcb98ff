/* INT8 depthwise sums in plain C. */
#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel u8s8_gemm_4x16__portable, s8s8_gemm_4x16__portable;

enum { CHANNELS = 16 };

ALWAYS_INLINE void add(const depthwise_tile *t, bool is_signed) {
    for (int64_t p = 0; p < t->pixels; p++) {
        const char *src = t->src + p * t->src_stride;
        uint32_t acc[CHANNELS];
        memcpy(acc, t->init, sizeof acc);
        for (int64_t s = 0; s < t->steps; s++) {
            const uint8_t *a = (const uint8_t *) src + t->offsets[s];
            const int16_t *weights = (const int16_t *) t->weights + s * 2 * CHANNELS;
            for (int64_t c = 0; c < CHANNELS; c++) {
                const int32_t x = is_signed ? (int8_t) a[c] : a[c];
                acc[c] += (uint32_t) (x * weights[2 * c]);
            }
        }
        memcpy((uint32_t *) t->acc + p * CHANNELS, acc, sizeof acc);
    }
}

static void sum_u8(const depthwise_tile *t) {
    add(t, false);
}

static void sum_s8(const depthwise_tile *t) {
    add(t, true);
}

#define KERNEL(types, function)                                                                                        \
    const depthwise_kernel types##_depthwise_1x1__portable = {                                                         \
        .name = #types "_depthwise_1x1__portable",                                                                     \
        .format = &types##_gemm_4x16__portable,                                                                        \
        .block = CHANNELS,                                                                                             \
        .lanes = 1,                                                                                                    \
        .taps_per_step = 1,                                                                                            \
        .sum = function,                                                                                               \
    };

KERNEL(u8s8, sum_u8)
KERNEL(s8s8, sum_s8)
