/* f32 and bf16 tiles in plain C, for processors without a kernel of their own. */
#include "rows.h"
#include "scalar.h"

#include "gemm.h"

enum { ROWS = 4, COLUMNS = 16 };

ALWAYS_INLINE float weight(const void *panel, int64_t i, bool bf16) {
    return bf16 ? scalar_from_bf16(((const uint16_t *) panel)[i]) : ((const float *) panel)[i];
}

ALWAYS_INLINE void multiply(const gemm_tile *t, bool bf16) {
    for (int64_t i = 0; i < t->rows; i++) {
        float acc[COLUMNS];
        memcpy(acc, const_row_of(t->init, i, t->init_stride), sizeof acc);
        int64_t at = 0;
        for (int64_t run = 0; run < t->runs; run++) {
            const float *src = const_row_of(const_row_of(t->src, i, t->src_stride), 1, t->run_offsets[run]);
            for (int64_t k = 0; k < t->steps; k++, at += COLUMNS) {
                for (int64_t j = 0; j < COLUMNS; j++) {
                    acc[j] += src[k] * weight(t->panel, at + j, bf16);
                }
            }
        }
        memcpy((float *) t->acc + i * COLUMNS, acc, sizeof acc);
    }
}

static void tile_f32(const gemm_tile *t) {
    multiply(t, false);
}

static void tile_bf16(const gemm_tile *t) {
    multiply(t, true);
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
    .tile = tile_f32,
};

const gemm_kernel bf16_gemm_4x16__portable = {
    .name = "bf16_gemm_4x16__portable",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    .src_bytes = 2,
    .row_bytes = 4,
    .convert_always = true,
    .convert = rows_widen_bf16,
    .tile = tile_bf16,
};
