#include "epilogue.h"

#include <immintrin.h>

#include "scalar.h"

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

ALWAYS_INLINE void store(tersor_type type, const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows,
                         int64_t first, int64_t columns, void *dst, int64_t dst_stride) {
    const __m256 lo = _mm256_set1_ps(e->lo), hi = _mm256_set1_ps(e->hi);
    const __m256i zero_point = _mm256_set1_epi32(e->zero_point);
    const float *multiplier = e->multiplier + first;
    for (int64_t i = 0; i < rows; i++) {
        const int32_t *from = (const int32_t *) acc + i * acc_stride;
        float *to_f32 = (float *) row_of(dst, i, dst_stride) + first;
        int8_t *to_i8 = (int8_t *) row_of(dst, i, dst_stride) + first;
        int64_t j = 0;
        for (; j + 8 <= columns; j += 8) {
            __m256 r = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *) (from + j)));
            r = _mm256_mul_ps(r, _mm256_loadu_ps(multiplier + j));
            if (e->offset != 0) {
                r = _mm256_add_ps(r, _mm256_loadu_ps(e->offset + first + j));
            }
            if (type != TERSOR_F32 || e->clamps) {
                r = clamp(r, lo, hi);
            }
            if (type == TERSOR_F32) {
                _mm256_storeu_ps(to_f32 + j, r);
            } else {
                store_bytes(to_i8 + j, _mm256_add_epi32(_mm256_cvtps_epi32(r), zero_point));
            }
        }
        for (; j < columns; j++) {
            const float r = scalar_scale(e, from[j], first + j);
            if (type == TERSOR_F32) {
                to_f32[j] = r;
            } else {
                to_i8[j] = (int8_t) scalar_round(r, e->zero_point);
            }
        }
    }
}

static void store_s32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                      int64_t columns, void *dst, int64_t dst_stride) {
    (void) e;
    for (int64_t i = 0; i < rows; i++) {
        memcpy((int32_t *) row_of(dst, i, dst_stride) + first, (const int32_t *) acc + i * acc_stride,
               (size_t) columns * 4);
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
    const __m256 lo = _mm256_set1_ps(e->lo), hi = _mm256_set1_ps(e->hi);
    for (int64_t i = 0; i < rows; i++) {
        const float *from = (const float *) acc + i * acc_stride;
        float *to = (float *) row_of(dst, i, dst_stride) + first;
        int64_t j = 0;
        for (; j + 8 <= columns; j += 8) {
            __m256 r = _mm256_loadu_ps(from + j);
            if (e->offset != 0) {
                r = _mm256_add_ps(r, _mm256_loadu_ps(e->offset + first + j));
            }
            _mm256_storeu_ps(to + j, e->clamps ? clamp(r, lo, hi) : r);
        }
        for (; j < columns; j++) {
            to[j] = scalar_finish(e, from[j], first + j);
        }
    }
}

/* A value within its 8-bit type has the same low byte signed and unsigned. */
const epilogue_functions epilogue__avx2 = {store_s32, store_f32, store_i8, store_i8, store_f32_from_f32};
