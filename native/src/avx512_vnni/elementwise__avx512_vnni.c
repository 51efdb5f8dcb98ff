/* Quantization with one scale, and normalization to bytes, in registers; the rest by the common body. */
#include <immintrin.h>

#include "layer_norm_bytes.h"
#include "pool_plane__avx512f.h"

#define MAX_POOL_PLANE max_pool_plane_512
#define AVERAGE_POOL_PLANE average_pool_plane_512
#define NORMALIZE_BYTES normalize_bytes_512
#include "elementwise_body.h"

/*
 * src / scale without a division, which takes 16 cycles: with the correctly rounded reciprocal, two corrections by the
 * remainder, which fmadd gives exactly, round the quotient correctly too (Markstein 1990). Bounds in units of src keep
 * infinities and NaN out; where they are, quotients round to the least and the greatest level.
 */
typedef struct divisor {
    __m512 scale, inverse, lo, hi;
    __m512i zero_point;
} divisor;

/* Whether remainders are exact and bounds finite: scales that are not far from what numbers are. */
static bool has_remainders(float scale) {
    return scale >= 0x1p-80f && scale <= 0x1p80f;
}

static divisor divisor_of(float scale, int32_t min, int32_t zero_point) {
    return (divisor){_mm512_set1_ps(scale), _mm512_set1_ps(1.0f / scale),
                     _mm512_set1_ps((float) (min - zero_point) * scale),
                     _mm512_set1_ps((float) (min + 255 - zero_point) * scale), _mm512_set1_epi32(zero_point)};
}

/* 16 levels within the type's range; max returns its second operand where the first is NaN. */
ALWAYS_INLINE __m512i levels_of(const divisor *d, __m512 x) {
    x = _mm512_min_ps(_mm512_max_ps(x, d->lo), d->hi);
    __m512 q = _mm512_mul_ps(x, d->inverse);
    q = _mm512_fmadd_ps(_mm512_fnmadd_ps(q, d->scale, x), d->inverse, q);
    q = _mm512_fmadd_ps(_mm512_fnmadd_ps(q, d->scale, x), d->inverse, q);
    return _mm512_add_epi32(_mm512_cvtps_epi32(q), d->zero_point);
}

static void quantize_all(const float *from, int64_t count, const divisor *d, uint8_t *to) {
    /* A level within its 8-bit type has the same low byte signed and unsigned. */
    for (; count >= 16; count -= 16, from += 16, to += 16) {
        _mm_storeu_si128((__m128i *) (void *) to, _mm512_cvtepi32_epi8(levels_of(d, _mm512_loadu_ps(from))));
    }
    const __mmask16 mask = (__mmask16) ((1u << count) - 1);
    _mm_mask_storeu_epi8(to, mask, _mm512_cvtepi32_epi8(levels_of(d, _mm512_maskz_loadu_ps(mask, from))));
}

/* Up to 16 pixels of three channels, each made of a word's lower three bytes. */
ALWAYS_INLINE void store_pixels(const float *from, int64_t pixels, int64_t count, const divisor *d, uint8_t *to) {
    const __mmask16 mask = (__mmask16) ((1u << count) - 1);
    const __m512i low_byte = _mm512_set1_epi32(0xff);
    const __m512i three_of_four =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const __m512i together = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    const __m512i r = levels_of(d, _mm512_maskz_loadu_ps(mask, from));
    const __m512i g = levels_of(d, _mm512_maskz_loadu_ps(mask, from + pixels));
    const __m512i b = levels_of(d, _mm512_maskz_loadu_ps(mask, from + 2 * pixels));
    __m512i words = _mm512_ternarylogic_epi32(low_byte, r, _mm512_slli_epi32(b, 16), 0xea); /* (0 and 1) or 2 */
    words = _mm512_or_si512(words, _mm512_slli_epi32(_mm512_and_si512(g, low_byte), 8));
    words = _mm512_permutexvar_epi32(together, _mm512_shuffle_epi8(words, three_of_four));
    _mm512_mask_storeu_epi8(to, (1ull << 3 * count) - 1, words);
}

static void quantize_colours(const float *src, int64_t pixels, const divisor *d, uint8_t *to) {
    int64_t first = 0;
    for (; first + 16 <= pixels; first += 16) {
        store_pixels(src + first, pixels, 16, d, to + 3 * first);
    }
    store_pixels(src + first, pixels, pixels - first, d, to + 3 * first);
}

#define QUANTIZE_512(dst_name, min)                                                                                    \
    static void quantize_##dst_name##_512(const void *src, int64_t count, const elementwise_parameters *p,             \
                                          bool per_channel, void *dst) {                                               \
        if (per_channel || !has_remainders(p->factor[0])) {                                                            \
            quantize_##dst_name(src, count, p, per_channel, dst);                                                      \
            return;                                                                                                    \
        }                                                                                                              \
        const divisor d = divisor_of(p->factor[0], min, p->zero_point[0]);                                             \
        quantize_all(src, count, &d, dst);                                                                             \
    }                                                                                                                  \
    static void quantize_nhwc_##dst_name##_512(const float *src, int64_t channels, int64_t pixels, float scale,        \
                                               int32_t zero_point, void *dst) {                                        \
        if (channels != 3 || !has_remainders(scale)) {                                                                 \
            quantize_nhwc_##dst_name(src, channels, pixels, scale, zero_point, dst);                                   \
            return;                                                                                                    \
        }                                                                                                              \
        const divisor d = divisor_of(scale, min, zero_point);                                                          \
        quantize_colours(src, pixels, &d, dst);                                                                        \
    }

QUANTIZE_512(u8, 0)
QUANTIZE_512(s8, -128)

const elementwise_functions elementwise__avx512_vnni = {
    ELEMENTWISE_FUNCTIONS(quantize_u8_512, quantize_s8_512, quantize_nhwc_u8_512, quantize_nhwc_s8_512)};
