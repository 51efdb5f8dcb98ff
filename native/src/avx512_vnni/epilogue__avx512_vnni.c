/* What is plain in registers, and GELU; the rest by the common body. */
#include <immintrin.h>

#include "epilogue_body.h"
#include "epilogue_gelu.h"

ALWAYS_INLINE __mmask16 mask_of(int64_t columns) {
    return columns >= 16 ? (__mmask16) 0xffff : (__mmask16) ((1u << columns) - 1);
}

/* max and min return their second operand when one is NaN, which makes NaN become lo. */
ALWAYS_INLINE __m512 clamp(__m512 r, __m512 lo, __m512 hi) {
    return _mm512_min_ps(_mm512_max_ps(r, lo), hi);
}

/* What 16 columns of a residual contribute; type 0: no residual. */
typedef struct residual_columns {
    __m512 multiplier;
    __m512i zero_point;
} residual_columns;

ALWAYS_INLINE residual_columns residual_of(const epilogue *e) {
    return (residual_columns){_mm512_set1_ps(e->residual_multiplier), _mm512_set1_epi32(e->residual_zero_point)};
}

ALWAYS_INLINE __m512 add_residual(tersor_type residual, const residual_columns *c, __m512 r, const char *from,
                                  __mmask16 mask) {
    __m512 value;
    if (residual == 0) {
        return r;
    }
    if (residual == TERSOR_F32) {
        value = _mm512_maskz_loadu_ps(mask, from);
    } else {
        const __m128i bytes = _mm_maskz_loadu_epi8(mask, from);
        const __m512i q = residual == TERSOR_U8 ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepi8_epi32(bytes);
        value = _mm512_cvtepi32_ps(_mm512_sub_epi32(q, c->zero_point));
    }
    return _mm512_add_ps(r, _mm512_mul_ps(value, c->multiplier));
}

/* Up to 16 columns from column j of the tile on. */
ALWAYS_INLINE void store_columns(tersor_type type, bool integers, tersor_type residual, const epilogue *e,
                                 const epilogue_tile *t, int64_t j) {
    const __mmask16 mask = mask_of(t->columns - j);
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    const __m512i zero_point = _mm512_set1_epi32(e->zero_point);
    const int64_t column = t->first + j;
    const __m512 multiplier = integers ? _mm512_maskz_loadu_ps(mask, e->multiplier + column) : _mm512_setzero_ps();
    const bool adds = e->offset != 0;
    const __m512 offset = adds ? _mm512_maskz_loadu_ps(mask, e->offset + column) : _mm512_setzero_ps();
    const residual_columns added = residual_of(e);
    const char *acc = (const char *) t->acc + j * 4;
    const char *from = residual == 0 ? 0 : (const char *) t->residual + column * epilogue_type_bytes(residual);
    char *to = (char *) t->dst + column * epilogue_type_bytes(type);
    for (int64_t i = 0; i < t->rows; i++, acc += t->acc_stride * 4, to += t->dst_stride) {
        __m512 r;
        if (integers) {
            r = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_maskz_loadu_epi32(mask, acc)), multiplier);
        } else {
            r = _mm512_maskz_loadu_ps(mask, acc);
        }
        if (adds) {
            r = _mm512_add_ps(r, offset);
        }
        r = add_residual(residual, &added, r, residual == 0 ? 0 : from + i * t->residual_stride, mask);
        if (type != TERSOR_F32 || e->clamps) {
            r = clamp(r, lo, hi);
        }
        if (type == TERSOR_F32) {
            _mm512_mask_storeu_ps(to, mask, r);
        } else {
            const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(r), zero_point);
            _mm_mask_storeu_epi8(to, mask, _mm512_cvtepi32_epi8(q));
        }
    }
}

/* What 32 columns have in common on their way to 8 bits. */
typedef struct byte_columns {
    __m512 multiplier[2], offset[2], lo, hi;
    __m512i zero_point;
    residual_columns added;
} byte_columns;

/* How they are stored. */
typedef struct byte_form {
    tersor_type type, residual; /* residual 0: none */
    bool adds, raises;
} byte_form;

ALWAYS_INLINE __m512i rounded(byte_form f, const byte_columns *c, const char *acc, const char *residual, int v) {
    __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(acc + v * 64)), c->multiplier[v]);
    if (f.adds) {
        r = _mm512_add_ps(r, c->offset[v]);
    }
    if (f.residual != 0) {
        r = add_residual(f.residual, &c->added, r, residual + v * 16, 0xffff);
    }
    if (f.raises) {
        r = _mm512_max_ps(r, c->lo);
        return _mm512_cvtps_epi32(_mm512_min_ps(r, c->hi));
    }
    /* NaN, which passes min from the second place, and what is too small become the least integer. */
    return _mm512_cvtps_epi32(_mm512_min_ps(c->hi, r));
}

/* 16-bit results, with the zero point, of 32 columns of a row. */
ALWAYS_INLINE __m512i narrowed(byte_form f, const byte_columns *c, const char *acc, const char *residual) {
    const __m512i left = rounded(f, c, acc, residual, 0), right = rounded(f, c, acc, residual, 1);
    return _mm512_adds_epi16(_mm512_packs_epi32(left, right), c->zero_point);
}

