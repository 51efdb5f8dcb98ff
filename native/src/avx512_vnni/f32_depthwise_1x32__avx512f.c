/* f32 depthwise sums of 32 channels, of four pixels side by side: their sums hide the latency of the additions. */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel f32_gemm_12x32__avx512f;

enum { PIXELS = 4 };

ALWAYS_INLINE void sum_pixels(const depthwise_tile *t, int64_t p, int pixels) {
    const char *src = t->src + p * t->src_stride;
    __m512 acc[PIXELS][2];
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = acc[i][1] = _mm512_setzero_ps();
    }
    const float *weights = t->weights;
    for (int64_t s = 0; s < t->steps; s++, weights += 32) {
        const __m512 w0 = _mm512_load_ps(weights), w1 = _mm512_load_ps(weights + 16);
        UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            const float *a = const_row_of(src + t->offsets[s], i, t->src_stride);
            acc[i][0] = _mm512_fmadd_ps(_mm512_loadu_ps(a), w0, acc[i][0]);
            acc[i][1] = _mm512_fmadd_ps(_mm512_loadu_ps(a + 16), w1, acc[i][1]);
        }
    }
    float *to = (float *) t->acc + p * 32;
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        _mm512_store_ps(to + i * 32, acc[i][0]);
        _mm512_store_ps(to + i * 32 + 16, acc[i][1]);
    }
}

static void sum(const depthwise_tile *t) {
    int64_t p = 0;
    for (; p + PIXELS <= t->pixels; p += PIXELS) {
        sum_pixels(t, p, PIXELS);
    }
    for (; p < t->pixels; p++) {
        sum_pixels(t, p, 1);
    }
}

const depthwise_kernel f32_depthwise_1x32__avx512f = {
    .name = "f32_depthwise_1x32__avx512f",
    .format = &f32_gemm_12x32__avx512f,
    .block = 32,
    .lanes = 1,
    .taps_per_step = 1,
    .weight_bytes = 4,
    .sum = sum,
};
