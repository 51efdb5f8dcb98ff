/*
 * vpshufb looks up in 16 bytes and makes 0 of what has its highest bit set: a saturating addition sets it for all that
 * belong to other sixteenths of the table. 1.5 times as fast as byte by byte.
 */
#include <immintrin.h>

#include "compiler.h"
#include "lookup.h"

enum { PARTS = 16 };

ALWAYS_INLINE __m256i look_up(__m256i x, const __m256i parts[PARTS]) {
    __m256i y = _mm256_setzero_si256();
    UNROLL(16)
    for (int i = 0; i < PARTS; i++) {
        const __m256i here = _mm256_xor_si256(x, _mm256_set1_epi8((char) (i * 16)));
        y = _mm256_or_si256(y, _mm256_shuffle_epi8(parts[i], _mm256_adds_epu8(here, _mm256_set1_epi8(0x70))));
    }
    return y;
}

void lookup__avx2(int64_t count, const uint8_t *src, const uint8_t *table, uint8_t *dst) {
    __m256i parts[PARTS];
    for (int i = 0; i < PARTS; i++) {
        parts[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *) (const void *) (table + i * 16)));
    }
    int64_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i x = _mm256_loadu_si256((const __m256i *) (const void *) (src + i));
        _mm256_storeu_si256((__m256i *) (void *) (dst + i), look_up(x, parts));
    }
    for (; i < count; i++) {
        dst[i] = table[src[i]];
    }
}
