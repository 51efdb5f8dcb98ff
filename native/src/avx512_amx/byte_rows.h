/*
 * Rows of up to 64 int32 sums to 8 bits in AVX-512 registers (VBMI), for kernels that store between their
 * multiplications: what epilogue__avx512_vnni.c does for plain epilogues, to be inlined.
 */
#ifndef TERSOR_BYTE_ROWS_H
#define TERSOR_BYTE_ROWS_H

#include <immintrin.h>

#include "compiler.h"
#include "epilogue.h"

/* What the columns have in common. Signed levels are stored as unsigned ones whose highest bit is then flipped. */
typedef struct byte_rows_columns {
    __m512i start[4]; /* of the sums, which lack it */
    __m512 multiplier[4], offset[4];
    __m512 lo, hi, residual_multiplier, residual_zero_point;
    __m512i zero_point, order, flip, residual_flip;
    int64_t first, vectors;
    __mmask64 mask;
    bool clamps; /* more than the packs' saturation does */
} byte_rows_columns;

/* How they are stored: with a residual; all 64 without clamps, or any. */
typedef struct byte_rows_form {
    bool adds, whole;
} byte_rows_form;

/* Whether the epilogue ends in 8 bits, without a function or a residual of floats. */
static inline bool byte_rows_serve(const epilogue *e) {
    return (e->dst_type == TERSOR_U8 || e->dst_type == TERSOR_S8) && e->function == TERSOR_IDENTITY &&
           e->residual_type != TERSOR_F32;
}

ALWAYS_INLINE __mmask16 byte_rows_at_least(__m512 values, float bound) {
    return _mm512_cmp_ps_mask(_mm512_abs_ps(values), _mm512_set1_ps(bound), _CMP_NLT_UQ);
}

/*
 * `columns` columns from `first` on, at most 64. Packs saturate, so results need no clamping to the bounds of the type
 * itself unless they may leave int32, where the conversion would lose their sign: not with multipliers below 1/2 and
 * offsets below 2^28.
 */
ALWAYS_INLINE byte_rows_columns byte_rows_columns_of(const epilogue *e, const int32_t *start, int64_t first,
                                                     int64_t columns) {
    const bool is_signed = e->dst_type == TERSOR_S8, adds_signed = e->residual_type == TERSOR_S8;
    const int32_t zero_point = e->zero_point + (is_signed ? 128 : 0);
    byte_rows_columns c = {
        .first = first,
        .vectors = (columns + 15) / 16,
        .mask = columns == 64 ? ~(__mmask64) 0 : ((__mmask64) 1 << columns) - 1,
        .lo = _mm512_set1_ps(e->lo),
        .hi = _mm512_set1_ps(e->hi),
        .residual_multiplier = _mm512_set1_ps(e->residual_multiplier),
        .zero_point = _mm512_set1_epi16((int16_t) zero_point),
        .residual_zero_point = _mm512_set1_ps(0x1p23f + (float) (e->residual_zero_point + (adds_signed ? 128 : 0))),
        /* The packs leave columns 0-3, 16-19, 32-35, 48-51, 4-7 and so on, in units of 4. */
        .order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        .flip = _mm512_set1_epi8(is_signed ? -128 : 0),
        .residual_flip = _mm512_set1_epi8(adds_signed ? -128 : 0),
    };
    __mmask16 large = byte_rows_at_least(c.residual_multiplier, 0x1p20f);
    for (int v = 0; v < 4; v++) {
        const __mmask16 mask = (__mmask16) (c.mask >> (v * 16));
        c.start[v] = _mm512_maskz_loadu_epi32(mask, start + v * 16);
        c.multiplier[v] = _mm512_maskz_loadu_ps(mask, e->multiplier + first + v * 16);
        c.offset[v] = e->offset == 0 ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, e->offset + first + v * 16);
        large |= byte_rows_at_least(c.multiplier[v], 0.5f) | byte_rows_at_least(c.offset[v], 0x1p28f);
    }
    c.clamps = large != 0 || e->lo != (float) -zero_point || e->hi != (float) (255 - zero_point);
    return c;
}

/* 16 of the levels less their zero point: a level in the low byte of 2^23 makes 2^23 + level, without a conversion. */
ALWAYS_INLINE __m512 byte_rows_residual(const byte_rows_columns *c, __m512i levels, int v) {
    const __m512i index = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                           _mm512_set1_epi32(v * 16));
    const __m512i raised =
        _mm512_mask_permutexvar_epi8(_mm512_set1_epi32(0x4b000000), 0x1111111111111111, index, levels);
    return _mm512_sub_ps(_mm512_castsi512_ps(raised), c->residual_zero_point);
}

/* 16 columns as integers. */
ALWAYS_INLINE __m512i byte_rows_rounded(byte_rows_form f, const byte_rows_columns *c, const char *sums, __m512i levels,
                                        int v) {
    if (!f.whole && v >= c->vectors) {
        return _mm512_setzero_si512();
    }
    const __m512i sum = _mm512_add_epi32(_mm512_load_si512(sums + v * 64), c->start[v]);
    __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), c->multiplier[v]);
    r = _mm512_add_ps(r, c->offset[v]);
    if (f.adds) {
        r = _mm512_add_ps(r, _mm512_mul_ps(byte_rows_residual(c, levels, v), c->residual_multiplier));
    }
    /* max returns its second operand for NaN, which so becomes lo. */
    if (!f.whole && c->clamps) {
        r = _mm512_min_ps(_mm512_max_ps(r, c->lo), c->hi);
    }
    return _mm512_cvtps_epi32(r);
}

/* 32 columns as 16-bit results, with the zero point. */
ALWAYS_INLINE __m512i byte_rows_narrowed(byte_rows_form f, const byte_rows_columns *c, const char *sums,
                                         __m512i levels, int v) {
    const __m512i left = byte_rows_rounded(f, c, sums, levels, v);
    const __m512i right = byte_rows_rounded(f, c, sums, levels, v + 1);
    return _mm512_adds_epi16(_mm512_packs_epi32(left, right), c->zero_point);
}

/* Copies the columns of a residual's row. */
ALWAYS_INLINE void byte_rows_copy(const byte_rows_columns *c, const char *from, char *to) {
    _mm512_store_si512(to, _mm512_maskz_loadu_epi8(c->mask, from));
}

/* A row of sums at a multiple of 64 bytes; the addresses of residual and destination are those of column 0. */
ALWAYS_INLINE void byte_rows_store(byte_rows_form f, const byte_rows_columns *c, const char *sums, const char *residual,
                                   char *to) {
    __m512i levels = _mm512_setzero_si512();
    if (f.adds) {
        const char *from = residual + c->first;
        levels = f.whole ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(c->mask, from);
        levels = _mm512_xor_si512(levels, c->residual_flip);
    }
    const __m512i left = byte_rows_narrowed(f, c, sums, levels, 0);
    const __m512i right = byte_rows_narrowed(f, c, sums, levels, 2);
    const __m512i packed = _mm512_xor_si512(_mm512_packus_epi16(left, right), c->flip);
    const __m512i bytes = _mm512_permutexvar_epi32(c->order, packed);
    if (f.whole) {
        _mm512_storeu_si512(to + c->first, bytes);
    } else {
        _mm512_mask_storeu_epi8(to + c->first, c->mask, bytes);
    }
}

#endif
