/*
 * The plain epilogue of bounded 8-bit results on sums in registers, in the order of tersor.h: of rows of 16 columns. What
 * leads through memory instead costs a tile of little k as much as its products do. Packs saturate, so that the bounds
 * are those of bytes.
 */
#ifndef TERSOR_I8_FINISH_AVX2_H
#define TERSOR_I8_FINISH_AVX2_H

#include <immintrin.h>

#include "compiler.h"
#include "epilogue.h"

/* What 16 columns have in common. Signed results are stored as unsigned ones whose highest bit is then flipped. */
typedef struct i8_finish_columns {
    __m256 multiplier[2], offset[2];
    __m256i zero_point;        /* 16-bit */
    __m256i least, most, flip; /* bytes */
    bool adds; /* a residual, of bytes that become unsigned when flipped */
    __m256 residual_multiplier;
    __m256i residual_zero_point;
    __m128i residual_flip;
} i8_finish_columns;

ALWAYS_INLINE i8_finish_columns i8_finish_start(const epilogue *e, int64_t first) {
    const float *multiplier = e->multiplier + first, *offset = e->offset == NULL ? NULL : e->offset + first;
    const int raise = e->dst_type == TERSOR_S8 ? 128 : 0, residual_raise = e->residual_type == TERSOR_S8 ? 128 : 0;
    const int zero_point = e->zero_point + raise;
    i8_finish_columns c = {
        .multiplier = {_mm256_loadu_ps(multiplier), _mm256_loadu_ps(multiplier + 8)},
        .zero_point = _mm256_set1_epi16((int16_t) zero_point),
        .least = _mm256_set1_epi8((char) (_mm_cvtss_si32(_mm_set_ss(e->lo)) + zero_point)),
        .most = _mm256_set1_epi8((char) (_mm_cvtss_si32(_mm_set_ss(e->hi)) + zero_point)),
        .flip = _mm256_set1_epi8((char) raise),
        .adds = e->residual_type != 0,
        .residual_multiplier = _mm256_set1_ps(e->residual_multiplier),
        .residual_zero_point = _mm256_set1_epi32(e->residual_zero_point + residual_raise),
        .residual_flip = _mm_set1_epi8((char) residual_raise),
    };
    if (offset != NULL) {
        c.offset[0] = _mm256_loadu_ps(offset);
        c.offset[1] = _mm256_loadu_ps(offset + 8);
    } else {
        c.offset[0] = c.offset[1] = _mm256_setzero_ps(); /* adding 0 changes the sign of a zero at most */
    }
    return c;
}

/* Eight results as 32-bit integers before their zero point. */
ALWAYS_INLINE __m256i i8_finish_half(const i8_finish_columns *c, bool adds, __m256i acc, int half, __m128i residual) {
    __m256 r = _mm256_mul_ps(_mm256_cvtepi32_ps(acc), c->multiplier[half]);
    r = _mm256_add_ps(r, c->offset[half]);
    if (adds) {
        const __m256i q = _mm256_sub_epi32(_mm256_cvtepu8_epi32(residual), c->residual_zero_point);
        r = _mm256_add_ps(r, _mm256_mul_ps(_mm256_cvtepi32_ps(q), c->residual_multiplier));
    }
    return _mm256_cvtps_epi32(r);
}

/* A row of results as 16-bit integers: columns 0-3 8-11 | 4-7 12-15 of each 64 bits. */
ALWAYS_INLINE __m256i i8_finish_row(const i8_finish_columns *c, bool adds, const __m256i acc[2], const char *residual) {
    __m128i bytes = _mm_setzero_si128();
    if (adds) {
        bytes = _mm_xor_si128(_mm_loadu_si128((const __m128i *) (const void *) residual), c->residual_flip);
    }
    const __m256i left = i8_finish_half(c, adds, acc[0], 0, bytes);
    const __m256i right = i8_finish_half(c, adds, acc[1], 1, _mm_unpackhi_epi64(bytes, bytes));
    return _mm256_adds_epi16(_mm256_packs_epi32(left, right), c->zero_point);
}

ALWAYS_INLINE void i8_finish_all(const i8_finish_columns *c, bool adds, int rows, __m256i acc[][2],
                                 const epilogue_tile *t) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const char *residual = adds ? (const char *) t->residual + t->first : NULL;
    char *dst = (char *) t->dst + t->first;
    UNROLL(6)
    for (int i = 0; i < rows; i += 2) {
        const __m256i one = i8_finish_row(c, adds, acc[i], adds ? residual + i * t->residual_stride : NULL);
        __m256i other = one;
        if (i + 1 < rows) {
            other = i8_finish_row(c, adds, acc[i + 1], adds ? residual + (i + 1) * t->residual_stride : NULL);
        }
        const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(one, other), order);
        const __m256i clamped = _mm256_min_epu8(_mm256_max_epu8(packed, c->least), c->most);
        const __m256i bytes = _mm256_xor_si256(clamped, c->flip);
        _mm_storeu_si128((__m128i *) (void *) (dst + i * t->dst_stride), _mm256_castsi256_si128(bytes));
        if (i + 1 < rows) {
            _mm_storeu_si128((__m128i *) (void *) (dst + (i + 1) * t->dst_stride), _mm256_extracti128_si256(bytes, 1));
        }
    }
}

/* Stores 16 columns of all rows. */
ALWAYS_INLINE void i8_finish_rows(const i8_finish_columns *c, int rows, __m256i acc[][2], const epilogue_tile *t) {
    if (c->adds) {
        i8_finish_all(c, true, rows, acc, t);
    } else {
        i8_finish_all(c, false, rows, acc, t);
    }
}

/* Stores 16 columns of rows in two vectors, where epilogue_is_requantization. */
ALWAYS_INLINE void i8_finish(int rows, int vectors, __m256i acc[][2], const epilogue *e, const epilogue_tile *t) {
    (void) vectors;
    const i8_finish_columns columns = i8_finish_start(e, t->first);
    i8_finish_rows(&columns, rows, acc, t);
}

#endif
