/*
 * 2 x 2 tiles of 16 x 16 int32 accumulators, 64 products deep per step. Row-major sources are loaded as they lie; the
 * weights' panel has the 32 columns of both tiles side by side, so that each row of a tile is one cache line.
 */
#if defined(TERSOR_EMULATION)
#include "amx_emulation.h"
#else
#include <immintrin.h>
#endif

#include "gemm.h"
#include "rows.h"

enum { ROWS = 32, COLUMNS = 32, GROUP = 4, STEP = 64, TILE_ROWS = 16, PANEL_STRIDE = COLUMNS * GROUP };

/* Tiles 0 to 3: accumulators (top left, top right, bottom left, bottom right); 4, 5: source; 6, 7: weights. */
typedef struct tile_configuration {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_configuration;

static void enter(int64_t rows) {
    _Alignas(64) tile_configuration c = {.palette = 1};
    const uint8_t top = (uint8_t) min_s64(rows, TILE_ROWS);
    const uint8_t bottom = (uint8_t) (rows - top);
    const uint8_t tile_rows[8] = {top, top, bottom, bottom, top, bottom, TILE_ROWS, TILE_ROWS};
    for (int i = 0; i < 8; i++) {
        c.rows[i] = tile_rows[i];
        c.row_bytes[i] = tile_rows[i] == 0 ? 0 : 64;
    }
    /* Some compilers' intrinsic does not say that it reads all 64 bytes. */
    __asm__ volatile("" : : "r"(&c) : "memory");
    _tile_loadconfig(&c);
}

static void leave(void) {
    _tile_release();
}

#define MULTIPLY_TOP(dot)                                                                                              \
    _tile_loadd(6, panel, PANEL_STRIDE);                                                                               \
    _tile_loadd(4, src, stride);                                                                                       \
    dot(0, 4, 6);                                                                                                      \
    _tile_loadd(7, panel + 64, PANEL_STRIDE);                                                                          \
    dot(1, 4, 7);

#define MULTIPLY_BOTTOM(dot)                                                                                           \
    _tile_loadd(5, src + TILE_ROWS * stride, stride);                                                                  \
    dot(2, 5, 6);                                                                                                      \
    dot(3, 5, 7);

/* An init_stride of 0 loads the same compensation into all rows of a tile. */
#define TILE(name, dot)                                                                                                \
    static void name(const gemm_tile *t) {                                                                             \
        const bool both = t->rows > TILE_ROWS;                                                                         \
        const int64_t init_stride = t->init_stride;                                                                    \
        const char *init = t->init;                                                                                    \
        _tile_loadd(0, init, init_stride);                                                                             \
        _tile_loadd(1, init + 64, init_stride);                                                                        \
        if (both) {                                                                                                    \
            _tile_loadd(2, init + TILE_ROWS * init_stride, init_stride);                                               \
            _tile_loadd(3, init + TILE_ROWS * init_stride + 64, init_stride);                                          \
        }                                                                                                              \
        const char *src = t->src;                                                                                      \
        const char *panel = t->panel;                                                                                  \
        int64_t stride = t->src_stride;                                                                                \
        if (both) {                                                                                                    \
            for (int64_t s = 0; s < t->steps; s++, src += STEP, panel += STEP * COLUMNS) {                             \
                MULTIPLY_TOP(dot)                                                                                      \
                MULTIPLY_BOTTOM(dot)                                                                                   \
            }                                                                                                          \
        } else {                                                                                                       \
            for (int64_t s = 0; s < t->steps; s++, src += STEP, panel += STEP * COLUMNS) {                             \
                MULTIPLY_TOP(dot)                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
        if (t->tail != NULL) {                                                                                         \
            src = t->tail;                                                                                             \
            stride = t->tail_stride;                                                                                   \
            MULTIPLY_TOP(dot)                                                                                          \
            if (both) {                                                                                                \
                MULTIPLY_BOTTOM(dot)                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
        int32_t *out = t->acc;                                                                                         \
        _tile_stored(0, out, COLUMNS * 4);                                                                             \
        _tile_stored(1, out + 16, COLUMNS * 4);                                                                        \
        if (both) {                                                                                                    \
            _tile_stored(2, out + TILE_ROWS * COLUMNS, COLUMNS * 4);                                                   \
            _tile_stored(3, out + TILE_ROWS * COLUMNS + 16, COLUMNS * 4);                                              \
        }                                                                                                              \
    }

TILE(tile_u8, _tile_dpbusd)
TILE(tile_s8, _tile_dpbssd)

const gemm_kernel u8s8_gemm_32x32__amx_int8 = {
    .name = "u8s8_gemm_32x32__amx_int8",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = STEP,
    .src_bytes = 1,
    .row_bytes = 1,
    .fixed_rows = true,
    .convert = rows_copy,
    .row_sum = rows_sum_u8,
    .enter = enter,
    .leave = leave,
    .tile = tile_u8,
};

const gemm_kernel s8s8_gemm_32x32__amx_int8 = {
    .name = "s8s8_gemm_32x32__amx_int8",
    .rows = ROWS,
    .columns = COLUMNS,
    .group = GROUP,
    .step = STEP,
    .src_bytes = 1,
    .row_bytes = 1,
    .fixed_rows = true,
    .convert = rows_copy,
    .row_sum = rows_sum_s8,
    .enter = enter,
    .leave = leave,
    .tile = tile_s8,
};
