/*
 * 6 x 16 f32 accumulators in 12 of the 16 registers. Sources of bf16 are widened once per block of rows, weights as they
 * are loaded: that halves their bytes, not the arithmetic.
 */
#include <immintrin.h>

#include "rows.h"
#include "winograd.h"

ALWAYS_INLINE __m256 widen_bf16(const char *from) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_load_si128((const void *) from)), 16));
}

#define TILE(name) f32_##name
#define ROWS 6
#define LANES 8
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 64
#define accumulators __m256
#define factor __m256
#define load_acc(from) _mm256_load_ps((const float *) (const void *) (from))
#define store_acc(to, acc) _mm256_store_ps((float *) (void *) (to), acc)
#define zero_acc() _mm256_setzero_ps()
#define add_acc(a, b) _mm256_add_ps(a, b)
#define load_weights(panel, v) _mm256_load_ps((const float *) (const void *) (panel) + (v) * 8)
#define load_src(src) _mm256_set1_ps(load_f32(src))
#define multiply_add(acc, a, b) _mm256_fmadd_ps(a, b, acc)
#define FINISHES
#define load_any(from) _mm256_loadu_ps(from)
#define store_any(to, acc) _mm256_storeu_ps(to, acc)
#define product(a, b) _mm256_mul_ps(a, b)
#define maximum(a, b) _mm256_max_ps(a, b)
#define minimum(a, b) _mm256_min_ps(a, b)
#define broadcast(value) _mm256_set1_ps(value)
#include "simd_tile.h"

#define TILE(name) bf16_##name
#define ROWS 6
#define LANES 8
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 32
#define accumulators __m256
#define factor __m256
#define load_acc(from) _mm256_load_ps((const float *) (const void *) (from))
#define store_acc(to, acc) _mm256_store_ps((float *) (void *) (to), acc)
#define zero_acc() _mm256_setzero_ps()
#define add_acc(a, b) _mm256_add_ps(a, b)
#define load_weights(panel, v) widen_bf16((panel) + (v) * 16)
#define load_src(src) _mm256_set1_ps(load_f32(src))
#define multiply_add(acc, a, b) _mm256_fmadd_ps(a, b, acc)
#include "simd_tile.h"

const gemm_kernel f32_gemm_6x16__avx2 = {
    .name = "f32_gemm_6x16__avx2",
    .rows = 6,
    .columns = 16,
    .group = 1,
    .step = 1,
    .finishes = true,
    ROWS_OF_F32,
    .winograd = winograd__avx2,
    .tile = f32_tile,
};

const gemm_kernel bf16_gemm_6x16__avx2 = {
    .name = "bf16_gemm_6x16__avx2",
    .rows = 6,
    .columns = 16,
    .group = 1,
    .step = 1,
    .src_bytes = 2,
    .row_bytes = 4,
    .convert_always = true,
    .convert = rows_widen_bf16,
    .tile = bf16_tile,
};

const gemm_kernel f32_blocks_6x16__avx2 = {
    .name = "f32_blocks_6x16__avx2",
    .form = PANEL_STEPS,
    .rows = 6,
    .columns = 16,
    .group = 1,
    .step = 1,
    ROWS_OF_F32,
    .tile = f32_tile,
};
