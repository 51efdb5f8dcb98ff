/*
 * What exponential.h, map_body.h and softmax_body.h have of exponentials, with AVX-512's scaling by powers of 2. A
 * division takes fewer of the multipliers' cycles than an approximate reciprocal and a step of Newton's.
 */
#include <immintrin.h>
#include <stdbool.h>

#include "compiler.h"

typedef struct exponent_512 {
    __m512 n, r;
} exponent_512;

ALWAYS_INLINE exponent_512 split_512(__m512 x) {
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    const __m512 n = _mm512_sub_ps(_mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504f), magic), magic);
    const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x);
    return (exponent_512){n, _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r)};
}

/* (e^r - 1) / r */
ALWAYS_INLINE __m512 expm1_ratio_512(__m512 r) {
    __m512 p = _mm512_set1_ps(0x1.6a23dp-10f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.123a2p-7f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.5558f2p-5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.555492p-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0x1.fffffcp-2f));
    return _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
}

/* max and min return their second operand where there is a NaN. */
ALWAYS_INLINE __m512 exp_512(__m512 x) {
    const __m512 bounded = _mm512_min_ps(_mm512_set1_ps(89.0f), _mm512_max_ps(_mm512_set1_ps(-104.0f), x));
    const exponent_512 e = split_512(bounded);
    return _mm512_scalef_ps(_mm512_fmadd_ps(expm1_ratio_512(e.r), e.r, _mm512_set1_ps(1.0f)), e.n);
}

ALWAYS_INLINE __m512 sigmoid_512(__m512 x) {
    const __m512 one = _mm512_set1_ps(1.0f);
    const __m512 e = exp_512(_mm512_or_ps(x, _mm512_set1_ps(-0.0f)));
    const __mmask16 below = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
    return _mm512_div_ps(_mm512_mask_mov_ps(one, below, e), _mm512_add_ps(one, e));
}

/*
 * t / (t + 2) with t = e^(-2 |x|) - 1, and the sign of x; steps that need no multiplication leave its units to others.
 */
ALWAYS_INLINE __m512 tanh_512(__m512 x) {
    const __m512 sign = _mm512_set1_ps(-0.0f), one = _mm512_set1_ps(1.0f), magic = _mm512_set1_ps(12582912.0f);
    const __m512 magnitude = _mm512_min_ps(_mm512_set1_ps(10.0f), _mm512_andnot_ps(sign, x));
    const __m512 twice = _mm512_add_ps(magnitude, magnitude);
    const __m512 sum = _mm512_fnmadd_ps(twice, _mm512_set1_ps(1.44269504f), magic);
    const __m512 n = _mm512_sub_ps(sum, magic);
    const __m512 high = _mm512_fnmsub_ps(n, _mm512_set1_ps(0x1.62e4p-1f), twice);
    const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), high);
    const __m512 power = _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_castps_si512(sum), _mm512_set1_epi32(127)), 23));
    const __m512 t =
        _mm512_fmadd_ps(power, _mm512_mul_ps(expm1_ratio_512(r), r), _mm512_sub_ps(power, one));
    const __m512 y = _mm512_div_ps(t, _mm512_add_ps(t, _mm512_set1_ps(2.0f)));
    return _mm512_or_ps(_mm512_andnot_ps(sign, y), _mm512_and_ps(sign, x));
}

#define MAP_512(name, expression)                                                                                      \
    static void map_##name##_512(const float *from, int64_t count, float alpha, float beta, float *to) {               \
        (void) alpha;                                                                                                  \
        (void) beta;                                                                                                   \
        for (; count >= 16; count -= 16, from += 16, to += 16) {                                                       \
            const __m512 x = _mm512_loadu_ps(from);                                                                    \
            _mm512_storeu_ps(to, expression);                                                                          \
        }                                                                                                              \
        const __mmask16 mask = (__mmask16) ((1u << count) - 1);                                                        \
        const __m512 x = _mm512_maskz_loadu_ps(mask, from);                                                            \
        _mm512_mask_storeu_ps(to, mask, expression);                                                                   \
    }

MAP_512(exp, exp_512(x))
MAP_512(sigmoid, sigmoid_512(x))
MAP_512(plain_tanh, tanh_512(x))
MAP_512(scaled_tanh, _mm512_mul_ps(_mm512_set1_ps(alpha), tanh_512(_mm512_mul_ps(_mm512_set1_ps(beta), x))))

static void map_tanh_512(const float *from, int64_t count, float alpha, float beta, float *to) {
    (alpha == 1.0f && beta == 1.0f ? map_plain_tanh_512 : map_scaled_tanh_512)(from, count, alpha, beta, to);
}

/*
 * e^(x - m) for x <= m, as real_exp_of_difference, or without what rounding took from the difference; lanes below the
 * bound, where error is no number, become 0. By n in sixteenths, whose fraction chooses a power of 2 from a table: a
 * polynomial of degree 3 serves for the rest, and its short chain of dependent steps lets more of them overlap.
 */
