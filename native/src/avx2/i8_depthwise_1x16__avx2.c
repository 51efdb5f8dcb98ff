/*
 * INT8 depthwise sums of 16 channels. The bytes of two taps are interleaved and widened, so that vpmaddwd adds both
 * products of a channel; exact, since the products of 9-bit numbers are far from the limits of int32.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

enum { CHANNELS = 16 };

ALWAYS_INLINE __m256i widen(bool is_signed, __m128i bytes) {
    return is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
}

/* `count` bytes, the others zero. */
ALWAYS_INLINE __m128i load(const void *address, int64_t count) {
    if (count >= CHANNELS) {
        return _mm_loadu_si128(address);
    }
    _Alignas(16) uint8_t bytes[CHANNELS] = {0};
    memcpy(bytes, address, (size_t) count);
    return _mm_load_si128((const __m128i *) bytes);
}

ALWAYS_INLINE void add(const depthwise_sum *s, bool is_signed) {
    const int64_t step_bytes = depthwise_padded_channels(s->channels) * 4;
    for (int64_t c = 0; c < s->channels; c += CHANNELS) {
        const int64_t rest = s->channels - c;
        const char *weights = (const char *) s->weights + c * 4;
        __m256i acc0 = _mm256_load_si256((const __m256i *) (s->init + c));
        __m256i acc1 = _mm256_load_si256((const __m256i *) (s->init + c) + 1);
        for (int64_t step = 0; step < s->steps; step++, weights += step_bytes) {
            const __m128i a = load((const char *) s->taps[2 * step] + c, rest);
            const __m128i b = load((const char *) s->taps[2 * step + 1] + c, rest);
            const __m256i pairs0 = widen(is_signed, _mm_unpacklo_epi8(a, b));
            const __m256i pairs1 = widen(is_signed, _mm_unpackhi_epi8(a, b));
            const __m256i w0 = _mm256_load_si256((const __m256i *) weights);
            const __m256i w1 = _mm256_load_si256((const __m256i *) weights + 1);
            acc0 = _mm256_add_epi32(acc0, _mm256_madd_epi16(pairs0, w0));
            acc1 = _mm256_add_epi32(acc1, _mm256_madd_epi16(pairs1, w1));
        }
        _mm256_store_si256((__m256i *) ((int32_t *) s->acc + c), acc0);
        _mm256_store_si256((__m256i *) ((int32_t *) s->acc + c) + 1, acc1);
    }
}

static void sum_u8(const depthwise_sum *s) {
    add(s, false);
}

static void sum_s8(const depthwise_sum *s) {
    add(s, true);
}

const depthwise_kernel u8s8_depthwise_1x16__avx2 = {"u8s8_depthwise_1x16__avx2", 1, 2, sum_u8};
const depthwise_kernel s8s8_depthwise_1x16__avx2 = {"s8s8_depthwise_1x16__avx2", 1, 2, sum_s8};
