/* Whole vectors of what is plain in registers; the rest by the common body. */
#include <immintrin.h>

#include "epilogue_body.h"

/* max and min return their second operand when one is NaN, which makes NaN become lo. */
ALWAYS_INLINE __m256 clamp(__m256 r, __m256 lo, __m256 hi) {
    return _mm256_min_ps(_mm256_max_ps(r, lo), hi);
}

/* The low bytes of eight 32-bit values. */
ALWAYS_INLINE void store_bytes(void *dst, __m256i q) {
    const __m256i low = _mm256_set1_epi64x(0x0c080400);
    const __m256i bytes = _mm256_shuffle_epi8(q, low);
    const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *) dst, both);
}

/* r with what eight columns of a residual contribute; type 0: no residual. */
ALWAYS_INLINE __m256 add_residual(tersor_type residual, const epilogue *e, __m256 r, const char *from) {
    __m256 value;
    if (residual == 0) {
        return r;
    }
    if (residual == TERSOR_F32) {
        value = _mm256_loadu_ps((const float *) (const void *) from);
    } else {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *) (const void *) from);
        const __m256i q = residual == TERSOR_U8 ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes);
        value = _mm256_cvtepi32_ps(_mm256_sub_epi32(q, _mm256_set1_epi32(e->residual_zero_point)));
    }
    return _mm256_add_ps(r, _mm256_mul_ps(value, _mm256_set1_ps(e->residual_multiplier)));
}

/* Columns [j, j + 8) of the tile. */
ALWAYS_INLINE void store_columns(tersor_type type, bool integers, tersor_type residual, const epilogue *e,
                                 const epilogue_tile *t, int64_t j) {
    const __m256 lo = _mm256_set1_ps(e->lo), hi = _mm256_set1_ps(e->hi);
    const __m256i zero_point = _mm256_set1_epi32(e->zero_point);
    const int64_t column = t->first + j;
    const __m256 multiplier = integers ? _mm256_loadu_ps(e->multiplier + column) : _mm256_setzero_ps();
    const bool adds = e->offset != 0;
    const __m256 offset = adds ? _mm256_loadu_ps(e->offset + column) : _mm256_setzero_ps();
    const char *acc = (const char *) t->acc + j * 4;
    const char *from = residual == 0 ? 0 : (const char *) t->residual + column * epilogue_type_bytes(residual);
    char *to = (char *) t->dst + column * epilogue_type_bytes(type);
    for (int64_t i = 0; i < t->rows; i++, acc += t->acc_stride * 4, to += t->dst_stride) {
        __m256 r;
        if (integers) {
            r = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *) (const void *) acc)), multiplier);
        } else {
            r = _mm256_loadu_ps((const float *) (const void *) acc);
        }
        if (adds) {
            r = _mm256_add_ps(r, offset);
        }
        r = add_residual(residual, e, r, residual == 0 ? 0 : from + i * t->residual_stride);
        if (type != TERSOR_F32 || e->clamps) {
            r = clamp(r, lo, hi);
        }
        if (type == TERSOR_F32) {
            _mm256_storeu_ps((float *) (void *) to, r);
        } else {
            store_bytes(to, _mm256_add_epi32(_mm256_cvtps_epi32(r), zero_point));
        }
    }
}

/* Returns how many columns are stored. */
ALWAYS_INLINE int64_t store_whole(tersor_type type, bool integers, tersor_type residual, const epilogue *e,
                                  const epilogue_tile *t) {
    int64_t j = 0;
    for (; j + 8 <= t->columns; j += 8) {
        store_columns(type, integers, residual, e, t, j);
    }
    return j;
}

ALWAYS_INLINE void store(tersor_type type, bool integers, const epilogue *e, const epilogue_tile *t) {
    int64_t j = 0;
    if (epilogue_is_plain(e, t)) {
        switch (e->residual_type) {
        case 0:
            j = store_whole(type, integers, 0, e, t);
            break;
        case TERSOR_F32:
            j = store_whole(type, integers, TERSOR_F32, e, t);
            break;
        case TERSOR_U8:
            j = store_whole(type, integers, TERSOR_U8, e, t);
            break;
        default:
            j = store_whole(type, integers, TERSOR_S8, e, t);
            break;
        }
    }
    if (j < t->columns) {
        epilogue_tile rest = *t;
        rest.acc = (const int32_t *) t->acc + j;
        rest.first += j;
        rest.columns -= j;
        epilogue_store(type, integers, e, &rest);
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

const epilogue_functions epilogue__avx2 = {
    .s32 = epilogue_store_s32,
    .f32 = store_f32,
    .bf16 = epilogue_store_bf16,
    .u8 = store_i8,
    .s8 = store_i8,
    .f32_from_f32 = store_f32_from_f32,
    .bf16_from_f32 = epilogue_store_bf16_from_f32,
};
