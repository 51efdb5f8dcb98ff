/* 6 x 16 int32 accumulators; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include "avx2/i8_finish__avx2.h"
#include "dpbusd.h"
#include "rows.h"

#define TILE(name) i8_##name
#define ROWS 6
#define LANES 8
#define VECTORS 2
#define SRC_STEP 4
#define PANEL_STEP 64
#define accumulators __m256i
#define factor __m256i
#define load_acc(from) _mm256_load_si256((const __m256i *) (const void *) (from))
#define store_acc(to, acc) _mm256_store_si256((__m256i *) (void *) (to), acc)
#define zero_acc() _mm256_setzero_si256()
#define add_acc(a, b) _mm256_add_epi32(a, b)
#define load_weights(panel, v) _mm256_load_si256((const __m256i *) (const void *) (panel) + (v))
#define load_src(src) _mm256_set1_epi32(load_s32(src))
#define multiply_add(acc, a, b) DPBUSD(acc, a, b)
#define REQUANTIZE i8_finish
#include "simd_tile.h"

const gemm_kernel u8s8_gemm_6x16__avx2_vnni = {
    .name = "u8s8_gemm_6x16__avx2_vnni",
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .requantizes = true,
    .tile = i8_tile,
};

const gemm_kernel s8s8_gemm_6x16__avx2_vnni = {
    .name = "s8s8_gemm_6x16__avx2_vnni",
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .requantizes = true,
    .tile = i8_tile,
};

const gemm_kernel u8s8_blocks_6x16__avx2_vnni = {
    .name = "u8s8_blocks_6x16__avx2_vnni",
    .form = PANEL_STEPS,
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .tile = i8_tile,
};

const gemm_kernel s8s8_blocks_6x16__avx2_vnni = {
    .name = "s8s8_blocks_6x16__avx2_vnni",
    .form = PANEL_STEPS,
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .tile = i8_tile,
};
