/*
 * Rows of up to 64 int32 sums to results in AVX-512 registers (VBMI), for kernels that store between their
 * multiplications: what epilogue__avx512_vnni.c does, to be inlined.
 */
#ifndef TERSOR_RESULT_ROWS_H
#define TERSOR_RESULT_ROWS_H

#include <immintrin.h>

#include "compiler.h"
#include "epilogue.h"
#include "scalar.h"

/* What the columns have in common. Signed levels are stored as unsigned ones whose highest bit is then flipped. */
typedef struct result_columns {
    __m512i start[4]; /* of sums of plain bytes, which lack it */
    __m512 multiplier[4], offset[4];
    __m512 lo, hi, output_scale, residual_multiplier, residual_zero_point;
    __m512i zero_point, order, flip, residual_flip;
    int64_t first, vectors;
    __mmask64 mask;
    bool clamps; /* more than the packs' saturation does */
} result_columns;

typedef enum result_residual { RESIDUAL_NONE, RESIDUAL_BYTES, RESIDUAL_FLOATS } result_residual;

/* How they are stored. */
typedef struct result_form {
    bool floats;              /* instead of bytes */
    bool gelu;                /* the coarse one */
    bool any;                 /* as many columns as there are, which may need clamping; otherwise whole vectors */
    result_residual residual; /* of the type of the results, or of bytes to floats */
    int vectors;              /* at most, or just as many */
} result_form;

/* Plain bytes start from the compensation here, all others' sums have it. */
ALWAYS_INLINE bool result_form_starts(result_form f) {
    return !f.floats && !f.gelu;
}

/*
 * `columns` columns from `first` on, at most 64. Packs saturate, so bytes need no clamping to the bounds of the type
 * itself unless they may leave int32, where the conversion would lose their sign.
 */
ALWAYS_INLINE result_columns result_columns_of(const epilogue *e, const int32_t *start, int64_t first,
                                               int64_t columns) {
    const bool is_signed = e->dst_type == TERSOR_S8, adds_signed = e->residual_type == TERSOR_S8;
    const int32_t zero_point = e->zero_point + (is_signed ? 128 : 0);
    result_columns c = {
        .first = first,
        .vectors = (columns + 15) / 16,
        .mask = columns == 64 ? ~(__mmask64) 0 : ((__mmask64) 1 << columns) - 1,
        .lo = _mm512_set1_ps(e->lo),
        .hi = _mm512_set1_ps(e->hi),
        .output_scale = _mm512_set1_ps(e->function == TERSOR_IDENTITY ? 1.0f : e->output_scale),
        .residual_multiplier = _mm512_set1_ps(e->residual_multiplier),
        .zero_point = _mm512_set1_epi16((int16_t) zero_point),
        .residual_zero_point = _mm512_set1_ps(0x1p23f + (float) (e->residual_zero_point + (adds_signed ? 128 : 0))),
        /* The packs leave columns 0-3, 16-19, 32-35, 48-51, 4-7 and so on, in units of 4. */
        .order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        .flip = _mm512_set1_epi8(is_signed ? -128 : 0),
        .residual_flip = _mm512_set1_epi8(adds_signed ? -128 : 0),
    };
    for (int v = 0; v < 4; v++) {
        const __mmask16 mask = (__mmask16) (c.mask >> (v * 16));
        c.start[v] = _mm512_maskz_loadu_epi32(mask, start + v * 16);
        c.multiplier[v] = _mm512_maskz_loadu_ps(mask, e->multiplier + first + v * 16);
        /* Adding -0 changes nothing. */
        c.offset[v] = e->offset == 0 ? _mm512_set1_ps(-0.0f) : _mm512_maskz_loadu_ps(mask, e->offset + first + v * 16);
    }
    const bool floats = e->dst_type == TERSOR_F32;
    c.clamps = floats ? e->clamps
                      : !e->bounded || e->lo != (float) -zero_point || e->hi != (float) (255 - zero_point);
    return c;
}

/* 16 of the levels less their zero point: a level in the low byte of 2^23 makes 2^23 + level, without a conversion. */
ALWAYS_INLINE __m512 result_residual_of(const result_columns *c, __m512i levels, int v) {
    const __m512i index = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                           _mm512_set1_epi32(v * 16));
    const __m512i raised =
        _mm512_mask_permutexvar_epi8(_mm512_set1_epi32(0x4b000000), 0x1111111111111111, index, levels);
    return _mm512_sub_ps(_mm512_castsi512_ps(raised), c->residual_zero_point);
}

