/*
 * INT8 depthwise sums of 64 channels, four taps at a time: their bytes are interleaved within lanes, so that vpdpbusd adds
 * four products of a channel. Of a block with at most 32 channels two pixels are computed side by side.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel u8s8_gemm_12x32__avx512_vnni, s8s8_gemm_12x32__avx512_vnni;

/* The taps of a pixel, or (halved) of two. */
ALWAYS_INLINE __m512i load(bool halved, const char *src, int64_t stride) {
    if (!halved) {
        return _mm512_loadu_si512(src);
    }
    const __m256i first = _mm256_loadu_si256((const __m256i *) (const void *) src);
    return _mm512_inserti64x4(_mm512_castsi256_si512(first),
                              _mm256_loadu_si256((const __m256i *) (const void *) (src + stride)), 1);
}

ALWAYS_INLINE void add_step(bool halved, const char *src, int64_t stride, const int64_t *offsets, const __m512i *weights,
                            __m512i acc[4]) {
    const __m512i a = load(halved, src + offsets[0], stride), b = load(halved, src + offsets[1], stride);
    const __m512i c = load(halved, src + offsets[2], stride), d = load(halved, src + offsets[3], stride);
    const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
    const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
    acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_unpacklo_epi16(ab_low, cd_low), weights[0]);
    acc[1] = _mm512_dpbusd_epi32(acc[1], _mm512_unpackhi_epi16(ab_low, cd_low), weights[1]);
    acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_unpacklo_epi16(ab_high, cd_high), weights[2]);
    acc[3] = _mm512_dpbusd_epi32(acc[3], _mm512_unpackhi_epi16(ab_high, cd_high), weights[3]);
}

/* From units of 4 channels of each lane to the channels in their order. */
ALWAYS_INLINE void store(int32_t *to, const __m512i acc[4]) {
    const __m512i low01 = _mm512_shuffle_i32x4(acc[0], acc[1], 0x44), high01 = _mm512_shuffle_i32x4(acc[0], acc[1], 0xee);
    const __m512i low23 = _mm512_shuffle_i32x4(acc[2], acc[3], 0x44), high23 = _mm512_shuffle_i32x4(acc[2], acc[3], 0xee);
    _mm512_store_si512(to, _mm512_shuffle_i32x4(low01, low23, 0x88));
    _mm512_store_si512(to + 16, _mm512_shuffle_i32x4(low01, low23, 0xdd));
    _mm512_store_si512(to + 32, _mm512_shuffle_i32x4(high01, high23, 0x88));
    _mm512_store_si512(to + 48, _mm512_shuffle_i32x4(high01, high23, 0xdd));
}

/* steps > 0: a constant, so that the weights stay in registers. */
ALWAYS_INLINE void sum_pixels(const depthwise_tile *t, bool halved, int64_t steps) {
    const __m512i *weights = t->weights;
    const __m512i *init = (const __m512i *) (const void *) t->init;
    int32_t *acc = t->acc;
    const int64_t count = steps > 0 ? steps : t->steps, side = halved ? 2 : 1;
    for (int64_t p = 0; p < t->pixels; p += side, acc += 64) {
        const char *src = t->src + p * t->src_stride;
        __m512i sums[4] = {init[0], init[1], init[2], init[3]};
        UNROLL(3)
        for (int64_t s = 0; s < count; s++) {
            add_step(halved, src, t->src_stride, t->offsets + 4 * s, weights + 4 * s, sums);
        }
        store(acc, sums);
    }
}

static void sum(const depthwise_tile *t) {
    if (t->steps == 3) {
        if (t->halved) {
            sum_pixels(t, true, 3);
        } else {
            sum_pixels(t, false, 3);
        }
    } else if (t->halved) {
        sum_pixels(t, true, 0);
    } else {
        sum_pixels(t, false, 0);
    }
}

#define KERNEL(types)                                                                                                  \
    const depthwise_kernel types##_depthwise_1x64__avx512_vnni = {                                                     \
        .name = #types "_depthwise_1x64__avx512_vnni",                                                                 \
        .format = &types##_gemm_12x32__avx512_vnni,                                                                    \
        .block = 64,                                                                                                   \
        .lanes = 4,                                                                                                    \
        .taps_per_step = 4,                                                                                            \
        .weight_bytes = 1,                                                                                             \
        .halves = true,                                                                                                \
        .sum = sum,                                                                                                    \
    };

KERNEL(u8s8)
KERNEL(s8s8)
