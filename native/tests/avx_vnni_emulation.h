/* What stands in for AVX-VNNI's _mm256_dpbusd_avx_epi32, in AVX2, for machines without AVX-VNNI. */
#ifndef TERSOR_AVX_VNNI_EMULATION_H
#define TERSOR_AVX_VNNI_EMULATION_H

#include <immintrin.h>

/* acc + sums of four products u8 * s8, exact and wrapping: even and odd bytes widened to 16 bits. */
static inline __m256i emulated_dpbusd(__m256i acc, __m256i a, __m256i b) {
    const __m256i even_a = _mm256_and_si256(a, _mm256_set1_epi16(0xff));
    const __m256i even_b = _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8);
    const __m256i odd_a = _mm256_srli_epi16(a, 8);
    const __m256i odd_b = _mm256_srai_epi16(b, 8);
    const __m256i sums = _mm256_add_epi32(_mm256_madd_epi16(even_a, even_b), _mm256_madd_epi16(odd_a, odd_b));
    return _mm256_add_epi32(acc, sums);
}

#endif
