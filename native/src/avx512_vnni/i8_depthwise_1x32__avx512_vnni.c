/*
 * INT8 depthwise sums of 32 channels. The bytes of two taps are interleaved and widened, so that vpmaddwd adds both
 * products of a channel; exact, since the products of 9-bit numbers are far from the limits of int32.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

ALWAYS_INLINE __m512i widen(bool is_signed, __m256i bytes) {
    return is_signed ? _mm512_cvtepi8_epi16(bytes) : _mm512_cvtepu8_epi16(bytes);
}

/* Channels 0 to 7 and 16 to 23, or 8 to 15 and 24 to 31: what interleaving within 128-bit lanes leaves together. */
ALWAYS_INLINE __m512i load_quarters(const void *from, int first) {
    const __m256i *quarters = from;
    const __m512i low = _mm512_castsi256_si512(_mm256_load_si256(quarters + first));
    return _mm512_inserti64x4(low, _mm256_load_si256(quarters + first + 2), 1);
}

ALWAYS_INLINE void store_quarters(void *to, int first, __m512i value) {
    __m256i *quarters = to;
    _mm256_store_si256(quarters + first, _mm512_castsi512_si256(value));
    _mm256_store_si256(quarters + first + 2, _mm512_extracti64x4_epi64(value, 1));
}

ALWAYS_INLINE void add(const depthwise_sum *s, bool is_signed) {
    const int64_t step_bytes = depthwise_padded_channels(s->channels) * 4;
    for (int64_t c = 0; c < s->channels; c += DEPTHWISE_BLOCK) {
        const int64_t rest = s->channels - c;
        const __mmask32 mask = rest >= 32 ? UINT32_MAX : (UINT32_C(1) << rest) - 1;
        const char *weights = (const char *) s->weights + c * 4;
        __m512i acc0 = load_quarters(s->init + c, 0);
        __m512i acc1 = load_quarters(s->init + c, 1);
        for (int64_t step = 0; step < s->steps; step++, weights += step_bytes) {
            const __m256i a = _mm256_maskz_loadu_epi8(mask, (const char *) s->taps[2 * step] + c);
            const __m256i b = _mm256_maskz_loadu_epi8(mask, (const char *) s->taps[2 * step + 1] + c);
            const __m512i pairs0 = widen(is_signed, _mm256_unpacklo_epi8(a, b));
            const __m512i pairs1 = widen(is_signed, _mm256_unpackhi_epi8(a, b));
            acc0 = _mm512_add_epi32(acc0, _mm512_madd_epi16(pairs0, load_quarters(weights, 0)));
            acc1 = _mm512_add_epi32(acc1, _mm512_madd_epi16(pairs1, load_quarters(weights, 1)));
        }
        store_quarters((int32_t *) s->acc + c, 0, acc0);
        store_quarters((int32_t *) s->acc + c, 1, acc1);
    }
}

static void sum_u8(const depthwise_sum *s) {
    add(s, false);
}

static void sum_s8(const depthwise_sum *s) {
    add(s, true);
}

const depthwise_kernel u8s8_depthwise_1x32__avx512_vnni = {"u8s8_depthwise_1x32__avx512_vnni", 1, 2, sum_u8};
const depthwise_kernel s8s8_depthwise_1x32__avx512_vnni = {"s8s8_depthwise_1x32__avx512_vnni", 1, 2, sum_s8};
