/*
 * 12 x 32 f32 accumulators in 24 of the 32 registers. Sources of bf16 are widened once per block of rows, weights as they
 * are loaded: that halves their bytes, not the arithmetic.
 */
#include <immintrin.h>

#include "rows.h"
#include "winograd.h"

ALWAYS_INLINE __m512 widen_bf16(const char *from) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_load_si256((const void *) from)), 16));
}

#define TILE(name) f32_##name
#define ROWS 12
#define LANES 16
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 128
#define accumulators __m512
#define factor __m512
#define load_acc(from) _mm512_load_ps(from)
#define store_acc(to, acc) _mm512_store_ps((float *) (void *) (to), acc)
#define zero_acc() _mm512_setzero_ps()
#define add_acc(a, b) _mm512_add_ps(a, b)
#define load_weights(panel, v) _mm512_load_ps((panel) + (v) * 64)
#define load_src(src) _mm512_set1_ps(load_f32(src))
#define multiply_add(acc, a, b) _mm512_fmadd_ps(a, b, acc)
#define FINISHES
#define load_any(from) _mm512_loadu_ps(from)
#define store_any(to, acc) _mm512_storeu_ps(to, acc)
#define product(a, b) _mm512_mul_ps(a, b)
#define maximum(a, b) _mm512_max_ps(a, b)
#define minimum(a, b) _mm512_min_ps(a, b)
#define broadcast(value) _mm512_set1_ps(value)
#include "simd_tile.h"

#define TILE(name) bf16_##name
#define ROWS 12
#define LANES 16
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 64
#define accumulators __m512
#define factor __m512
#define load_acc(from) _mm512_load_ps(from)
#define store_acc(to, acc) _mm512_store_ps((float *) (void *) (to), acc)
#define zero_acc() _mm512_setzero_ps()
#define add_acc(a, b) _mm512_add_ps(a, b)
#define load_weights(panel, v) widen_bf16((panel) + (v) * 32)
#define load_src(src) _mm512_set1_ps(load_f32(src))
#define multiply_add(acc, a, b) _mm512_fmadd_ps(a, b, acc)
#include "simd_tile.h"

const gemm_kernel f32_gemm_12x32__avx512f = {
    .name = "f32_gemm_12x32__avx512f",
    .rows = 12,
    .columns = 32,
    .group = 1,
    .step = 1,
    .finishes = true,
    ROWS_OF_F32,
    .winograd = winograd__avx512f,
    .tile = f32_tile,
};

const gemm_kernel bf16_gemm_12x32__avx512f = {
    .name = "bf16_gemm_12x32__avx512f",
    .rows = 12,
    .columns = 32,
    .group = 1,
    .step = 1,
    .src_bytes = 2,
    .row_bytes = 4,
    .convert_always = true,
    .convert = rows_widen_bf16,
    .tile = bf16_tile,
};

const gemm_kernel f32_blocks_12x32__avx512f = {
    .name = "f32_blocks_12x32__avx512f",
    .form = PANEL_STEPS,
    .rows = 12,
    .columns = 32,
    .group = 1,
    .step = 1,
    ROWS_OF_F32,
    .tile = f32_tile,
};
