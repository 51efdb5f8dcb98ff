/* f32 depthwise sums of 32 channels. */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

static void sum(const depthwise_sum *s) {
    const int64_t padded = depthwise_padded_channels(s->channels);
    for (int64_t c = 0; c < s->channels; c += DEPTHWISE_BLOCK) {
        const int64_t rest = s->channels - c;
        const uint32_t mask = rest >= 32 ? UINT32_MAX : (UINT32_C(1) << rest) - 1;
        const float *weights = (const float *) s->weights + c;
        __m512 acc0 = _mm512_setzero_ps(), acc1 = _mm512_setzero_ps();
        for (int64_t step = 0; step < s->steps; step++, weights += padded) {
            const float *a = (const float *) s->taps[step] + c;
            const __m512 a0 = _mm512_maskz_loadu_ps((__mmask16) mask, a);
            const __m512 a1 = _mm512_maskz_loadu_ps((__mmask16) (mask >> 16), a + 16);
            acc0 = _mm512_fmadd_ps(a0, _mm512_load_ps(weights), acc0);
            acc1 = _mm512_fmadd_ps(a1, _mm512_load_ps(weights + 16), acc1);
        }
        _mm512_store_ps((float *) s->acc + c, acc0);
        _mm512_store_ps((float *) s->acc + c + 16, acc1);
    }
}

const depthwise_kernel f32_depthwise_1x32__avx512f = {"f32_depthwise_1x32__avx512f", 4, 1, sum};
