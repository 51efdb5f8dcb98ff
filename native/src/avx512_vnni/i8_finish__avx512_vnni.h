/*
 * The plain epilogue of 8-bit results on sums of 32 columns, in the order of tersor.h, for rows in registers and in
 * memory alike. Packs saturate, so that the bounds are those of bytes. Only what may leave int32 needs its upper one
 * before, as the conversion to integers makes all of it, and NaN, the least integer.
 */
#ifndef TERSOR_I8_FINISH_AVX512_VNNI_H
#define TERSOR_I8_FINISH_AVX512_VNNI_H

#include <immintrin.h>

#include "compiler.h"
#include "epilogue.h"

/* What the columns have in common. Signed results are stored as unsigned ones whose highest bit is then flipped. */
typedef struct i8_finish_columns {
    __m512 multiplier[2], offset[2], hi;
    __m512i zero_point; /* 16-bit */
    __m512i least, most; /* bytes */
    __m512i order, flip;
    __m512 residual_multiplier;
    __m512i residual_zero_point;
    __m256i residual_flip; /* makes its bytes unsigned */
} i8_finish_columns;

/* How they are stored. */
typedef struct i8_finish_form {
    bool adds; /* a residual of bytes */
    bool bounded;
} i8_finish_form;

/* Of 16 columns or 32. */
ALWAYS_INLINE i8_finish_columns i8_finish_start(const epilogue *e, int64_t first, int columns) {
    const int right = columns - 16; /* where the second vector starts: the first one again where there is no other */
    const float *multiplier = e->multiplier + first, *offset = e->offset == NULL ? NULL : e->offset + first;
    const int raise = e->dst_type == TERSOR_S8 ? 128 : 0, residual_raise = e->residual_type == TERSOR_S8 ? 128 : 0;
    const int zero_point = e->zero_point + raise;
    i8_finish_columns c = {
        .multiplier = {_mm512_loadu_ps(multiplier), _mm512_loadu_ps(multiplier + right)},
        .hi = _mm512_set1_ps(e->hi),
        .zero_point = _mm512_set1_epi16((int16_t) zero_point),
        .least = _mm512_set1_epi8((char) (_mm_cvtss_si32(_mm_set_ss(e->lo)) + zero_point)),
        .most = _mm512_set1_epi8((char) (_mm_cvtss_si32(_mm_set_ss(e->hi)) + zero_point)),
        /* The packs leave [row 0: 0-3, 16-19; row 1: 0-3, 16-19; row 0: 4-7 and so on], in units of 4 columns. */
        .order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        .flip = _mm512_set1_epi8((char) raise),
        .residual_multiplier = _mm512_set1_ps(e->residual_multiplier),
        .residual_zero_point = _mm512_set1_epi32(e->residual_zero_point + residual_raise),
        .residual_flip = _mm256_set1_epi8((char) residual_raise),
    };
    if (offset != NULL) {
        c.offset[0] = _mm512_loadu_ps(offset);
        c.offset[1] = _mm512_loadu_ps(offset + right);
    } else {
        c.offset[0] = c.offset[1] = _mm512_setzero_ps(); /* adding 0 changes the sign of a zero at most */
    }
    return c;
}

/* Sixteen results as 32-bit integers before their zero point; min returns its second operand when one is NaN. */
ALWAYS_INLINE __m512i i8_finish_half(const i8_finish_columns *c, i8_finish_form f, __m512i acc, int half, __m128i residual) {
    __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(acc), c->multiplier[half]);
    r = _mm512_add_ps(r, c->offset[half]);
    if (f.adds) {
        const __m512i q = _mm512_sub_epi32(_mm512_cvtepu8_epi32(residual), c->residual_zero_point);
        r = _mm512_add_ps(r, _mm512_mul_ps(_mm512_cvtepi32_ps(q), c->residual_multiplier));
    }
    return _mm512_cvtps_epi32(f.bounded ? r : _mm512_min_ps(c->hi, r));
}

/* 16-bit results, with the zero point, of a row. */
ALWAYS_INLINE __m512i i8_finish_row(const i8_finish_columns *c, i8_finish_form f, __m512i left, __m512i right,
                                    const char *residual) {
    __m256i bytes = _mm256_setzero_si256();
    if (f.adds) {
        bytes = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *) (const void *) residual), c->residual_flip);
    }
    left = i8_finish_half(c, f, left, 0, _mm256_castsi256_si128(bytes));
    right = i8_finish_half(c, f, right, 1, _mm256_extracti128_si256(bytes, 1));
    return _mm512_adds_epi16(_mm512_packs_epi32(left, right), c->zero_point);
}

/* Bytes of 16-bit results: of four rows' 16 columns or two rows' 32. */
ALWAYS_INLINE __m512i i8_finish_bytes(const i8_finish_columns *c, __m512i top, __m512i bottom) {
    const __m512i bytes = _mm512_permutexvar_epi32(c->order, _mm512_packus_epi16(top, bottom));
    return _mm512_xor_si512(_mm512_min_epu8(_mm512_max_epu8(bytes, c->least), c->most), c->flip);
}

/* Stores two rows of 32 results. */
ALWAYS_INLINE void i8_finish_store(const i8_finish_columns *c, __m512i top, __m512i bottom, char *to, char *to_bottom) {
    const __m512i q = i8_finish_bytes(c, top, bottom);
    _mm256_storeu_si256((__m256i *) (void *) to, _mm512_castsi512_si256(q));
    _mm256_storeu_si256((__m256i *) (void *) to_bottom, _mm512_extracti64x4_epi64(q, 1));
}

