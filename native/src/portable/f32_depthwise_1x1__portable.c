/* f32 depthwise sums in plain C. */
#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel f32_gemm_4x16__portable;

enum { CHANNELS = 16 };

static void sum(const depthwise_tile *t) {
    for (int64_t p = 0; p < t->pixels; p++) {
        const char *src = t->src + p * t->src_stride;
        const float *weights = t->weights;
        float acc[CHANNELS] = {0};
        for (int64_t s = 0; s < t->steps; s++, weights += CHANNELS) {
            const float *a = const_row_of(src, 1, t->offsets[s]);
            for (int64_t c = 0; c < CHANNELS; c++) {
                acc[c] += a[c] * weights[c];
            }
        }
        memcpy((float *) t->acc + p * CHANNELS, acc, sizeof acc);
    }
}

const depthwise_kernel f32_depthwise_1x1__portable = {
    .name = "f32_depthwise_1x1__portable",
    .format = &f32_gemm_4x16__portable,
    .block = CHANNELS,
    .lanes = 1,
    .taps_per_step = 1,
    .weight_bytes = 4,
    .sum = sum,
};
