#include <immintrin.h>

#include "compiler.h"
#include "scattered.h"

/* 8 x 8 words: pairs and quadruples of neighbouring rows are interleaved, then halves of the vectors exchanged. */
ALWAYS_INLINE void transpose(__m256i r[8]) {
    __m256i t[8];
    UNROLL(4)
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    UNROLL(2)
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x31);
    }
    UNROLL(8)
    for (int i = 0; i < 8; i++) {
        r[i] = t[i];
    }
}

void turn_8__avx2(const char *const *rows, int64_t count, char *to, int64_t pitch) {
    __m256i r[8];
    int64_t word = 0;
    for (; word + 8 <= count; word += 8, to += 8 * pitch) {
        UNROLL(8)
        for (int i = 0; i < 8; i++) {
            r[i] = _mm256_loadu_si256((const void *) (rows[i] + word * 4));
        }
        transpose(r);
        UNROLL(8)
        for (int i = 0; i < 8; i++) {
            _mm256_store_si256((void *) (to + i * pitch), r[i]);
        }
    }
    if (word < count) {
        const __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t) (count - word)), numbers);
        UNROLL(8)
        for (int i = 0; i < 8; i++) {
            r[i] = _mm256_maskload_epi32((const void *) (rows[i] + word * 4), mask);
        }
        transpose(r);
        UNROLL(8)
        for (int i = 0; i < 8; i++) {
            if (word + i < count) {
                _mm256_store_si256((void *) (to + i * pitch), r[i]);
            }
        }
    }
}
