/*
 * Rows of 32 int32 sums to 8 bits in AVX-512 registers, for kernels that store between their multiplications: what
 * epilogue__avx512_vnni.c does for plain epilogues, to be inlined.
 */
#ifndef TERSOR_BYTE_ROWS_H
#define TERSOR_BYTE_ROWS_H

#include <immintrin.h>

#include "compiler.h"
#include "epilogue.h"

enum { BYTE_ROWS_COLUMNS = 32 };

/* What 32 columns have in common. Signed levels are stored as unsigned ones whose highest bit is then flipped. */
typedef struct byte_rows_columns {
    __m512 multiplier[2], offset[2], lo, hi;
    __m512 residual_multiplier;
    __m512i start[2], zero_point, residual_zero_point, order, flip;
    __m128i residual_flip;
    int64_t first;
    bool clamps;
} byte_rows_columns;

/* Whether the epilogue ends in 8 bits, without a function or a residual of floats. */
static inline bool byte_rows_serve(const epilogue *e) {
    return (e->dst_type == TERSOR_U8 || e->dst_type == TERSOR_S8) && e->function == TERSOR_IDENTITY &&
           e->residual_type != TERSOR_F32;
}

ALWAYS_INLINE __mmask16 byte_rows_at_least(__m512 values, float bound) {
    return _mm512_cmp_ps_mask(_mm512_abs_ps(values), _mm512_set1_ps(bound), _CMP_NLT_UQ);
}

/*
 * Columns from `first` on, whose sums lack `start`. Packs saturate, so results need no clamping to the bounds of the type itself unless they may
 * leave int32, where the conversion would lose their sign: not with multipliers below 1/2 and offsets below 2^28.
 */
ALWAYS_INLINE byte_rows_columns byte_rows_columns_of(const epilogue *e, const int32_t *start, int64_t first) {
    const bool is_signed = e->dst_type == TERSOR_S8, adds_signed = e->residual_type == TERSOR_S8;
    const int32_t zero_point = e->zero_point + (is_signed ? 128 : 0);
    byte_rows_columns c = {
        .first = first,
        .start = {_mm512_loadu_si512(start), _mm512_loadu_si512(start + 16)},
        .multiplier = {_mm512_loadu_ps(e->multiplier + first), _mm512_loadu_ps(e->multiplier + first + 16)},
        .offset = {_mm512_setzero_ps(), _mm512_setzero_ps()},
        .lo = _mm512_set1_ps(e->lo),
        .hi = _mm512_set1_ps(e->hi),
        .residual_multiplier = _mm512_set1_ps(e->residual_multiplier),
        .zero_point = _mm512_set1_epi16((int16_t) zero_point),
        .residual_zero_point = _mm512_set1_epi32(e->residual_zero_point + (adds_signed ? 128 : 0)),
        /* The packs leave [row 0: 0-3, 16-19; row 1: 0-3, 16-19; row 0: 4-7 and so on], in units of 4 columns. */
        .order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        .flip = _mm512_set1_epi8(is_signed ? -128 : 0),
        .residual_flip = _mm_set1_epi8(adds_signed ? -128 : 0),
    };
    if (e->offset != 0) {
        c.offset[0] = _mm512_loadu_ps(e->offset + first);
        c.offset[1] = _mm512_loadu_ps(e->offset + first + 16);
    }
    const __mmask16 large = byte_rows_at_least(c.multiplier[0], 0.5f) | byte_rows_at_least(c.multiplier[1], 0.5f) |
                            byte_rows_at_least(c.offset[0], 0x1p28f) | byte_rows_at_least(c.offset[1], 0x1p28f) |
                            byte_rows_at_least(c.residual_multiplier, 0x1p20f);
    c.clamps = large != 0 || e->lo != (float) -zero_point || e->hi != (float) (255 - zero_point);
    return c;
}

/* 16 columns as integers. */
ALWAYS_INLINE __m512i byte_rows_rounded(bool adds, bool clamps, const byte_rows_columns *c, const char *sums,
                                        const char *residual, int v) {
    const __m512i sum = _mm512_add_epi32(_mm512_load_si512(sums + v * 64), c->start[v]);
    __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), c->multiplier[v]);
    r = _mm512_add_ps(r, c->offset[v]);
    if (adds) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *) (const void *) (residual + v * 16));
        const __m512i level = _mm512_cvtepu8_epi32(_mm_xor_si128(bytes, c->residual_flip));
        const __m512 value = _mm512_cvtepi32_ps(_mm512_sub_epi32(level, c->residual_zero_point));
        r = _mm512_add_ps(r, _mm512_mul_ps(value, c->residual_multiplier));
    }
    /* max returns its second operand for NaN, which so becomes lo. */
    return _mm512_cvtps_epi32(clamps ? _mm512_min_ps(_mm512_max_ps(r, c->lo), c->hi) : r);
}

/* 16-bit results, with the zero point, of 32 columns of a row. */
ALWAYS_INLINE __m512i byte_rows_narrowed(bool adds, bool clamps, const byte_rows_columns *c, const char *sums,
                                         const char *residual) {
    const __m512i left = byte_rows_rounded(adds, clamps, c, sums, residual, 0);
    const __m512i right = byte_rows_rounded(adds, clamps, c, sums, residual, 1);
    return _mm512_adds_epi16(_mm512_packs_epi32(left, right), c->zero_point);
}

/* Two rows; where there is but one, it is computed twice. */
ALWAYS_INLINE void byte_rows_store_two(bool adds, bool clamps, const byte_rows_columns *c, const char *sums,
                                       const char *residual, int64_t residual_stride, char *to, int64_t stride,
                                       bool two) {
    const __m512i top = byte_rows_narrowed(adds, clamps, c, sums, residual);
    const __m512i bottom = byte_rows_narrowed(adds, clamps, c, two ? sums + BYTE_ROWS_COLUMNS * 4 : sums,
                                              adds && two ? residual + residual_stride : residual);
    const __m512i packed = _mm512_xor_si512(_mm512_packus_epi16(top, bottom), c->flip);
    const __m512i q = _mm512_permutexvar_epi32(c->order, packed);
    _mm256_storeu_si256((__m256i *) (void *) to, _mm512_castsi512_si256(q));
    _mm256_storeu_si256((__m256i *) (void *) (two ? to + stride : to), _mm512_extracti64x4_epi64(q, 1));
}

/*
 * One or two rows of sums, one behind the other at a multiple of 64 bytes; the addresses of residual and destination are
 * those of column 0.
 */
ALWAYS_INLINE void byte_rows_store(bool adds, const byte_rows_columns *c, const char *sums, const char *residual,
                                   int64_t residual_stride, char *to, int64_t stride, bool two) {
    residual = adds ? residual + c->first : residual;
    if (c->clamps) {
        byte_rows_store_two(adds, true, c, sums, residual, residual_stride, to + c->first, stride, two);
    } else {
        byte_rows_store_two(adds, false, c, sums, residual, residual_stride, to + c->first, stride, two);
    }
}

#endif
