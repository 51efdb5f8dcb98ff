/*
 * 12 x 32 f32 accumulators; vdpbf16ps adds two products of bf16 to each, in f32, and takes subnormal numbers for 0.
 */
#include <immintrin.h>

#include "rows.h"

#define TILE(name) bf16_##name
#define ROWS 12
#define LANES 16
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 128
#define accumulators __m512
#define factor __m512bh
#define load_acc(from) _mm512_load_ps(from)
#define store_acc(to, acc) _mm512_store_ps(to, acc)
#define zero_acc() _mm512_setzero_ps()
#define add_acc(a, b) _mm512_add_ps(a, b)
#define load_weights(panel, v) (__m512bh) _mm512_load_si512((panel) + (v) * 64)
#define load_src(src) (__m512bh) _mm512_set1_epi32(load_s32(src))
#define multiply_add(acc, a, b) _mm512_dpbf16_ps(acc, a, b)
#include "simd_tile.h"

const gemm_kernel bf16_gemm_12x32__avx512_bf16 = {
    .name = "bf16_gemm_12x32__avx512_bf16",
    .rows = 12,
    .columns = 32,
    .group = 2,
    .step = 2,
    .src_bytes = 2,
    .row_bytes = 2,
    .convert = rows_copy_bf16,
    .tile = bf16_tile,
};
