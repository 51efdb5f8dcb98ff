/*
 * 6 x 16 int32 accumulators. Both operands are widened to 16 bits and multiplied by vpmaddwd, which is exact:
 * vpmaddubsw would saturate sums of two products. Sources are widened once per block of rows, weights as they are
 * loaded.
 */
#include <immintrin.h>

#include "i8_finish__avx2.h"
#include "rows.h"
#include "winograd.h"

#define TILE(name) i8_##name
#define PANEL_STEP 32
#define load_weights(panel, v) _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *) (const void *) (panel) + (v)))
#define multiply_add(acc, a, b) _mm256_add_epi32(acc, _mm256_madd_epi16(a, b))
#define REQUANTIZE i8_finish
#include "i8_sums_6x16__avx2.h"
#include "simd_tile.h"

const gemm_kernel u8s8_gemm_6x16__avx2 = {
    .name = "u8s8_gemm_6x16__avx2",
    .rows = 6,
    .columns = 16,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_U8,
    .winograd = u8s8_winograd__avx2,
    .requantizes = 16,
    .tile = i8_tile,
};

const gemm_kernel s8s8_gemm_6x16__avx2 = {
    .name = "s8s8_gemm_6x16__avx2",
    .rows = 6,
    .columns = 16,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_S8,
    .winograd = s8s8_winograd__avx2,
    .requantizes = 16,
    .tile = i8_tile,
};

const gemm_kernel u8s8_blocks_6x16__avx2 = {
    .name = "u8s8_blocks_6x16__avx2",
    .form = PANEL_STEPS,
    .rows = 6,
    .columns = 16,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_U8,
    .tile = i8_tile,
};

const gemm_kernel s8s8_blocks_6x16__avx2 = {
    .name = "s8s8_blocks_6x16__avx2",
    .form = PANEL_STEPS,
    .rows = 6,
    .columns = 16,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_S8,
    .tile = i8_tile,
};
