/* f32 tiles in plain C, for processors without a kernel of their own. */
#include "gemm.h"
#include "rows.h"

enum { ROWS = 4, COLUMNS = 16 };

static void tile(const gemm_tile *t) {
    const float *panel = t->panel;
    for (int64_t i = 0; i < t->rows; i++) {
        const float *src = const_row_of(t->src, i, t->src_stride);
        float acc[COLUMNS];
        memcpy(acc, const_row_of(t->init, i, t->init_stride), sizeof acc);
        for (int64_t k = 0; k < t->steps; k++) {
            for (int64_t j = 0; j < COLUMNS; j++) {
                acc[j] += src[k] * panel[k * COLUMNS + j];
            }
        }
        memcpy((float *) t->acc + i * COLUMNS, acc, sizeof acc);
    }
}

const gemm_kernel f32_gemm_4x16__portable = {
    .name = "f32_gemm_4x16__portable",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    .src_bytes = 4,
    .row_bytes = 4,
    .convert = rows_copy_f32,
    .tile = tile,
};
