/*
 * INT8 depthwise sums of 16 channels. The source is widened to 16 bits; two taps are interleaved, so that vpmaddwd adds
 * both products of a channel: exact, since the products of 9-bit numbers are far from the limits of int32.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"
#include "i8_finish__avx2.h"

extern const gemm_kernel u8s8_gemm_6x16__avx2, s8s8_gemm_6x16__avx2;

enum { PIXELS = 6 }; /* of a tile, at most: one loop for all of them is 1.3 to 2 times as fast as pairs */

ALWAYS_INLINE void sum_pixels(const depthwise_tile *t, const i8_finish_columns *finish, int pixels) {
    const char *src = t->src;
    const __m256i *init = (const __m256i *) (const void *) t->init;
    const __m256i *weights = t->weights;
    __m256i acc[PIXELS][2];
    UNROLL(6)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = _mm256_load_si256(init);
        acc[i][1] = _mm256_load_si256(init + 1);
    }
    for (int64_t s = 0; s < t->steps; s++, weights += 2) {
        const __m256i w0 = _mm256_load_si256(weights), w1 = _mm256_load_si256(weights + 1);
        UNROLL(6)
        for (int i = 0; i < pixels; i++) {
            const char *at = src + i * t->src_stride;
            const __m256i a = _mm256_loadu_si256((const __m256i *) (const void *) (at + t->offsets[2 * s]));
            const __m256i b = _mm256_loadu_si256((const __m256i *) (const void *) (at + t->offsets[2 * s + 1]));
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), w0));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), w1));
        }
    }
    UNROLL(6)
    for (int i = 0; i < pixels; i++) {
        const __m256i low = acc[i][0], high = acc[i][1];
        acc[i][0] = _mm256_permute2x128_si256(low, high, 0x20);
        acc[i][1] = _mm256_permute2x128_si256(low, high, 0x31);
    }
    if (finish != NULL) {
        i8_finish_rows(finish, pixels, acc, t->results);
        return;
    }
    UNROLL(6)
    for (int i = 0; i < pixels; i++) {
        __m256i *to = (__m256i *) (void *) (t->acc + i * 16);
        _mm256_store_si256(to, acc[i][0]);
        _mm256_store_si256(to + 1, acc[i][1]);
    }
}

ALWAYS_INLINE void sum_all(const depthwise_tile *t, const i8_finish_columns *finish) {
    switch (t->pixels) {
    case 1:
        sum_pixels(t, finish, 1);
        return;
    case 2:
        sum_pixels(t, finish, 2);
        return;
    case 3:
        sum_pixels(t, finish, 3);
        return;
    case 4:
        sum_pixels(t, finish, 4);
        return;
    case 5:
        sum_pixels(t, finish, 5);
        return;
    default:
        sum_pixels(t, finish, PIXELS);
        return;
    }
}

static void sum(const depthwise_tile *t) {
    if (t->results == NULL) {
        sum_all(t, NULL);
    } else {
        const i8_finish_columns finish = i8_finish_start(t->e, t->results->first);
        sum_all(t, &finish);
    }
}

#define KERNEL(types)                                                                                                  \
    const depthwise_kernel types##_depthwise_1x16__avx2 = {                                                            \
        .name = #types "_depthwise_1x16__avx2",                                                                        \
        .format = &types##_gemm_6x16__avx2,                                                                            \
        .block = 16,                                                                                                   \
        .lanes = 2,                                                                                                    \
        .taps_per_step = 2,                                                                                            \
        .requantizes = true,                                                                                           \
        .sum = sum,                                                                                                    \
    };

KERNEL(u8s8)
KERNEL(s8s8)
