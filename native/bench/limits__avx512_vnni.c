#include <immintrin.h>

#include "limits.h"
#include "tersor_bench.h"

static void run_f32(int64_t iterations) {
    __m512 sums[CHAINS];
    __m512 x = _mm512_set1_ps(1.0009765625f), y = _mm512_set1_ps(0.9990234375f);
    OPAQUE(x);
    OPAQUE(y);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm512_set1_ps((float) i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm512_fmadd_ps(x, y, sums[i]);
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE(sums[i]);
    }
}

static void run_vnni(int64_t iterations) {
    __m512i sums[CHAINS];
    __m512i x = _mm512_set1_epi8((char) 201), y = _mm512_set1_epi8(-57);
    OPAQUE(x);
    OPAQUE(y);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm512_set1_epi32(i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm512_dpbusd_epi32(sums[i], x, y);
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE(sums[i]);
    }
}

const limit_loop limit_avx512_f32 = {CHAINS * 2 * 16, run_f32};
const limit_loop limit_avx512_vnni = {CHAINS * 2 * 64, run_vnni};

void read_avx512(const void *buffer, int64_t bytes) {
    enum { LOADS = TERSOR_BENCH_READ_BLOCK / 64 };
    __m512i sums[LOADS];
    UNROLL(16)
    for (int i = 0; i < LOADS; i++) {
        sums[i] = _mm512_setzero_si512();
    }
    for (int64_t at = 0; at < bytes; at += TERSOR_BENCH_READ_BLOCK) {
        const char *block = const_row_of(buffer, 1, at);
        UNROLL(16)
        for (int i = 0; i < LOADS; i++) {
            sums[i] = _mm512_add_epi32(sums[i], _mm512_loadu_si512(block + 64 * i));
        }
    }
    UNROLL(16)
    for (int i = 0; i < LOADS; i++) {
        OPAQUE(sums[i]);
    }
}
