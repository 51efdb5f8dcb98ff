/* INT8 depthwise sums in plain C. */
#include "compiler.h"
#include "depthwise.h"

ALWAYS_INLINE void add(const depthwise_sum *s, bool is_signed) {
    const int64_t padded = depthwise_padded_channels(s->channels);
    uint32_t *acc = s->acc;
    const int16_t *weights = s->weights;
    memcpy(acc, s->init, (size_t) (padded * 4));
    for (int64_t step = 0; step < s->steps; step++, weights += padded * 2) {
        const uint8_t *a = s->taps[2 * step];
        const uint8_t *b = s->taps[2 * step + 1];
        for (int64_t c = 0; c < s->channels; c++) {
            const int32_t x = is_signed ? (int8_t) a[c] : a[c];
            const int32_t y = is_signed ? (int8_t) b[c] : b[c];
            acc[c] += (uint32_t) (x * weights[2 * c] + y * weights[2 * c + 1]);
        }
    }
}

static void sum_u8(const depthwise_sum *s) {
    add(s, false);
}

static void sum_s8(const depthwise_sum *s) {
    add(s, true);
}

const depthwise_kernel u8s8_depthwise_1x1__portable = {"u8s8_depthwise_1x1__portable", 1, 2, sum_u8};
const depthwise_kernel s8s8_depthwise_1x1__portable = {"s8s8_depthwise_1x1__portable", 1, 2, sum_s8};
