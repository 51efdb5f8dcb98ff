/* 6 x 16 f32 accumulators in 12 of the 16 registers. */
#include <immintrin.h>

#include "gemm.h"
#include "rows.h"

enum { ROWS = 6, COLUMNS = 16 };

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m256 acc[ROWS][2];
    UNROLL(6)
    for (int i = 0; i < rows; i++) {
        const float *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm256_load_ps(init);
        acc[i][1] = _mm256_load_ps(init + 8);
    }
    const char *src = t->src;
    const float *panel = t->panel;
    const int64_t stride = t->src_stride;
    for (int64_t s = 0; s < t->steps; s++, src += 4, panel += COLUMNS) {
        const __m256 b0 = _mm256_load_ps(panel);
        const __m256 b1 = _mm256_load_ps(panel + 8);
        UNROLL(6)
        for (int i = 0; i < rows; i++) {
            const __m256 a = _mm256_broadcast_ss((const float *) (const void *) (src + i * stride));
            acc[i][0] = _mm256_fmadd_ps(a, b0, acc[i][0]);
            acc[i][1] = _mm256_fmadd_ps(a, b1, acc[i][1]);
        }
    }
    float *out = t->acc;
    UNROLL(6)
    for (int i = 0; i < rows; i++) {
        _mm256_store_ps(out + i * COLUMNS, acc[i][0]);
        _mm256_store_ps(out + i * COLUMNS + 8, acc[i][1]);
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

const gemm_kernel f32_gemm_6x16__avx2 = {
    .name = "f32_gemm_6x16__avx2",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    .src_bytes = 4,
    .row_bytes = 4,
    .convert = rows_copy_f32,
    .tile = tile,
};