/*
 * 32 columns of 8 bits from column j of the tile on, two rows at a time: saturating packs raise to the type's least
 * value, so that only a higher bound has to be compared with.
 */
ALWAYS_INLINE void store_bytes(byte_form f, const epilogue *e, const epilogue_tile *t, int64_t j) {
    const int64_t column = t->first + j;
    byte_columns c = {
        .multiplier = {_mm512_loadu_ps(e->multiplier + column), _mm512_loadu_ps(e->multiplier + column + 16)},
        .lo = _mm512_set1_ps(e->lo),
        .hi = _mm512_set1_ps(e->hi),
        .zero_point = _mm512_set1_epi16((int16_t) e->zero_point),
        .added = residual_of(e),
    };
    if (f.adds) {
        c.offset[0] = _mm512_loadu_ps(e->offset + column);
        c.offset[1] = _mm512_loadu_ps(e->offset + column + 16);
    }
    /* The packs leave [row 0: 0-3, 16-19; row 1: 0-3, 16-19; row 0: 4-7 and so on], in units of 4 columns. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const char *acc = (const char *) t->acc + j * 4;
    const char *residual = f.residual == 0 ? 0 : (const char *) t->residual + column;
    char *to = (char *) t->dst + column;
    const int64_t rows = t->rows, acc_stride = t->acc_stride * 4, dst_stride = t->dst_stride;
    for (int64_t i = 0; i < rows; i += 2, acc += 2 * acc_stride, to += 2 * dst_stride) {
        /* A last row alone is computed twice. */
        const int64_t second = i + 1 < rows ? 1 : 0;
        const __m512i top = narrowed(f, &c, acc, residual);
        const __m512i bottom = narrowed(f, &c, acc + second * acc_stride,
                                        f.residual == 0 ? 0 : residual + second * t->residual_stride);
        const __m512i packed =
            f.type == TERSOR_U8 ? _mm512_packus_epi16(top, bottom) : _mm512_packs_epi16(top, bottom);
        const __m512i q = _mm512_permutexvar_epi32(order, packed);
        _mm256_storeu_si256((__m256i *) (void *) to, _mm512_castsi512_si256(q));
        _mm256_storeu_si256((__m256i *) (void *) (to + second * dst_stride), _mm512_extracti64x4_epi64(q, 1));
        if (f.residual != 0) {
            residual += 2 * t->residual_stride;
        }
    }
}

/* Columns to 8 bits, with the most usual forms compiled by themselves. */
ALWAYS_INLINE int64_t store_whole_bytes(tersor_type type, tersor_type residual, const epilogue *e,
                                        const epilogue_tile *t) {
    const int32_t least = type == TERSOR_U8 ? 0 : -128;
    const bool raises = e->lo != (float) (least - e->zero_point);
    int64_t j = 0;
    for (; j + 32 <= t->columns; j += 32) {
        if (e->offset == 0) {
            store_bytes((byte_form){type, residual, false, true}, e, t, j);
        } else if (raises) {
            store_bytes((byte_form){type, residual, true, true}, e, t, j);
        } else {
            store_bytes((byte_form){type, residual, true, false}, e, t, j);
        }
    }
    return j;
}

ALWAYS_INLINE void store_with(tersor_type type, bool integers, tersor_type residual, const epilogue *e,
                              const epilogue_tile *t) {
    int64_t j = 0;
    if (type != TERSOR_F32 && residual != TERSOR_F32) {
        j = store_whole_bytes(type, residual, e, t);
    }
    for (; j < t->columns; j += 16) {
        store_columns(type, integers, residual, e, t, j);
    }
}

ALWAYS_INLINE void store(tersor_type type, bool integers, const epilogue *e, const epilogue_tile *t) {
    if (t->row_scale == 0 && e->residual_type == 0) {
        if (e->function == TERSOR_GELU) {
            store_gelu(type, integers, false, e, t);
            return;
        }
        if (e->function == TERSOR_GELU_COARSE) {
            store_gelu(type, integers, true, e, t);
            return;
        }
    }
    if (!epilogue_is_plain(e, t)) {
        epilogue_store(type, integers, e, t);
        return;
    }
    switch (e->residual_type) {
    case 0:
        store_with(type, integers, 0, e, t);
        break;
    case TERSOR_F32:
        store_with(type, integers, TERSOR_F32, e, t);
        break;
    case TERSOR_U8:
        store_with(type, integers, TERSOR_U8, e, t);
        break;
    default:
        store_with(type, integers, TERSOR_S8, e, t);
        break;
    }
}

static void store_f32(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_F32, true, e, t);
}

static void store_u8(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_U8, true, e, t);
}

static void store_s8(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_S8, true, e, t);
}

static void store_f32_from_f32(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_F32, false, e, t);
}

const epilogue_functions epilogue__avx512_vnni = {
    .s32 = epilogue_store_s32,
    .f32 = store_f32,
    .bf16 = epilogue_store_bf16,
    .u8 = store_u8,
    .s8 = store_s8,
    .f32_from_f32 = store_f32_from_f32,
    .bf16_from_f32 = epilogue_store_bf16_from_f32,
};
