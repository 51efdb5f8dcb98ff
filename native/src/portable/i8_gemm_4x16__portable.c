/* INT8 tiles in plain C, for processors without a kernel of their own. Sums wrap, hence the unsigned type. */
#include "gemm.h"
#include "rows.h"

enum { ROWS = 4, COLUMNS = 16 };

ALWAYS_INLINE void add_step(uint32_t acc[COLUMNS], uint8_t src, const int8_t *panel, bool is_signed) {
    const int32_t a = is_signed ? (int8_t) src : src;
    for (int64_t j = 0; j < COLUMNS; j++) {
        acc[j] += (uint32_t) (a * panel[j]);
    }
}

ALWAYS_INLINE void multiply(const gemm_tile *t, bool is_signed) {
    for (int64_t i = 0; i < t->rows; i++) {
        const int8_t *panel = t->panel;
        uint32_t acc[COLUMNS];
        memcpy(acc, const_row_of(t->init, i, t->init_stride), sizeof acc);
        const uint8_t *src = const_row_of(t->src, i, t->src_stride);
        for (int64_t s = 0; s < t->listed_count; s++, panel += COLUMNS) {
            add_step(acc, src[t->step_offsets[t->listed[s]]], panel, is_signed);
        }
        for (int64_t run = 0; run < t->runs; run++) {
            for (int64_t k = 0; k < t->steps; k++, panel += COLUMNS) {
                add_step(acc, src[t->run_offsets[run] + k], panel, is_signed);
            }
        }
        memcpy((int32_t *) t->acc + i * COLUMNS, acc, sizeof acc);
    }
}

static void tile_u8(const gemm_tile *t) {
    multiply(t, false);
}

static void tile_s8(const gemm_tile *t) {
    multiply(t, true);
}

const gemm_kernel u8s8_gemm_4x16__portable = {
    .name = "u8s8_gemm_4x16__portable",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_U8,
    .tile = tile_u8,
};

const gemm_kernel s8s8_gemm_4x16__portable = {
    .name = "s8s8_gemm_4x16__portable",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_S8,
    .tile = tile_s8,
};

const gemm_kernel u8s8_blocks_4x16__portable = {
    .name = "u8s8_blocks_4x16__portable",
    .form = PANEL_STEPS,
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_U8,
    .tile = tile_u8,
};

const gemm_kernel s8s8_blocks_4x16__portable = {
    .name = "s8s8_blocks_4x16__portable",
    .form = PANEL_STEPS,
    .rows = ROWS,
    .columns = COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_S8,
    .tile = tile_s8,
};
