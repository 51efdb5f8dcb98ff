/* Remainders as binary_body.h has them, eight in binary64 at a time. */
#include <immintrin.h>
#include <math.h>

#include "compiler.h"

/* As real_fmod, but for the lanes of `large`. */
ALWAYS_INLINE __m256 fmod_512(__m256 x, __m256 y, __mmask8 *large) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    const __m512d a = _mm512_cvtps_pd(_mm256_andnot_ps(sign, x)), b = _mm512_cvtps_pd(_mm256_andnot_ps(sign, y));
    const __m512d quotient = _mm512_div_pd(a, b), magic = _mm512_set1_pd(0x1p52);
    *large = _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(quotient, magic, _CMP_GE_OQ), quotient,
                                     _mm512_set1_pd((double) INFINITY), _CMP_LT_OQ);
    const __m512d q = _mm512_sub_pd(_mm512_add_pd(quotient, magic), magic);
    const __m512d nearest = _mm512_fnmadd_pd(q, b, a);
    const __mmask8 below = _mm512_cmp_pd_mask(nearest, _mm512_setzero_pd(), _CMP_LT_OQ);
    const __m512d positive = _mm512_mask_add_pd(nearest, below, nearest, b);
    const __m512d remainder = _mm512_mask_mov_pd(positive, _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), a);
    return _mm256_or_ps(_mm256_andnot_ps(sign, _mm512_cvtpd_ps(remainder)), _mm256_and_ps(sign, x));
}

static void binary_fmod_512(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t count, void *dst) {
    float *to = dst;
    for (int64_t i = 0; i < count; i += 8) {
        const __mmask8 mask = (__mmask8) (count - i >= 8 ? 0xff : (1u << (count - i)) - 1);
        const __m256 x = a_step != 0 ? _mm256_maskz_loadu_ps(mask, a + i) : _mm256_set1_ps(*a);
        const __m256 y = b_step != 0 ? _mm256_maskz_loadu_ps(mask, b + i) : _mm256_set1_ps(*b);
        __mmask8 large;
        __m256 remainder = fmod_512(x, y, &large);
        if (large != 0) {
            float xs[8], ys[8], results[8];
            _mm256_storeu_ps(xs, x);
            _mm256_storeu_ps(ys, y);
            for (int lane = 0; lane < 8; lane++) {
                results[lane] = fmodf(xs[lane], ys[lane]);
            }
            remainder = _mm256_mask_loadu_ps(remainder, large, results);
        }
        _mm256_mask_storeu_ps(to + i, mask, remainder);
    }
}