ALWAYS_INLINE __m512 exp_of_difference_512(__m512 x, __m512 m, bool exact) {
    const __m512 powers = _mm512_setr_ps(
        0x1p0f, 0x1.0b5586p0f, 0x1.172b84p0f, 0x1.2387a6p0f,
        0x1.306fep0f, 0x1.3dea64p0f, 0x1.4bfdaep0f, 0x1.5ab07ep0f,
        0x1.6a09e6p0f, 0x1.7a1148p0f, 0x1.8ace54p0f, 0x1.9c4918p0f,
        0x1.ae89fap0f, 0x1.c199bep0f, 0x1.d5818ep0f, 0x1.ea4afap0f);
    const __m512 magic = _mm512_set1_ps(786432.0f); /* 1.5 * 2^19, whose unit in the last place is 1 / 16 */
    const __m512 difference = _mm512_sub_ps(x, m);
    __m512 error = _mm512_setzero_ps();
    if (exact) {
        const __m512 taken = _mm512_sub_ps(difference, x);
        error = _mm512_sub_ps(_mm512_sub_ps(x, _mm512_sub_ps(difference, taken)), _mm512_add_ps(taken, m));
    }
    const __m512 sum = _mm512_fmadd_ps(difference, _mm512_set1_ps(1.44269504f), magic);
    const __m512 n = _mm512_sub_ps(sum, magic);
    const __m512 high = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), difference);
    const __m512 low = _mm512_set1_ps(0x1.7f7d1cp-20f);
    const __m512 r = exact ? _mm512_add_ps(high, _mm512_fnmadd_ps(n, low, error)) : _mm512_fnmadd_ps(n, low, high);
    const __m512 power = _mm512_permutexvar_ps(_mm512_castps_si512(sum), powers);
    const __m512 half = _mm512_fmadd_ps(r, _mm512_set1_ps(1.0f / 6), _mm512_set1_ps(0.5f));
    const __m512 ratio = _mm512_fmadd_ps(half, r, _mm512_set1_ps(1.0f));
    const __m512 y = _mm512_fmadd_ps(ratio, _mm512_mul_ps(power, r), power);
    const __mmask16 kept = _mm512_cmp_ps_mask(difference, _mm512_set1_ps(-87.3365f), _CMP_NLT_UQ);
    return _mm512_maskz_scalef_ps(kept, y, n);
}

/* The largest number; NaNs do not count, as they come to the sum anyway. */
static float softmax_max_512(const float *from, int64_t count) {
    __m512 max = _mm512_set1_ps(-INFINITY), other = max;
    for (; count >= 32; count -= 32, from += 32) {
        max = _mm512_max_ps(_mm512_loadu_ps(from), max);
        other = _mm512_max_ps(_mm512_loadu_ps(from + 16), other);
    }
    max = _mm512_max_ps(max, other);
    for (; count > 0; count -= 16, from += 16) {
        const __mmask16 mask = (__mmask16) (count >= 16 ? 0xffff : (1u << count) - 1);
        max = _mm512_mask_max_ps(max, mask, _mm512_maskz_loadu_ps(mask, from), max);
    }
    return _mm512_reduce_max_ps(max);
}

/* e^(x - max) of the lanes of a mask; others are 0. What is not stored is only summed, where it need not be exact. */
ALWAYS_INLINE __m512 exponentials_512(__mmask16 mask, const float *from, __m512 max, bool stored, float *to) {
    const __m512 y = exp_of_difference_512(_mm512_maskz_loadu_ps(mask, from), max, stored);
    if (stored) {
        _mm512_mask_storeu_ps(to, mask, y);
    }
    return _mm512_maskz_mov_ps(mask, y);
}

ALWAYS_INLINE __m512d widened_sum_512(__m512 x) {
    return _mm512_add_pd(_mm512_cvtps_pd(_mm512_castps512_ps256(x)), _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1)));
}

/* A lane adds at most 16 numbers, by fours, and then in binary64: errors stay below 2^-21 of the sum. */
ALWAYS_INLINE double sum_exponentials_512(const float *from, int64_t count, float max, bool stored, float *to) {
    const __m512 m = _mm512_set1_ps(max);
    __m512d total = _mm512_setzero_pd();
    __m512 sum = _mm512_setzero_ps();
    int64_t i = 0;
    for (; count - i >= 64; i += 64) {
        const __m512 a = exponentials_512(0xffff, from + i, m, stored, to + i);
        const __m512 b = exponentials_512(0xffff, from + i + 16, m, stored, to + i + 16);
        const __m512 c = exponentials_512(0xffff, from + i + 32, m, stored, to + i + 32);
        const __m512 d = exponentials_512(0xffff, from + i + 48, m, stored, to + i + 48);
        sum = _mm512_add_ps(sum, _mm512_add_ps(_mm512_add_ps(a, b), _mm512_add_ps(c, d)));
        if (i % 256 == 192) {
            total = _mm512_add_pd(total, widened_sum_512(sum));
            sum = _mm512_setzero_ps();
        }
    }
    total = _mm512_add_pd(total, widened_sum_512(sum));
    for (; i < count; i += 16) {
        const __mmask16 mask = (__mmask16) (count - i >= 16 ? 0xffff : (1u << (count - i)) - 1);
        total = _mm512_add_pd(total, widened_sum_512(exponentials_512(mask, from + i, m, stored, to + i)));
    }
    return _mm512_reduce_add_pd(total);
}

static double softmax_exponentials_512(const float *from, int64_t count, float max, float *to) {
    return sum_exponentials_512(from, count, max, true, to);
}

static double log_softmax_exponentials_512(const float *from, int64_t count, float max) {
    float none;
    return sum_exponentials_512(from, count, max, false, &none);
}