/* scalar_gelu_coarse; max and min return a NaN from the second place. */
ALWAYS_INLINE __m512 result_gelu(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-SCALAR_GELU_COARSE_BOUND), x);
    const __m512 c = _mm512_min_ps(_mm512_set1_ps(SCALAR_GELU_COARSE_BOUND), x);
    const __m512 s = _mm512_mul_ps(c, c);
    __m512 q = _mm512_set1_ps(SCALAR_GELU_COARSE[0]);
    UNROLL(6)
    for (int i = 1; i < SCALAR_GELU_COARSE_POWERS; i++) {
        q = _mm512_fmadd_ps(q, s, _mm512_set1_ps(SCALAR_GELU_COARSE[i]));
    }
    return _mm512_mul_ps(x, _mm512_fmadd_ps(c, q, _mm512_set1_ps(0.5f)));
}

/* 16 columns; `levels`: of a residual of bytes, `residual`: column 0 of one of floats. */
ALWAYS_INLINE __m512 result_of(result_form f, const result_columns *c, const char *sums, __m512i levels,
                               const char *residual, int v) {
    __m512i sum = _mm512_load_si512(sums + v * 64);
    if (result_form_starts(f)) {
        sum = _mm512_add_epi32(sum, c->start[v]);
    }
    __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), c->multiplier[v]);
    r = _mm512_add_ps(r, c->offset[v]);
    if (f.residual != RESIDUAL_NONE) {
        const __m512 added = f.residual == RESIDUAL_BYTES
                                 ? result_residual_of(c, levels, v)
                                 : _mm512_loadu_ps((const float *) (const void *) residual + c->first + v * 16);
        r = _mm512_add_ps(r, _mm512_mul_ps(added, c->residual_multiplier));
    }
    if (f.gelu) {
        r = _mm512_mul_ps(result_gelu(r), c->output_scale);
    }
    /* max returns its second operand for NaN, which so becomes lo. */
    if ((f.any || f.gelu || f.floats) && c->clamps) {
        r = _mm512_min_ps(_mm512_max_ps(r, c->lo), c->hi);
    }
    return r;
}

/* 32 columns as 16-bit results, with the zero point. */
ALWAYS_INLINE __m512i result_narrowed(result_form f, const result_columns *c, const char *sums, __m512i levels, int v) {
    __m512i rounded[2];
    UNROLL(2)
    for (int i = 0; i < 2; i++) {
        const bool is_there = v + i < f.vectors && (!f.any || v + i < c->vectors);
        rounded[i] = is_there ? _mm512_cvtps_epi32(result_of(f, c, sums, levels, NULL, v + i)) : _mm512_setzero_si512();
    }
    return _mm512_adds_epi16(_mm512_packs_epi32(rounded[0], rounded[1]), c->zero_point);
}

/* Copies the columns of a residual's row of bytes. */
ALWAYS_INLINE void result_copy(const result_columns *c, const char *from, char *to) {
    _mm512_store_si512(to, _mm512_maskz_loadu_epi8(c->mask, from));
}

/* A row of sums at a multiple of 64 bytes; the addresses of residual and destination are those of column 0. */
ALWAYS_INLINE void result_store(result_form f, const result_columns *c, const char *sums, const char *residual,
                                char *to) {
    const bool full = !f.any && f.vectors == 4;
    __m512i levels = _mm512_setzero_si512();
    if (f.residual == RESIDUAL_BYTES) {
        const char *from = residual + c->first;
        levels = full ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(c->mask, from);
        levels = _mm512_xor_si512(levels, c->residual_flip);
    }
    if (f.floats) {
        UNROLL(4)
        for (int v = 0; v < f.vectors; v++) {
            _mm512_storeu_ps((float *) (void *) to + c->first + v * 16, result_of(f, c, sums, levels, residual, v));
        }
        return;
    }
    const __m512i left = result_narrowed(f, c, sums, levels, 0);
    const __m512i right = result_narrowed(f, c, sums, levels, 2);
    const __m512i packed = _mm512_xor_si512(_mm512_packus_epi16(left, right), c->flip);
    const __m512i bytes = _mm512_permutexvar_epi32(c->order, packed);
    if (full) {
        _mm512_storeu_si512(to + c->first, bytes);
    } else {
        _mm512_mask_storeu_epi8(to + c->first, c->mask, bytes);
    }
}

#endif
