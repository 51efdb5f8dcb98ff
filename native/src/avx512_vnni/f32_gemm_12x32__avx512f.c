/* 12 x 32 f32 accumulators in 24 of the 32 registers. */
#include <immintrin.h>

#include "gemm.h"
#include "rows.h"

enum { ROWS = 12, COLUMNS = 32 };

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m512 acc[ROWS][2];
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        const float *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm512_load_ps(init);
        acc[i][1] = _mm512_load_ps(init + 16);
    }
    const char *src = t->src;
    const float *panel = t->panel;
    const int64_t stride = t->src_stride;
    for (int64_t s = 0; s < t->steps; s++, src += 4, panel += COLUMNS) {
        const __m512 b0 = _mm512_load_ps(panel);
        const __m512 b1 = _mm512_load_ps(panel + 16);
        UNROLL(12)
        for (int i = 0; i < rows; i++) {
            const __m512 a = _mm512_set1_ps(*(const float *) (const void *) (src + i * stride));
            acc[i][0] = _mm512_fmadd_ps(a, b0, acc[i][0]);
            acc[i][1] = _mm512_fmadd_ps(a, b1, acc[i][1]);
        }
    }
    float *out = t->acc;
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        _mm512_store_ps(out + i * COLUMNS, acc[i][0]);
        _mm512_store_ps(out + i * COLUMNS + 16, acc[i][1]);
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
        ROWS_CASE(7)
        ROWS_CASE(8)
        ROWS_CASE(9)
        ROWS_CASE(10)
        ROWS_CASE(11)
        ROWS_CASE(12)
    }
}

const gemm_kernel f32_gemm_12x32__avx512f = {
    .name = "f32_gemm_12x32__avx512f",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    .src_bytes = 4,
    .row_bytes = 4,
    .convert = rows_copy_f32,
    .tile = tile,
};
