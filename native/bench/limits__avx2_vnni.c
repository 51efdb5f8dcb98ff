#include <immintrin.h>

#include "limits.h"

static void run(int64_t iterations) {
    __m256i sums[CHAINS];
    __m256i x = _mm256_set1_epi8((char) 201), y = _mm256_set1_epi8(-57);
    OPAQUE_AVX2(x);
    OPAQUE_AVX2(y);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm256_set1_epi32(i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm256_dpbusd_avx_epi32(sums[i], x, y);
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE_AVX2(sums[i]);
    }
}

const limit_loop limit_avx2_vnni = {CHAINS * 2 * 32, run};
