#include <immintrin.h>

#include "limits.h"
#include "tersor_bench.h"

static void run_f32(int64_t iterations) {
    __m256 sums[CHAINS];
    __m256 x = _mm256_set1_ps(1.0009765625f), y = _mm256_set1_ps(0.9990234375f);
    OPAQUE_AVX2(x);
    OPAQUE_AVX2(y);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm256_set1_ps((float) i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            sums[i] = _mm256_fmadd_ps(x, y, sums[i]);
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE_AVX2(sums[i]);
    }
}

/* 16 products of 16-bit integers, to which 8-bit ones were widened: exact. */
static void run_maddwd(int64_t iterations) {
    __m256i sums[CHAINS];
    __m256i x = _mm256_set1_epi16(201), y = _mm256_set1_epi16(-57);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm256_set1_epi32(i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            OPAQUE_AVX2(x);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(x, y));
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE_AVX2(sums[i]);
    }
}

/* 32 products of 8-bit integers, pairs of which saturate at 16 bits: inexact, and what oneDNN does. */
static void run_maddubs(int64_t iterations) {
    __m256i sums[CHAINS];
    __m256i x = _mm256_set1_epi8(91), y = _mm256_set1_epi8(-57), ones = _mm256_set1_epi16(1);
    OPAQUE_AVX2(ones);
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        sums[i] = _mm256_set1_epi32(i);
    }
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        UNROLL(16)
        for (int i = 0; i < CHAINS; i++) {
            OPAQUE_AVX2(x);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones));
        }
    }
    UNROLL(16)
    for (int i = 0; i < CHAINS; i++) {
        OPAQUE_AVX2(sums[i]);
    }
}

const limit_loop limit_avx2_f32 = {CHAINS * 2 * 8, run_f32};
const limit_loop limit_avx2_maddwd = {CHAINS * 2 * 16, run_maddwd};
const limit_loop limit_avx2_maddubs = {CHAINS * 2 * 32, run_maddubs};

void read_avx2(const void *buffer, int64_t bytes) {
    enum { LOADS = TERSOR_BENCH_READ_BLOCK / 32 };
    __m256i sums[LOADS / 2];
    UNROLL(16)
    for (int i = 0; i < LOADS / 2; i++) {
        sums[i] = _mm256_setzero_si256();
    }
    for (int64_t at = 0; at < bytes; at += TERSOR_BENCH_READ_BLOCK) {
        const __m256i *block = const_row_of(buffer, 1, at);
        UNROLL(16)
        for (int i = 0; i < LOADS; i++) {
            sums[i % (LOADS / 2)] = _mm256_add_epi32(sums[i % (LOADS / 2)], _mm256_loadu_si256(block + i));
        }
    }
    UNROLL(16)
    for (int i = 0; i < LOADS / 2; i++) {
        OPAQUE_AVX2(sums[i]);
    }
}
