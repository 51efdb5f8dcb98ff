/* 6 x 16 int32 accumulators; vpdpbusd multiplies u8 by s8, so s8 sources are shifted. */
#include <immintrin.h>

#if defined(TERSOR_EMULATION)
#include "avx_vnni_emulation.h"
#define DPBUSD emulated_dpbusd
#else
#define DPBUSD _mm256_dpbusd_avx_epi32
#endif

#include "gemm.h"
#include "rows.h"

enum { ROWS = 6, COLUMNS = 16, GROUP = 4 };

ALWAYS_INLINE void accumulate(int rows, __m256i acc[ROWS][2], const char *src, int64_t stride, const char *panel,
                              int64_t steps) {
    for (int64_t s = 0; s < steps; s++, src += GROUP, panel += GROUP * COLUMNS) {
        const __m256i b0 = _mm256_load_si256((const __m256i *) panel);
        const __m256i b1 = _mm256_load_si256((const __m256i *) panel + 1);
        UNROLL(6)
        for (int i = 0; i < rows; i++) {
            const __m256i a = _mm256_set1_epi32(load_s32(src + i * stride));
            acc[i][0] = DPBUSD(acc[i][0], a, b0);
            acc[i][1] = DPBUSD(acc[i][1], a, b1);
        }
    }
}

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m256i acc[ROWS][2];
    UNROLL(6)
    for (int i = 0; i < rows; i++) {
        const __m256i *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm256_load_si256(init);
        acc[i][1] = _mm256_load_si256(init + 1);
    }
    const char *panel = t->panel;
    accumulate(rows, acc, t->src, t->src_stride, panel, t->steps);
    if (t->tail != NULL) {
        accumulate(rows, acc, t->tail, t->tail_stride, panel + t->steps * GROUP * COLUMNS, 1);
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

const gemm_kernel u8s8_gemm_6x16__avx2_vnni = {
    .name = "u8s8_gemm_6x16__avx2_vnni",
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

const gemm_kernel s8s8_gemm_6x16__avx2_vnni = {
    .name = "s8s8_gemm_6x16__avx2_vnni",
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
