#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#include "exponential__avx512f.h"
#include "fmod__avx512f.h"
#include "move__avx512f.h"
#include "reduce__avx512f.h"

static void cast_f16_f32_512(const void *src, int64_t count, void *dst) {
    const uint16_t *from = src;
    float *to = dst;
    for (; count >= 16; count -= 16, from += 16, to += 16) {
        _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *) (const void *) from)));
    }
    const __mmask16 mask = (__mmask16) ((1u << count) - 1);
    _mm512_mask_storeu_ps(to, mask, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, from)));
}

static void cast_f32_f16_512(const void *src, int64_t count, void *dst) {
    const float *from = src;
    uint16_t *to = dst;
    for (; count >= 16; count -= 16, from += 16, to += 16) {
        _mm256_storeu_si256((__m256i *) (void *) to,
                            _mm512_cvtps_ph(_mm512_loadu_ps(from), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    const __mmask16 mask = (__mmask16) ((1u << count) - 1);
    _mm256_mask_storeu_epi16(to, mask, _mm512_cvtps_ph(_mm512_maskz_loadu_ps(mask, from),
                                                       _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/* Truncated and saturated; what the conversion cannot represent it makes the least integer. */
static void cast_f32_s32_512(const void *src, int64_t count, void *dst) {
    const float *from = src;
    int32_t *to = dst;
    while (count > 0) {
        const __mmask16 mask = (__mmask16) (count >= 16 ? 0xffff : (1u << count) - 1);
        const __m512 x = _mm512_maskz_loadu_ps(mask, from);
        const __m512i y = _mm512_maskz_cvttps_epi32(_mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), x);
        const __mmask16 above = _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p31f), _CMP_GE_OQ);
        _mm512_mask_storeu_epi32(to, mask, _mm512_mask_mov_epi32(y, above, _mm512_set1_epi32(INT32_MAX)));
        count -= 16;
        from += 16;
        to += 16;
    }
}

#define MAP_EXPONENTIALS map_exp_512, map_sigmoid_512, map_tanh_512
#define TRANSPOSE_WORDS transpose_words_512
#define INTERLEAVE_WORDS interleave_words_512
#define THIRDS_OF_WORDS thirds_of_words_512
#define BINARY_FMOD binary_fmod_512
#define REDUCE_SUMS reduce_sum_512, reduce_magnitudes_512, reduce_squares_512
#define SOFTMAX_MAX softmax_max_512
#define SOFTMAX_EXPONENTIALS softmax_exponentials_512
#define LOG_SOFTMAX_EXPONENTIALS log_softmax_exponentials_512
#define CAST_F32_S32 cast_f32_s32_512
#define CAST_F16_F32 cast_f16_f32_512
#define CAST_F32_F16 cast_f32_f16_512
#include "real_body.h"

const real_functions real__avx512f = REAL_FUNCTIONS;
