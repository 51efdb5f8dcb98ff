/* f32 depthwise sums of 16 channels, of four pixels side by side: their sums hide the latency of the additions. */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel f32_gemm_6x16__avx2;

enum { PIXELS = 4 };

ALWAYS_INLINE void sum_pixels(const depthwise_tile *t, int64_t p, int pixels) {
    const char *src = t->src + p * t->src_stride;
    __m256 acc[PIXELS][2];
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = acc[i][1] = _mm256_setzero_ps();
    }
    const float *weights = t->weights;
    for (int64_t s = 0; s < t->steps; s++, weights += 16) {
        const __m256 w0 = _mm256_load_ps(weights), w1 = _mm256_load_ps(weights + 8);
        UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            const float *a = const_row_of(src + t->offsets[s], i, t->src_stride);
            acc[i][0] = _mm256_fmadd_ps(_mm256_loadu_ps(a), w0, acc[i][0]);
            acc[i][1] = _mm256_fmadd_ps(_mm256_loadu_ps(a + 8), w1, acc[i][1]);
        }
    }
    float *to = (float *) t->acc + p * 16;
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        _mm256_store_ps(to + i * 16, acc[i][0]);
        _mm256_store_ps(to + i * 16 + 8, acc[i][1]);
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

const depthwise_kernel f32_depthwise_1x16__avx2 = {
    .name = "f32_depthwise_1x16__avx2",
    .format = &f32_gemm_6x16__avx2,
    .block = 16,
    .lanes = 1,
    .taps_per_step = 1,
    .weight_bytes = 4,
    .sum = sum,
};
