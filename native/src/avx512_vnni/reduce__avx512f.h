/*
 * Sums of reduce_body.h in AVX-512. Numbers are added by the multipliers, as x * 1 + sum, which rounds as x + sum does:
 * conversions to binary64 take all that the adders can.
 */
#include <immintrin.h>

#include "compiler.h"

enum { REDUCE_512_PLAIN, REDUCE_512_MAGNITUDE, REDUCE_512_SQUARE };

/* `one` is 1, which the compiler must not know. Squares of floats are exact in binary64. */
ALWAYS_INLINE __m512d reduce_add_512(__m512d sum, __m256 x, int term, __m512d one) {
    const __m256 kept = term == REDUCE_512_MAGNITUDE ? _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x) : x;
    const __m512d value = _mm512_cvtps_pd(kept);
    return _mm512_fmadd_pd(value, term == REDUCE_512_SQUARE ? value : one, sum);
}

ALWAYS_INLINE double reduce_run_512(const float *x, int64_t count, int term) {
    __m512d one = _mm512_set1_pd(1.0);
    __asm__("" : "+v"(one));
    __m512d sums[8];
    UNROLL(8)
    for (int v = 0; v < 8; v++) {
        sums[v] = _mm512_setzero_pd();
    }
    for (; count >= 64; count -= 64, x += 64) {
        UNROLL(8)
        for (int v = 0; v < 8; v++) {
            sums[v] = reduce_add_512(sums[v], _mm256_loadu_ps(x + 8 * v), term, one);
        }
    }
    for (; count > 0; count -= 8, x += 8) {
        const __mmask8 mask = (__mmask8) (count >= 8 ? 0xff : (1u << count) - 1);
        sums[0] = reduce_add_512(sums[0], _mm256_maskz_loadu_ps(mask, x), term, one);
    }
    UNROLL(4)
    for (int v = 0; v < 4; v++) {
        sums[v] = _mm512_add_pd(sums[v], sums[v + 4]);
    }
    return _mm512_reduce_add_pd(_mm512_add_pd(_mm512_add_pd(sums[0], sums[1]), _mm512_add_pd(sums[2], sums[3])));
}

static double reduce_sum_512(const float *x, int64_t count) {
    return reduce_run_512(x, count, REDUCE_512_PLAIN);
}

static double reduce_magnitudes_512(const float *x, int64_t count) {
    return reduce_run_512(x, count, REDUCE_512_MAGNITUDE);
}

static double reduce_squares_512(const float *x, int64_t count) {
    return reduce_run_512(x, count, REDUCE_512_SQUARE);
}
