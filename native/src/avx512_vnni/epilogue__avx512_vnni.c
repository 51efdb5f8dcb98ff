#include "epilogue.h"

#include <immintrin.h>

#include "compiler.h"

ALWAYS_INLINE __mmask16 mask_of(int64_t columns) {
    return columns >= 16 ? (__mmask16) 0xffff : (__mmask16) ((1u << columns) - 1);
}

/* max and min return their second operand when one is NaN, which makes NaN become lo. */
ALWAYS_INLINE __m512 clamp(__m512 r, __m512 lo, __m512 hi) {
    return _mm512_min_ps(_mm512_max_ps(r, lo), hi);
}

ALWAYS_INLINE void store(tersor_type type, const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows,
                         int64_t first, int64_t columns, void *dst, int64_t dst_stride) {
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    const __m512i zero_point = _mm512_set1_epi32(e->zero_point);
    for (int64_t j = 0; j < columns; j += 16) {
        const __mmask16 mask = mask_of(columns - j);
        const __m512 multiplier = _mm512_maskz_loadu_ps(mask, e->multiplier + first + j);
        __m512 offset = _mm512_setzero_ps();
        if (e->offset != NULL) {
            offset = _mm512_maskz_loadu_ps(mask, e->offset + first + j);
        }
        for (int64_t i = 0; i < rows; i++) {
            const __m512i a = _mm512_maskz_loadu_epi32(mask, (const int32_t *) acc + i * acc_stride + j);
            void *to = row_of(dst, i, dst_stride);
            __m512 r = _mm512_mul_ps(_mm512_cvtepi32_ps(a), multiplier);
            if (e->offset != NULL) {
                r = _mm512_add_ps(r, offset);
            }
            if (type != TERSOR_F32 || e->clamps) {
                r = clamp(r, lo, hi);
            }
            if (type == TERSOR_F32) {
                _mm512_mask_storeu_ps((float *) to + first + j, mask, r);
            } else {
                const __m512i q = _mm512_add_epi32(_mm512_cvtps_epi32(r), zero_point);
                _mm512_mask_cvtepi32_storeu_epi8((int8_t *) to + first + j, mask, q);
            }
        }
    }
}

static void store_s32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                      int64_t columns, void *dst, int64_t dst_stride) {
    (void) e;
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j += 16) {
            const __mmask16 mask = mask_of(columns - j);
            const __m512i a = _mm512_maskz_loadu_epi32(mask, (const int32_t *) acc + i * acc_stride + j);
            _mm512_mask_storeu_epi32((int32_t *) row_of(dst, i, dst_stride) + first + j, mask, a);
        }
    }
}

static void store_f32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                      int64_t columns, void *dst, int64_t dst_stride) {
    store(TERSOR_F32, e, acc, acc_stride, rows, first, columns, dst, dst_stride);
}

static void store_i8(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                     int64_t columns, void *dst, int64_t dst_stride) {
    store(TERSOR_S8, e, acc, acc_stride, rows, first, columns, dst, dst_stride);
}

static void store_f32_from_f32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                               int64_t columns, void *dst, int64_t dst_stride) {
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j += 16) {
            const __mmask16 mask = mask_of(columns - j);
            __m512 r = _mm512_maskz_loadu_ps(mask, (const float *) acc + i * acc_stride + j);
            if (e->offset != NULL) {
                r = _mm512_add_ps(r, _mm512_maskz_loadu_ps(mask, e->offset + first + j));
            }
            r = e->clamps ? clamp(r, lo, hi) : r;
            _mm512_mask_storeu_ps((float *) row_of(dst, i, dst_stride) + first + j, mask, r);
        }
    }
}

/* A value within its 8-bit type has the same low byte signed and unsigned. */
const epilogue_functions epilogue__avx512_vnni = {store_s32, store_f32, store_i8, store_i8, store_f32_from_f32};
