/* f32 and bf16 tiles in plain C, for processors without a kernel of their own. */
#include "rows.h"
#include "winograd.h"
#include "scalar.h"

#include "gemm.h"

enum { ROWS = 4, COLUMNS = 16 };

ALWAYS_INLINE float weight(const void *panel, int64_t i, bool bf16) {
    return bf16 ? scalar_from_bf16(((const uint16_t *) panel)[i]) : ((const float *) panel)[i];
}

ALWAYS_INLINE void add_step(float acc[COLUMNS], float src, const void *panel, int64_t at, bool bf16) {
    for (int64_t j = 0; j < COLUMNS; j++) {
        acc[j] += src * weight(panel, at + j, bf16);
    }
}

ALWAYS_INLINE void multiply(const gemm_tile *t, bool bf16) {
    for (int64_t i = 0; i < t->rows; i++) {
        float acc[COLUMNS];
        memcpy(acc, const_row_of(t->init, i, t->init_stride), sizeof acc);
        int64_t at = 0;
        const char *row = const_row_of(t->src, i, t->src_stride);
        for (int64_t s = 0; s < t->listed_count; s++, at += COLUMNS) {
            add_step(acc, load_f32(row + t->step_offsets[t->listed[s]]), t->panel, at, bf16);
        }
        for (int64_t run = 0; run < t->runs; run++) {
            for (int64_t k = 0; k < t->steps; k++, at += COLUMNS) {
                add_step(acc, load_f32(row + t->run_offsets[run] + k * 4), t->panel, at, bf16);
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
    ROWS_OF_F32,
    .winograd = winograd__portable,
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

const gemm_kernel f32_blocks_4x16__portable = {
    .name = "f32_blocks_4x16__portable",
    .form = PANEL_STEPS,
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_F32,
    .tile = tile_f32,
};
