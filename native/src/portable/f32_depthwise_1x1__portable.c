/* f32 depthwise sums in plain C. */
#include "compiler.h"
#include "depthwise.h"

static void sum(const depthwise_sum *s) {
    const int64_t padded = depthwise_padded_channels(s->channels);
    float *acc = s->acc;
    const float *weights = s->weights;
    memset(acc, 0, (size_t) (padded * 4));
    for (int64_t step = 0; step < s->steps; step++, weights += padded) {
        const float *a = s->taps[step];
        for (int64_t c = 0; c < s->channels; c++) {
            acc[c] += a[c] * weights[c];
        }
    }
}

const depthwise_kernel f32_depthwise_1x1__portable = {"f32_depthwise_1x1__portable", 4, 1, sum};