ALWAYS_INLINE void i8_finish_rows(i8_finish_form f, int rows, __m512i acc[][2], const epilogue *e,
                                  const epilogue_tile *t) {
    const i8_finish_columns c = i8_finish_start(e, t->first, 32);
    const char *residual = f.adds ? (const char *) t->residual + t->first : NULL;
    char *dst = (char *) t->dst + t->first;
    UNROLL(12)
    for (int i = 0; i < rows; i += 2) {
        const int64_t second = i + 1 < rows ? 1 : 0; /* a last row alone is stored twice */
        const __m512i top = i8_finish_row(&c, f, acc[i][0], acc[i][1], residual);
        __m512i bottom = top;
        if (second == 1) {
            bottom = i8_finish_row(&c, f, acc[i + 1][0], acc[i + 1][1], f.adds ? residual + t->residual_stride : NULL);
        }
        i8_finish_store(&c, top, bottom, dst, dst + second * t->dst_stride);
        dst += 2 * t->dst_stride;
        if (f.adds) {
            residual += 2 * t->residual_stride;
        }
    }
}

/* Four rows of 16 columns at a time; a lane of the packs then has 4 columns of each. */
ALWAYS_INLINE void i8_finish_half_rows(i8_finish_form f, int rows, __m512i acc[][2], const epilogue *e,
                                       const epilogue_tile *t) {
    const i8_finish_columns c = i8_finish_start(e, t->first, 16);
    const char *residual = f.adds ? (const char *) t->residual + t->first : NULL;
    char *dst = (char *) t->dst + t->first;
    UNROLL(12)
    for (int i = 0; i < rows; i += 4) {
        __m512i row[4];
        UNROLL(4)
        for (int k = 0; k < 4; k++) {
            const int at = i + k < rows ? i + k : rows - 1;
            __m128i bytes = _mm_setzero_si128();
            if (f.adds) {
                bytes = _mm_loadu_si128((const __m128i *) (const void *) (residual + at * t->residual_stride));
                bytes = _mm_xor_si128(bytes, _mm256_castsi256_si128(c.residual_flip));
            }
            row[k] = i8_finish_half(&c, f, acc[at][0], 0, bytes);
        }
        const __m512i q = i8_finish_bytes(&c, _mm512_adds_epi16(_mm512_packs_epi32(row[0], row[1]), c.zero_point),
                                          _mm512_adds_epi16(_mm512_packs_epi32(row[2], row[3]), c.zero_point));
        const __m128i lanes[4] = {_mm512_castsi512_si128(q), _mm512_extracti32x4_epi32(q, 1),
                                  _mm512_extracti32x4_epi32(q, 2), _mm512_extracti32x4_epi32(q, 3)};
        UNROLL(4)
        for (int k = 0; k < 4; k++) {
            if (i + k < rows) {
                _mm_storeu_si128((__m128i *) (void *) (dst + (i + k) * t->dst_stride), lanes[k]);
            }
        }
    }
}

ALWAYS_INLINE void i8_finish_vectors(i8_finish_form f, int rows, int vectors, __m512i acc[][2], const epilogue *e,
                                     const epilogue_tile *t) {
    if (vectors == 1) {
        i8_finish_half_rows(f, rows, acc, e, t);
    } else {
        i8_finish_rows(f, rows, acc, e, t);
    }
}

/* Results in f32, with a residual of f32 or none. */
ALWAYS_INLINE void i8_finish_floats(int rows, int vectors, __m512i acc[][2], const epilogue *e,
                                    const epilogue_tile *t) {
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    const __m512 residual_multiplier = _mm512_set1_ps(e->residual_multiplier);
    UNROLL(2)
    for (int v = 0; v < vectors; v++) {
        const int64_t column = t->first + v * 16;
        const __m512 multiplier = _mm512_loadu_ps(e->multiplier + column);
        const __m512 offset = e->offset == NULL ? _mm512_set1_ps(-0.0f) : _mm512_loadu_ps(e->offset + column);
        UNROLL(12)
        for (int i = 0; i < rows; i++) {
            __m512 r = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(acc[i][v]), multiplier), offset);
            if (e->residual_type != 0) {
                const float *residual = (const float *) const_row_of(t->residual, i, t->residual_stride) + column;
                r = _mm512_add_ps(r, _mm512_mul_ps(_mm512_loadu_ps(residual), residual_multiplier));
            }
            if (e->clamps) {
                r = _mm512_min_ps(_mm512_max_ps(r, lo), hi);
            }
            _mm512_storeu_ps((float *) row_of(t->dst, i, t->dst_stride) + column, r);
        }
    }
}

/* Stores 16 columns of rows in registers for each vector, where epilogue_is_requantization, and plain f32. */
ALWAYS_INLINE void i8_finish(int rows, int vectors, __m512i acc[][2], const epilogue *e, const epilogue_tile *t) {
    if (e->dst_type == TERSOR_F32) {
        i8_finish_floats(rows, vectors, acc, e, t);
    } else if (e->residual_type != 0) {
        i8_finish_vectors((i8_finish_form){.adds = true, .bounded = true}, rows, vectors, acc, e, t);
    } else {
        i8_finish_vectors((i8_finish_form){.adds = false, .bounded = true}, rows, vectors, acc, e, t);
    }
}

#endif
