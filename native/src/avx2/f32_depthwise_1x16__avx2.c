/* f32 depthwise sums of 16 channels. */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

enum { CHANNELS = 16 };

/* All ones in the first `count` of eight lanes. */
ALWAYS_INLINE __m256i lanes(int64_t count) {
    const int32_t n = count >= 8 ? 8 : count <= 0 ? 0 : (int32_t) count;
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static void sum(const depthwise_sum *s) {
    const int64_t padded = depthwise_padded_channels(s->channels);
    for (int64_t c = 0; c < s->channels; c += CHANNELS) {
        const __m256i mask0 = lanes(s->channels - c), mask1 = lanes(s->channels - c - 8);
        const float *weights = (const float *) s->weights + c;
        __m256 acc0 = _mm256_setzero_ps(), acc1 = _mm256_setzero_ps();
        for (int64_t step = 0; step < s->steps; step++, weights += padded) {
            const float *a = (const float *) s->taps[step] + c;
            acc0 = _mm256_fmadd_ps(_mm256_maskload_ps(a, mask0), _mm256_load_ps(weights), acc0);
            acc1 = _mm256_fmadd_ps(_mm256_maskload_ps(a + 8, mask1), _mm256_load_ps(weights + 8), acc1);
        }
        _mm256_store_ps((float *) s->acc + c, acc0);
        _mm256_store_ps((float *) s->acc + c + 8, acc1);
    }
}

const depthwise_kernel f32_depthwise_1x16__avx2 = {"f32_depthwise_1x16__avx2", 4, 1, sum};
