/* What is plain in registers, and GELU; the rest by the common body. */
#include <immintrin.h>

#include "epilogue_body.h"
#include "epilogue_gelu.h"
#include "i8_finish__avx512_vnni.h"

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

/* 32 columns of 8 bits from column j of the tile on, two rows at a time. */
ALWAYS_INLINE void store_bytes(i8_finish_form f, const epilogue *e, const epilogue_tile *t, int64_t j) {
    const int64_t column = t->first + j;
    const i8_finish_columns c = i8_finish_start(e, column, 32);
    const char *acc = (const char *) t->acc + j * 4;
    const char *residual = f.adds ? (const char *) t->residual + column : NULL;
    char *to = (char *) t->dst + column;
    const int64_t rows = t->rows, acc_stride = t->acc_stride * 4, dst_stride = t->dst_stride;
    for (int64_t i = 0; i < rows; i += 2, acc += 2 * acc_stride, to += 2 * dst_stride) {
        /* A last row alone is computed twice. */
        const int64_t second = i + 1 < rows ? 1 : 0;
        const char *below = acc + second * acc_stride;
        const __m512i top =
            i8_finish_row(&c, f, _mm512_loadu_si512(acc), _mm512_loadu_si512(acc + 64), residual);
        const __m512i bottom = i8_finish_row(&c, f, _mm512_loadu_si512(below), _mm512_loadu_si512(below + 64),
                                             f.adds ? residual + second * t->residual_stride : NULL);
        i8_finish_store(&c, top, bottom, to, to + second * dst_stride);
        if (f.adds) {
            residual += 2 * t->residual_stride;
        }
    }
}

ALWAYS_INLINE void store_with(tersor_type type, bool integers, tersor_type residual, const epilogue *e,
                              const epilogue_tile *t) {
    int64_t j = 0;
    if (type != TERSOR_F32 && residual != TERSOR_F32) {
        for (; j + 32 <= t->columns; j += 32) {
            if (e->bounded) {
                store_bytes((i8_finish_form){residual != 0, true}, e, t, j);
            } else {
                store_bytes((i8_finish_form){residual != 0, false}, e, t, j);
            }
        }
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
