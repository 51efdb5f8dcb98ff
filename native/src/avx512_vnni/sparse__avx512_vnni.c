/* Scattered weights, 64 rows at once, and tiles of 12 x 16 for weights that share their zeros by 16 columns. */
#include <immintrin.h>

#include "kernels.h"
#include "rows.h"
#include "scattered.h"

#define SCATTERED(name) i8_scattered_##name
#define LANES 16
#define accumulators __m512i
#define factor __m512i
#define load_rows(from) _mm512_load_si512(from)
#define load_weights(from) _mm512_set1_epi32(load_s32(from))
#define load_init(from) _mm512_set1_epi32(load_s32(from))
#define load_acc(from) _mm512_load_si512(from)
#define zero_acc() _mm512_setzero_si512()
#define add_acc(a, b) _mm512_add_epi32(a, b)
#define store_acc(to, acc) _mm512_store_si512(to, acc)
#define multiply_add(acc, rows, weights) _mm512_dpbusd_epi32(acc, rows, weights)
#include "simd_scattered.h"

#define SCATTERED(name) f32_scattered_##name
#define LANES 16
#define accumulators __m512
#define factor __m512
#define load_rows(from) _mm512_load_ps(from)
#define load_weights(from) _mm512_set1_ps(load_f32(from))
#define load_init(from) _mm512_set1_ps(load_f32(from))
#define load_acc(from) _mm512_load_ps(from)
#define zero_acc() _mm512_setzero_ps()
#define add_acc(a, b) _mm512_add_ps(a, b)
#define store_acc(to, acc) _mm512_store_ps(to, acc)
#define multiply_add(acc, rows, weights) _mm512_fmadd_ps(rows, weights, acc)
#include "simd_scattered.h"

#define TILE(name) i8_narrow_##name
#define ROWS 12
#define LANES 16
#define VECTORS 1
#define SRC_STEP 4
#define PANEL_STEP 64
#define accumulators __m512i
#define factor __m512i
#define load_acc(from) _mm512_load_si512(from)
#define store_acc(to, acc) _mm512_store_si512(to, acc)
#define zero_acc() _mm512_setzero_si512()
#define add_acc(a, b) _mm512_add_epi32(a, b)
#define load_weights(panel, v) _mm512_load_si512((panel) + (v) * 64)
#define load_src(src) _mm512_set1_epi32(load_s32(src))
#define multiply_add(acc, a, b) _mm512_dpbusd_epi32(acc, a, b)
#include "simd_tile.h"

#define TILE(name) f32_narrow_##name
#define ROWS 12
#define LANES 16
#define VECTORS 1
#define SRC_STEP 4
#define PANEL_STEP 64
#define accumulators __m512
#define factor __m512
#define load_acc(from) _mm512_load_ps(from)
#define store_acc(to, acc) _mm512_store_ps((float *) (void *) (to), acc)
#define zero_acc() _mm512_setzero_ps()
#define add_acc(a, b) _mm512_add_ps(a, b)
#define load_weights(panel, v) _mm512_load_ps((panel) + (v) * 64)
#define load_src(src) _mm512_set1_ps(load_f32(src))
#define multiply_add(acc, a, b) _mm512_fmadd_ps(a, b, acc)
#include "simd_tile.h"

#define U8_ROWS .group = 4, .step = 4, ROWS_OF_U8
#define S8_ROWS .group = 4, .step = 4, ROWS_OF_SHIFTED_S8
#define F32_ROWS .group = 1, .step = 1, ROWS_OF_F32

#define SCATTERED_FORM(kernel) .form = PANEL_SCATTERED, .scattered = kernel, .rows = 64, .columns = SCATTERED_COLUMNS
#define NARROW_FORM(function) .form = PANEL_STEPS, .tile = function, .rows = 12, .columns = 16

static const scattered_kernel i8_kernel = {16, turn_16__avx512f, NULL, i8_scattered_multiply};
static const scattered_kernel f32_kernel = {16, turn_16__avx512f, NULL, f32_scattered_multiply};

const gemm_kernel u8s8_scattered_64x1__avx512_vnni = {
    .name = "u8s8_scattered_64x1__avx512_vnni", SCATTERED_FORM(&i8_kernel), U8_ROWS};
const gemm_kernel s8s8_scattered_64x1__avx512_vnni = {
    .name = "s8s8_scattered_64x1__avx512_vnni", SCATTERED_FORM(&i8_kernel), S8_ROWS};
static const gemm_kernel f32_scattered_64x1__avx512f = {
    .name = "f32_scattered_64x1__avx512f", SCATTERED_FORM(&f32_kernel), F32_ROWS};

static const gemm_kernel u8s8_blocks_12x16__avx512_vnni = {
    .name = "u8s8_blocks_12x16__avx512_vnni", NARROW_FORM(i8_narrow_tile), U8_ROWS};
static const gemm_kernel s8s8_blocks_12x16__avx512_vnni = {
    .name = "s8s8_blocks_12x16__avx512_vnni", NARROW_FORM(i8_narrow_tile), S8_ROWS};
static const gemm_kernel f32_blocks_12x16__avx512f = {
    .name = "f32_blocks_12x16__avx512f", NARROW_FORM(f32_narrow_tile), F32_ROWS};

extern const gemm_kernel u8s8_halves_8x32__avx512_vnni, s8s8_halves_8x32__avx512_vnni;
extern const gemm_kernel u8s8_singles_64x1__avx512_vnni, s8s8_singles_64x1__avx512_vnni;
extern const gemm_kernel u8s8_blocks_12x32__avx512_vnni, s8s8_blocks_12x32__avx512_vnni, f32_blocks_12x32__avx512f;

const sparse_kernels u8s8_sparse__avx512_vnni = {
    .scattered = &u8s8_scattered_64x1__avx512_vnni,
    .blocks_16 = &u8s8_blocks_12x16__avx512_vnni,
    .blocks_32 = &u8s8_blocks_12x32__avx512_vnni,
    .halves = &u8s8_halves_8x32__avx512_vnni,
    .singles = &u8s8_singles_64x1__avx512_vnni,
};
const sparse_kernels s8s8_sparse__avx512_vnni = {
    .scattered = &s8s8_scattered_64x1__avx512_vnni,
    .blocks_16 = &s8s8_blocks_12x16__avx512_vnni,
    .blocks_32 = &s8s8_blocks_12x32__avx512_vnni,
    .halves = &s8s8_halves_8x32__avx512_vnni,
    .singles = &s8s8_singles_64x1__avx512_vnni,
};
const sparse_kernels f32_sparse__avx512f = {
    .scattered = &f32_scattered_64x1__avx512f,
    .blocks_16 = &f32_blocks_12x16__avx512f,
    .blocks_32 = &f32_blocks_12x32__avx512f,
};
