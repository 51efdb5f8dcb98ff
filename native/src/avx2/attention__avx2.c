/*
 * Attention by AVX2: vpmaddubsw saturates sums of two products, unless the u8 operand is taken apart into its lower
 * seven bits and its highest one.
 */
#include <immintrin.h>

static inline __m256i dot(__m256i acc, __m256i u, __m256i s) {
    const __m256i low = _mm256_set1_epi8(0x7f), ones = _mm256_set1_epi16(1);
    const __m256i lower = _mm256_maddubs_epi16(_mm256_and_si256(u, low), s);
    const __m256i upper = _mm256_maddubs_epi16(_mm256_andnot_si256(low, u), s);
    const __m256i sums = _mm256_add_epi32(_mm256_madd_epi16(lower, ones), _mm256_madd_epi16(upper, ones));
    return _mm256_add_epi32(acc, sums);
}

#include "attention_body.h"
#include "attention_vectors__avx2.h"
#include "attention_tile.h"

const attention_kernel attention__avx2 = {
    .name = "u8s8_attention_2x32__avx2",
    ATTENTION_STEPS_IN_C,
    .multiply = multiply,
};
