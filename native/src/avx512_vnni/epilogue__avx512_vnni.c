/* What is plain in registers, 16 columns at a time; the rest by the common body. */
#include <immintrin.h>

#include "epilogue_body.h"

ALWAYS_INLINE __mmask16 mask_of(int64_t columns) {
    return columns >= 16 ? (__mmask16) 0xffff : (__mmask16) ((1u << columns) - 1);
}

/* max and min return their second operand when one is NaN, which makes NaN become lo. */
ALWAYS_INLINE __m512 clamp(__m512 r, __m512 lo, __m512 hi) {
    return _mm512_min_ps(_mm512_max_ps(r, lo), hi);
}

/* Up to 16 columns from column j of the tile on; `full` is known when compiling, and whole stores are faster. */
ALWAYS_INLINE void store_columns(tersor_type type, bool integers, bool full, const epilogue *e, const epilogue_tile *t,
                                 int64_t j) {
    const __mmask16 mask = full ? (__mmask16) 0xffff : mask_of(t->columns - j);
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    const __m512i zero_point = _mm512_set1_epi32(e->zero_point);
    const int64_t column = t->first + j;
    const __m512 multiplier = integers ? _mm512_maskz_loadu_ps(mask, e->multiplier + column) : _mm512_setzero_ps();
    const bool adds = e->offset != 0;
    const __m512 offset = adds ? _mm512_maskz_loadu_ps(mask, e->offset + column) : _mm512_setzero_ps();
    const char *acc = (const char *) t->acc + j * 4;
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
        if (type != TERSOR_F32 || e->clamps) {
            r = clamp(r, lo, hi);
        }
        if (type == TERSOR_F32) {
            _mm512_mask_storeu_ps(to, mask, r);
            continue;
        }
        const __m128i q = _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(r), zero_point));
        if (full) {
            _mm_storeu_si128((__m128i *) to, q);
        } else {
            _mm_mask_storeu_epi8(to, mask, q);
        }
    }
}

ALWAYS_INLINE void store(tersor_type type, bool integers, const epilogue *e, const epilogue_tile *t) {
    if (!epilogue_is_plain(e, t)) {
        epilogue_store(type, integers, e, t);
        return;
    }
    int64_t j = 0;
    for (; j + 16 <= t->columns; j += 16) {
        store_columns(type, integers, true, e, t, j);
    }
    if (j < t->columns) {
        store_columns(type, integers, false, e, t, j);
    }
}

static void store_f32(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_F32, true, e, t);
}

static void store_i8(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_U8, true, e, t);
}

static void store_f32_from_f32(const epilogue *e, const epilogue_tile *t) {
    store(TERSOR_F32, false, e, t);
}

const epilogue_functions epilogue__avx512_vnni = {
    .s32 = epilogue_store_s32,
    .f32 = store_f32,
    .bf16 = epilogue_store_bf16,
    .u8 = store_i8,
    .s8 = store_i8,
    .f32_from_f32 = store_f32_from_f32,
    .bf16_from_f32 = epilogue_store_bf16_from_f32,
};
