/* 12 x 32 int32 accumulators in 24 of the 32 registers; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include <immintrin.h>

#include "i8_finish__avx512_vnni.h"
#include "rows.h"

#define TILE(name) i8_##name
#define ROWS 12
#define LANES 16
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 128
#define accumulators __m512i
#define factor __m512i
#define load_acc(from) _mm512_load_si512(from)
#define store_acc(to, acc) _mm512_store_si512(to, acc)
#define zero_acc() _mm512_setzero_si512()
#define add_acc(a, b) _mm512_add_epi32(a, b)
#define load_weights(panel, v) _mm512_load_si512((panel) + (v) * 64)
#define load_src(src) _mm512_set1_epi32(load_s32(src))
#define multiply_add(acc, a, b) _mm512_dpbusd_epi32(acc, a, b)
#define REQUANTIZE i8_finish
#include "simd_tile.h"

const gemm_kernel u8s8_gemm_12x32__avx512_vnni = {
    .name = "u8s8_gemm_12x32__avx512_vnni",
    .requantizes = 16,
    .stores_floats = true,
    .rows = 12,
    .columns = 32,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .tile = i8_tile,
};

const gemm_kernel s8s8_gemm_12x32__avx512_vnni = {
    .name = "s8s8_gemm_12x32__avx512_vnni",
    .requantizes = 16,
    .stores_floats = true,
    .rows = 12,
    .columns = 32,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .tile = i8_tile,
};

const gemm_kernel u8s8_blocks_12x32__avx512_vnni = {
    .name = "u8s8_blocks_12x32__avx512_vnni",
    .form = PANEL_STEPS,
    .rows = 12,
    .columns = 32,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .tile = i8_tile,
};

const gemm_kernel s8s8_blocks_12x32__avx512_vnni = {
    .name = "s8s8_blocks_12x32__avx512_vnni",
    .form = PANEL_STEPS,
    .rows = 12,
    .columns = 32,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .tile = i8_tile,
};
