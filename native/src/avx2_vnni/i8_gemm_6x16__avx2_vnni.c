/* 6 x 16 int32 accumulators; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include "avx2/i8_finish__avx2.h"
#include "dpbusd.h"
#include "rows.h"

#define TILE(name) i8_##name
#define PANEL_STEP 64
#define load_weights(panel, v) _mm256_load_si256((const __m256i *) (const void *) (panel) + (v))
#define multiply_add(acc, a, b) DPBUSD(acc, a, b)
#define REQUANTIZE i8_finish
#include "avx2/i8_sums_6x16__avx2.h"
#include "simd_tile.h"

const gemm_kernel u8s8_gemm_6x16__avx2_vnni = {
    .name = "u8s8_gemm_6x16__avx2_vnni",
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .requantizes = 16,
    .tile = i8_tile,
};

const gemm_kernel s8s8_gemm_6x16__avx2_vnni = {
    .name = "s8s8_gemm_6x16__avx2_vnni",
    .rows = 6,
    .columns = 16,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .requantizes = 16,
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
