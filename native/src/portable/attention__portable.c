/* Attention in plain C. Sums wrap, hence the unsigned type. */
#include "attention_body.h"

static void multiply(const attention_product *p) {
    for (int64_t i = 0; i < p->rows; i++) {
        const uint8_t *a = p->a + i * p->steps * ATTENTION_STEP;
        for (int64_t panel = 0; panel < p->panels; panel++) {
            const int8_t *b = p->b + panel * p->steps * ATTENTION_STEP * ATTENTION_LANES;
            uint32_t acc[ATTENTION_LANES];
            memcpy(acc, p->init + panel * ATTENTION_LANES, sizeof acc);
            for (int64_t k = 0; k < p->steps * ATTENTION_STEP; k += 4, b += 4 * ATTENTION_LANES) {
                for (int lane = 0; lane < ATTENTION_LANES; lane++) {
                    const int8_t *w = b + lane * 4;
                    acc[lane] += (uint32_t) (a[k] * w[0] + a[k + 1] * w[1] + a[k + 2] * w[2] + a[k + 3] * w[3]);
                }
            }
            memcpy(p->c + (i * p->panels + panel) * ATTENTION_LANES, acc, sizeof acc);
        }
    }
}

const attention_kernel attention__portable = {
    .name = "u8s8_attention_1x16__portable",
    ATTENTION_STEPS_IN_C,
    .multiply = multiply,
};
