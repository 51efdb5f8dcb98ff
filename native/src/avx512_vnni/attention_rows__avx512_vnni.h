/* Attention's steps but the product in AVX-512, for the kernels with and without AMX. */
#ifndef TERSOR_ATTENTION_ROWS_AVX512_VNNI_H
#define TERSOR_ATTENTION_ROWS_AVX512_VNNI_H

#include <immintrin.h>

#include "attention_body.h"
#include "scattered.h"

static inline void attention_copy__avx512_vnni(const attention_matrix *from, int64_t padded_k, uint8_t *to,
                                               int32_t *sums) {
    const __m512i flip = _mm512_set1_epi8((char) from->flip), ones = _mm512_set1_epi8(1);
    for (int64_t row = 0; row < from->rows; row++) {
        const uint8_t *data = from->data + row * from->stride;
        __m512i sum = _mm512_setzero_si512();
        for (int64_t k = 0; k < padded_k; k += 64, to += 64) {
            const int64_t left = from->columns - k;
            const __mmask64 mask = left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
            const __m512i bytes = _mm512_maskz_loadu_epi8(mask, data + k);
            const __m512i flipped = _mm512_maskz_mov_epi8(mask, _mm512_xor_si512(bytes, flip));
            _mm512_store_si512(to, flipped);
            sum = _mm512_dpbusd_epi32(sum, flipped, ones);
        }
        sums[row] = _mm512_reduce_add_epi32(sum);
    }
}

static inline void attention_pack_transposed__avx512_vnni(const attention_matrix *from, int64_t padded_k,
                                                          int8_t *panel, int32_t *sums) {
    if (from->columns % 4 != 0) {
        attention_pack_transposed(from, padded_k, panel, sums);
        return;
    }
    const char *rows[ATTENTION_LANES];
    for (int i = 0; i < ATTENTION_LANES; i++) { /* nobody asks for the columns behind the last */
        rows[i] = (const char *) from->data + min_s64(i, from->rows - 1) * from->stride;
    }
    const int64_t bytes = from->columns * ATTENTION_LANES;
    turn_16__avx512f(rows, from->columns / 4, (char *) panel, 64);
    const __m512i flip = _mm512_set1_epi8((char) from->flip), ones = _mm512_set1_epi8(1);
    __m512i sum = _mm512_setzero_si512();
    for (int64_t at = 0; at < bytes; at += 64) {
        const __m512i flipped = _mm512_xor_si512(_mm512_load_si512(panel + at), flip);
        _mm512_store_si512(panel + at, flipped);
        sum = _mm512_dpbusd_epi32(sum, ones, flipped);
    }
    memset(panel + bytes, 0, (size_t) (padded_k * ATTENTION_LANES - bytes));
    _mm512_storeu_si512(sums, sum);
}

static inline void attention_pack__avx512_vnni(const attention_matrix *from, int8_t *panel) {
    const __mmask16 mask = (__mmask16) ((1u << from->columns) - 1);
    const __m128i flip = _mm_set1_epi8((char) from->flip);
    for (int64_t k = 0; k < from->rows; k += 4, panel += 64) {
        __m128i r[4];
        for (int i = 0; i < 4; i++) {
            const uint8_t *row = from->data + min_s64(k + i, from->rows - 1) * from->stride;
            r[i] = _mm_xor_si128(_mm_maskz_loadu_epi8(mask, row), flip);
        }
        const __m128i low01 = _mm_unpacklo_epi8(r[0], r[1]), high01 = _mm_unpackhi_epi8(r[0], r[1]);
        const __m128i low23 = _mm_unpacklo_epi8(r[2], r[3]), high23 = _mm_unpackhi_epi8(r[2], r[3]);
        __m128i *to = (__m128i *) (void *) panel;
        _mm_store_si128(to, _mm_unpacklo_epi16(low01, low23));
        _mm_store_si128(to + 1, _mm_unpackhi_epi16(low01, low23));
        _mm_store_si128(to + 2, _mm_unpacklo_epi16(high01, high23));
        _mm_store_si128(to + 3, _mm_unpackhi_epi16(high01, high23));
    }
}

/* 16 scores from key j on, of which those in `lanes` take part. max returns its second operand when one is NaN. */
ALWAYS_INLINE __m512 attention_score(__m512i term, __m512 scale, const float *mask, __mmask16 lanes, int32_t *at) {
    const __m512i sums = _mm512_add_epi32(_mm512_load_si512(at), term);
    __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scale);
    if (mask != 0) {
        x = _mm512_add_ps(x, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, mask), _mm512_set1_ps(SCALAR_LOG2_E)));
    }
    x = _mm512_mask_blend_ps(lanes, _mm512_set1_ps(-INFINITY), x);
    _mm512_store_ps(at, x);
    return x;
}

/* Sums of a row to scores; returns the largest. */
ALWAYS_INLINE float attention_scores__avx512_vnni(const attention_softmax *s, bool masked, int64_t row, int64_t keys) {
    int32_t *sums = s->sums + row * s->padded_keys;
    const float *mask = masked ? s->mask + row * s->mask_stride : 0;
    const __m512i term = _mm512_set1_epi32(s->row_terms[row]);
    const __m512 scale = _mm512_set1_ps(s->score_scale * SCALAR_LOG2_E);
    __m512 largest = _mm512_set1_ps(-INFINITY);
    int64_t j = 0;
    for (; j + 16 <= keys; j += 16) {
        largest = _mm512_max_ps(attention_score(term, scale, masked ? mask + j : 0, 0xffff, sums + j), largest);
    }
    if (j < keys) {
        const __mmask16 lanes = (__mmask16) ((1u << (keys - j)) - 1);
        largest = _mm512_max_ps(attention_score(term, scale, masked ? mask + j : 0, lanes, sums + j), largest);
    }
    return _mm512_reduce_max_ps(largest);
}

