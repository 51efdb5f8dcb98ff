/* Scattered weights, 32 rows at once; bytes are widened to 16 bits, two to a word, and multiplied by vpmaddwd. */
#include <immintrin.h>

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
#define multiply_add(acc, rows, weights) _mm256_add_epi32(acc, _mm256_madd_epi16(rows, weights))
#include "simd_scattered.h"

#define SCATTERED(name) f32_scattered_##name
#define LANES 8
#define accumulators __m256
#define factor __m256
#define load_rows(from) _mm256_load_ps((const float *) (const void *) (from))
#define load_weights(from) _mm256_set1_ps(load_f32(from))
#define load_init(from) _mm256_set1_ps(load_f32(from))
#define load_acc(from) _mm256_load_ps((const float *) (const void *) (from))
#define zero_acc() _mm256_setzero_ps()
#define add_acc(a, b) _mm256_add_ps(a, b)
#define store_acc(to, acc) _mm256_store_ps((float *) (void *) (to), acc)
#define multiply_add(acc, rows, weights) _mm256_fmadd_ps(rows, weights, acc)
#include "simd_scattered.h"

static const scattered_kernel i8_kernel = {8, turn_8__avx2, NULL, i8_scattered_multiply};
static const scattered_kernel f32_kernel = {8, turn_8__avx2, NULL, f32_scattered_multiply};

static const gemm_kernel u8s8_scattered_32x1__avx2 = {
    .name = "u8s8_scattered_32x1__avx2",
    .form = PANEL_SCATTERED,
    .scattered = &i8_kernel,
    .rows = 32,
    .columns = SCATTERED_COLUMNS,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_U8,
};

static const gemm_kernel s8s8_scattered_32x1__avx2 = {
    .name = "s8s8_scattered_32x1__avx2",
    .form = PANEL_SCATTERED,
    .scattered = &i8_kernel,
    .rows = 32,
    .columns = SCATTERED_COLUMNS,
    .group = 2,
    .step = 2,
    ROWS_OF_WIDE_S8,
};

static const gemm_kernel f32_scattered_32x1__avx2 = {
    .name = "f32_scattered_32x1__avx2",
    .form = PANEL_SCATTERED,
    .scattered = &f32_kernel,
    .rows = 32,
    .columns = SCATTERED_COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_F32,
};

extern const gemm_kernel u8s8_blocks_6x16__avx2, s8s8_blocks_6x16__avx2, f32_blocks_6x16__avx2;

const sparse_kernels u8s8_sparse__avx2 = {
    .scattered = &u8s8_scattered_32x1__avx2,
    .blocks_16 = &u8s8_blocks_6x16__avx2,
    .blocks_32 = &u8s8_blocks_6x16__avx2,
};
const sparse_kernels s8s8_sparse__avx2 = {
    .scattered = &s8s8_scattered_32x1__avx2,
    .blocks_16 = &s8s8_blocks_6x16__avx2,
    .blocks_32 = &s8s8_blocks_6x16__avx2,
};
const sparse_kernels f32_sparse__avx2 = {
    .scattered = &f32_scattered_32x1__avx2,
    .blocks_16 = &f32_blocks_6x16__avx2,
    .blocks_32 = &f32_blocks_6x16__avx2,
};
