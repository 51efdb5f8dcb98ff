/*
 * 6 x 16 int32 accumulators. Both operands are widened to 16 bits and multiplied by vpmaddwd, which is exact:
 * vpmaddubsw would saturate sums of two products. Sources are widened once per block of rows, weights as they are
 * loaded.
 */
#include <immintrin.h>

#include "gemm.h"
#include "rows.h"

enum { ROWS = 6, COLUMNS = 16, GROUP = 2, ROW_GROUP_BYTES = 4 };

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m256i acc[ROWS][2];
    UNROLL(6)
    for (int i = 0; i < rows; i++) {
        const __m256i *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm256_load_si256(init);
        acc[i][1] = _mm256_load_si256(init + 1);
    }
    const char *src = t->src;
    const char *panel = t->panel;
    const int64_t stride = t->src_stride;
    for (int64_t s = 0; s < t->steps; s++, src += ROW_GROUP_BYTES, panel += GROUP * COLUMNS) {
        const __m256i b0 = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *) panel));
        const __m256i b1 = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *) panel + 1));
        UNROLL(6)
        for (int i = 0; i < rows; i++) {
            const __m256i a = _mm256_set1_epi32(load_s32(src + i * stride));
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(a, b0));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(a, b1));
        }
    }
    int32_t *out = t->acc;
    UNROLL(6)
    for (int i = 0; i < rows; i++) {
        _mm256_store_si256((__m256i *) (out + i * COLUMNS), acc[i][0]);
        _mm256_store_si256((__m256i *) (out + i * COLUMNS + 8), acc[i][1]);
    }
}

#define ROWS_CASE(rows)                                                                                                \
    case rows:                                                                                                         \
        multiply(rows, t);                                                                                             \
        return;

static void tile(const gemm_tile *t) {
    switch (t->rows) {
        ROWS_CASE(1)
        ROWS_CASE(2)
        ROWS_CASE(3)
        ROWS_CASE(4)
        ROWS_CASE(5)
        ROWS_CASE(6)
    }
}

const gemm_kernel u8s8_gemm_6x16__avx2 = {
    .name = "u8s8_gemm_6x16__avx2",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = GROUP,
    .src_bytes = 1,
    .row_bytes = 2,
    .convert_always = true,
    .convert = rows_widen_u8,
    .row_sum = rows_sum_u8,
    .tile = tile,
};

const gemm_kernel s8s8_gemm_6x16__avx2 = {
    .name = "s8s8_gemm_6x16__avx2",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = GROUP,
    .src_bytes = 1,
    .row_bytes = 2,
    .convert_always = true,
    .convert = rows_widen_s8,
    .row_sum = rows_sum_s8,
    .tile = tile,
};