/* scalar_exp2_of_negative. */
ALWAYS_INLINE __m512 attention_exp2(__m512 x) {
    const __m512 magic = _mm512_set1_ps(12582912.0f);
    const __m512 sum = _mm512_add_ps(x, magic);
    const __m512 f = _mm512_sub_ps(x, _mm512_sub_ps(sum, magic));
    __m512 p = _mm512_set1_ps(0x1.3a02ccp-7f);
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0x1.c9fc46p-5f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0x1.ec0378p-3f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(0x1.62e12cp-1f));
    p = _mm512_add_ps(_mm512_mul_ps(p, f), _mm512_set1_ps(1.0f));
    const __mmask16 counts = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-100.0f), _CMP_GE_OQ);
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(sum), 23);
    return _mm512_castsi512_ps(_mm512_maskz_add_epi32(counts, _mm512_castps_si512(p), exponent));
}

/* Scores of a row to weights, with zeros behind; returns their sum. */
ALWAYS_INLINE float attention_weights__avx512_vnni(const attention_softmax *s, int64_t row, int64_t keys,
                                                   float largest) {
    float *x = (float *) (void *) (s->sums + row * s->padded_keys);
    const __m512 least = _mm512_set1_ps(largest);
    __m512 total = _mm512_setzero_ps();
    int64_t j = 0;
    for (; j < keys; j += 16) {
        const __m512 weights = attention_exp2(_mm512_sub_ps(_mm512_load_ps(x + j), least));
        _mm512_store_ps(x + j, weights);
        total = _mm512_add_ps(total, weights);
    }
    for (; j < s->padded_keys; j += 16) {
        _mm512_store_ps(x + j, _mm512_setzero_ps());
    }
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(total), _mm512_extractf32x8_ps(total, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Weights of a row to probabilities: packing them saturates at 255. Returns their sum. */
ALWAYS_INLINE int32_t attention_probabilities__avx512_vnni(const attention_softmax *s, int64_t row, float factor) {
    const float *x = (const float *) (const void *) (s->sums + row * s->padded_keys);
    uint8_t *p = s->probabilities + row * s->padded_keys;
    const __m512 by = _mm512_set1_ps(factor);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i total = _mm512_setzero_si512();
    for (int64_t j = 0; j < s->padded_keys; j += 64) {
        __m512i r[4];
        UNROLL(4)
        for (int v = 0; v < 4; v++) {
            r[v] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_load_ps(x + j + v * 16), by));
        }
        const __m512i bytes = _mm512_packus_epi16(_mm512_packs_epi32(r[0], r[1]), _mm512_packs_epi32(r[2], r[3]));
        const __m512i ordered = _mm512_permutexvar_epi32(order, bytes);
        _mm512_store_si512(p + j, ordered);
        total = _mm512_dpbusd_epi32(total, ordered, _mm512_set1_epi8(1));
    }
    return _mm512_reduce_add_epi32(total);
}

/* In three passes over the rows, so that what each ends with, across a vector, is waited for but once. */
static inline void attention_softmax__avx512_vnni(const attention_softmax *s) {
    float found[ATTENTION_ROWS];
    for (int64_t row = 0; row < s->rows; row++) {
        const int64_t keys = attention_keys(s, row);
        found[row] = s->mask == 0 ? attention_scores__avx512_vnni(s, false, row, keys)
                                  : attention_scores__avx512_vnni(s, true, row, keys);
    }
    for (int64_t row = 0; row < s->rows; row++) {
        found[row] = attention_weights__avx512_vnni(s, row, attention_keys(s, row), found[row]);
    }
    for (int64_t row = 0; row < s->rows; row++) {
        s->totals[row] = attention_probabilities__avx512_vnni(s, row, attention_factor(s, found[row]));
    }
}

/* As the epilogue does it: max and min return their second operand when one is NaN. */
static inline void attention_store_i8__avx512_vnni(const attention_store *s) {
    const __m512 scale = _mm512_set1_ps(s->scale), lo = _mm512_set1_ps(s->lo), hi = _mm512_set1_ps(s->hi);
    const __m512i zero_point = _mm512_set1_epi32(s->zero_point);
    for (int64_t row = 0; row < s->rows; row++) {
        const __m512i term = _mm512_set1_epi32(
            (int32_t) ((uint32_t) s->value_zero_point * (uint32_t) s->totals[row]));
        const int32_t *sums = s->sums + row * s->sums_stride;
        uint8_t *to = (uint8_t *) s->dst + row * s->dst_stride;
        for (int64_t e = 0; e < s->columns; e += 16) {
            const int64_t left = s->columns - e;
            const __mmask16 mask = (__mmask16) (left >= 16 ? 0xffff : (1u << left) - 1);
            const __m512 sum = _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_load_si512(sums + e), term));
            const __m512 r = _mm512_min_ps(_mm512_max_ps(_mm512_mul_ps(sum, scale), lo), hi);
            const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(r), zero_point);
            _mm_mask_storeu_epi8(to + e, mask, _mm512_cvtepi32_epi8(q));
        }
    }
}

#endif
