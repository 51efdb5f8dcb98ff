/* What normalization to 8 bits does with a row whose mean and variance are known. */
#ifndef TERSOR_LAYER_NORM_BYTES_H
#define TERSOR_LAYER_NORM_BYTES_H

#include <immintrin.h>

#include "compiler.h"
#include "elementwise.h"

typedef struct norm_constants {
    __m512 factor, shift, hi;
} norm_constants;

/* 16 results as integers. NaN, which passes min from the second place, and what is too small become the least one. */
ALWAYS_INLINE __m512i norm_rounded(const norm_constants *c, const float *x, const float *scale, const float *bias,
                                   __mmask16 mask) {
    const __m512 t = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, x), c->factor, c->shift);
    const __m512 y = _mm512_fmadd_ps(t, _mm512_maskz_loadu_ps(mask, scale), _mm512_maskz_loadu_ps(mask, bias));
    return _mm512_cvtps_epi32(_mm512_min_ps(c->hi, y));
}

/* Saturating packs raise to the type's least value, so that only the higher bound has to be compared with. */
static void normalize_bytes_512(const layer_norm *n, const float *x, float factor, float shift, uint8_t *to) {
    const int32_t greatest = n->dst_type == TERSOR_U8 ? 255 : 127;
    const norm_constants c = {_mm512_set1_ps(factor), _mm512_set1_ps(shift),
                              _mm512_set1_ps((float) (greatest - n->zero_point))};
    const __m512i zero_point = _mm512_set1_epi16((int16_t) n->zero_point);
    /* The packs leave 4 columns of each vector beside each other. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    for (int64_t i = 0; i < n->columns; i += 64) {
        const int64_t left = n->columns - i;
        const __mmask64 mask = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
        __m512i q[4];
        UNROLL(4)
        for (int v = 0; v < 4; v++) {
            q[v] = norm_rounded(&c, x + i + 16 * v, n->scale + i + 16 * v, n->bias + i + 16 * v,
                                (__mmask16) (mask >> 16 * v));
        }
        const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(q[0], q[1]), zero_point);
        const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(q[2], q[3]), zero_point);
        const __m512i bytes = n->dst_type == TERSOR_U8 ? _mm512_packus_epi16(low, high) : _mm512_packs_epi16(low, high);
        _mm512_mask_storeu_epi8(to + i, mask, _mm512_permutexvar_epi32(order, bytes));
    }
}

#endif
