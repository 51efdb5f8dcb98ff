/* 12 x 32 int32 accumulators in 24 of the 32 registers; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include <immintrin.h>

#include "gemm.h"
#include "rows.h"

enum { ROWS = 12, COLUMNS = 32, GROUP = 4 };

ALWAYS_INLINE void accumulate(int rows, __m512i acc[ROWS][2], const char *src, int64_t stride, const char *panel,
                              int64_t steps) {
    for (int64_t s = 0; s < steps; s++, src += GROUP, panel += GROUP * COLUMNS) {
        const __m512i b0 = _mm512_load_si512(panel);
        const __m512i b1 = _mm512_load_si512(panel + 64);
        UNROLL(12)
        for (int i = 0; i < rows; i++) {
            const __m512i a = _mm512_set1_epi32(load_s32(src + i * stride));
            acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], a, b0);
            acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], a, b1);
        }
    }
}

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m512i acc[ROWS][2];
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        const int32_t *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm512_load_si512(init);
        acc[i][1] = _mm512_load_si512(init + 16);
    }
    const char *panel = t->panel;
    accumulate(rows, acc, t->src, t->src_stride, panel, t->steps);
    if (t->tail != NULL) {
        accumulate(rows, acc, t->tail, t->tail_stride, panel + t->steps * GROUP * COLUMNS, 1);
    }
    int32_t *out = t->acc;
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        _mm512_store_si512(out + i * COLUMNS, acc[i][0]);
        _mm512_store_si512(out + i * COLUMNS + 16, acc[i][1]);
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

const gemm_kernel u8s8_gemm_12x32__avx512_vnni = {
    .name = "u8s8_gemm_12x32__avx512_vnni",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = GROUP,
    .src_bytes = 1,
    .row_bytes = 1,
    .convert = rows_copy,
    .row_sum = rows_sum_u8,
    .tile = tile,
};

const gemm_kernel s8s8_gemm_12x32__avx512_vnni = {
    .name = "s8s8_gemm_12x32__avx512_vnni",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = GROUP,
    .src_bytes = 1,
    .row_bytes = 1,
    .src_shift = 128,
    .convert_always = true,
    .convert = rows_shift_s8,
    .row_sum = rows_sum_s8,
    .tile = tile,
};
