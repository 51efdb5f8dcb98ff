#include <immintrin.h>

#include "limits.h"

static void run(int64_t iterations) {
    __m512 sums[CHAINS];
    __m512i bits = _mm512_set1_epi16(0x3f81); /* 1 + 2^-7 */
    OPAQUE(bits);
    const __m512bh x = (__m512bh) bits;
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm512_set1_ps((float) i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm512_dpbf16_ps(sums[i], x, x);
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE(sums[i]);
    }
}

const limit_loop limit_avx512_bf16 = {CHAINS * 2 * 32, run};
