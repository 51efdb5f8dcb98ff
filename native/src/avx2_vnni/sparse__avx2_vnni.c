/* Scattered weights, 32 rows at once; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include <immintrin.h>

#include "dpbusd.h"
#include "kernels.h"
#include "rows.h"
#include "scattered.h"

#define SCATTERED(name) i8_scattered_##name
#define LANES 8
#define accumulators __m256i
#define factor __m256i
#define load_rows(from) _mm256_load_si256((const __m256i *) (const void *) (from))
#define load_weights(from) _mm256_set1_epi32(load_s32(from))
#define load_init(from) _mm256_set1_epi32(load_s32(from))
#define load_acc(from) _mm256_load_si256((const __m256i *) (const void *) (from))
#define zero_acc() _mm256_setzero_si256()
#define add_acc(a, b) _mm256_add_epi32(a, b)
#define store_acc(to, acc) _mm256_store_si256((__m256i *) (void *) (to), acc)
#define multiply_add(acc, rows, weights) DPBUSD(acc, rows, weights)
#include "simd_scattered.h"

static const scattered_kernel i8_kernel = {8, turn_8__avx2, NULL, i8_scattered_multiply};

static const gemm_kernel u8s8_scattered_32x1__avx2_vnni = {
    .name = "u8s8_scattered_32x1__avx2_vnni",
    .form = PANEL_SCATTERED,
    .scattered = &i8_kernel,
    .rows = 32,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
};

static const gemm_kernel s8s8_scattered_32x1__avx2_vnni = {
    .name = "s8s8_scattered_32x1__avx2_vnni",
    .form = PANEL_SCATTERED,
    .scattered = &i8_kernel,
    .rows = 32,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
};

extern const gemm_kernel u8s8_blocks_6x16__avx2_vnni, s8s8_blocks_6x16__avx2_vnni;

const sparse_kernels u8s8_sparse__avx2_vnni = {
    .scattered = &u8s8_scattered_32x1__avx2_vnni,
    .blocks_16 = &u8s8_blocks_6x16__avx2_vnni,
    .blocks_32 = &u8s8_blocks_6x16__avx2_vnni,
};
const sparse_kernels s8s8_sparse__avx2_vnni = {
    .scattered = &s8s8_scattered_32x1__avx2_vnni,
    .blocks_16 = &s8s8_blocks_6x16__avx2_vnni,
    .blocks_32 = &s8s8_blocks_6x16__avx2_vnni,
};
