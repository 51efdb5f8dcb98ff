/*
 * A tile of 32 x 32 accumulators of 4 bytes in AMX registers, as 2 x 2 tiles of 16 x 16; one k step is 64 bytes of a
 * row. The weights' panel has the 32 columns of both tiles side by side, so that each row of a tile is one cache line.
 *
 * A multiplication takes longer than four others need to issue. Up to 16 rows would have but two sums in flight: they
 * take the other two tiles for every second k step.
 */
#ifndef TERSOR_AMX_TILE_H
#define TERSOR_AMX_TILE_H

#if defined(TERSOR_EMULATION)
#include "amx_emulation.h"
#else
#include <immintrin.h>
#endif

#include "compiler.h"
#include "gemm.h"

enum {
    AMX_ROWS = 32,
    AMX_COLUMNS = 32,
    AMX_TILE_ROWS = 16,
    AMX_STEP_BYTES = 64,
    AMX_PANEL_STRIDE = 128,
    AMX_PANEL_STEP = 16 * AMX_PANEL_STRIDE
};

/* Tiles 0 to 3: accumulators (top left, top right, bottom left, bottom right); 4, 5: source; 6, 7: weights. */
typedef struct amx_configuration {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_configuration;

static void amx_enter(int64_t rows) {
    _Alignas(64) amx_configuration c = {.palette = 1};
    const uint8_t top = (uint8_t) min_s64(rows, AMX_TILE_ROWS);
    const uint8_t bottom = (uint8_t) (rows > AMX_TILE_ROWS ? rows - AMX_TILE_ROWS : rows);
    const uint8_t tile_rows[8] = {top, top, bottom, bottom, top, bottom, AMX_TILE_ROWS, AMX_TILE_ROWS};
    for (int i = 0; i < 8; i++) {
        c.rows[i] = tile_rows[i];
        c.row_bytes[i] = 64;
    }
    /* Some compilers' intrinsic does not say that it reads all 64 bytes. */
    __asm__ volatile("" : : "r"(&c) : "memory");
    _tile_loadconfig(&c);
}

static void amx_leave(void) {
    _tile_release();
}

/* One row of tiles times the panel's two: accumulators `left` and `right`, source tile `a`. */
#define AMX_ROW(dot, left, right, a, src, stride)                                                                      \
    _tile_loadd(a, src, stride);                                                                                       \
    dot(left, a, 6);                                                                                                   \
    dot(right, a, 7);

#define AMX_WEIGHTS(panel)                                                                                             \
    _tile_loadd(6, panel, AMX_PANEL_STRIDE);                                                                           \
    _tile_loadd(7, (panel) + 64, AMX_PANEL_STRIDE);

/* More than 16 rows. What another tile's job has left is spread over the k steps. */
#define AMX_TALL(name, dot)                                                                                            \
    static void name##_tall(const gemm_tile *t) {                                                                      \
        const char *init = t->init, *panel = t->panel;                                                                 \
        const int64_t stride = t->src_stride, lower = AMX_TILE_ROWS * t->src_stride;                                   \
        const int64_t steps = t->runs * t->steps;                                                                      \
        const int64_t pace = steps == 0 ? 0 : (t->job->left.rows + steps - 1) / steps;                                 \
        _tile_loadd(0, init, t->init_stride);                                                                          \
        _tile_loadd(1, init + 64, t->init_stride);                                                                     \
        _tile_loadd(2, init + AMX_TILE_ROWS * t->init_stride, t->init_stride);                                         \
        _tile_loadd(3, init + AMX_TILE_ROWS * t->init_stride + 64, t->init_stride);                                    \
        for (int64_t run = 0; run < t->runs; run++) {                                                                  \
            const char *src = (const char *) t->src + t->run_offsets[run];                                             \
            for (int64_t s = 0; s < t->steps; s++, src += t->src_step, panel += AMX_PANEL_STEP) {                      \
                AMX_WEIGHTS(panel)                                                                                     \
                AMX_ROW(dot, 0, 1, 4, src, stride)                                                                     \
                AMX_ROW(dot, 2, 3, 5, src + lower, stride)                                                             \
                epilogue_advance(t->job, pace);                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        if (t->tail != NULL) {                                                                                         \
            const char *src = t->tail;                                                                                 \
            AMX_WEIGHTS(panel)                                                                                         \
            AMX_ROW(dot, 0, 1, 4, src, t->tail_stride)                                                                 \
            AMX_ROW(dot, 2, 3, 5, src + AMX_TILE_ROWS * t->tail_stride, t->tail_stride)                                \
        }                                                                                                              \
        char *out = t->acc;                                                                                            \
        _tile_stored(0, out, AMX_PANEL_STRIDE);                                                                        \
        _tile_stored(1, out + 64, AMX_PANEL_STRIDE);                                                                   \
        _tile_stored(2, out + AMX_TILE_ROWS * AMX_PANEL_STRIDE, AMX_PANEL_STRIDE);                                     \
        _tile_stored(3, out + AMX_TILE_ROWS * AMX_PANEL_STRIDE + 64, AMX_PANEL_STRIDE);                                \
    }

/* Up to 16 rows; `add` adds two accumulators, of type `element`. */
#define AMX_LOW(name, dot, element)                                                                                    \
    static void name##_low(const gemm_tile *t) {                                                                       \
        static const _Alignas(64) char zeros[64];                                                                      \
        _Alignas(64) element odd[AMX_TILE_ROWS * AMX_COLUMNS];                                                         \
        const char *init = t->init, *panel = t->panel;                                                                 \
        const int64_t stride = t->src_stride;                                                                          \
        const int64_t pairs = t->runs * (t->steps / 2);                                                                \
        const int64_t pace = pairs == 0 ? 0 : (t->job->left.rows + pairs - 1) / pairs;                                 \
        _tile_loadd(0, init, t->init_stride);                                                                          \
        _tile_loadd(1, init + 64, t->init_stride);                                                                     \
        _tile_loadd(2, zeros, 0);                                                                                      \
        _tile_loadd(3, zeros, 0);                                                                                      \
        for (int64_t run = 0; run < t->runs; run++) {                                                                  \
            const char *src = (const char *) t->src + t->run_offsets[run];                                             \
            int64_t s = 0;                                                                                             \
            for (; s + 2 <= t->steps; s += 2, src += 2 * t->src_step, panel += 2 * AMX_PANEL_STEP) {                   \
                AMX_WEIGHTS(panel)                                                                                     \
                AMX_ROW(dot, 0, 1, 4, src, stride)                                                                     \
                AMX_WEIGHTS(panel + AMX_PANEL_STEP)                                                                    \
                AMX_ROW(dot, 2, 3, 5, src + t->src_step, stride)                                                       \
                epilogue_advance(t->job, pace);                                                                        \
            }                                                                                                          \
            if (s < t->steps) {                                                                                        \
                AMX_WEIGHTS(panel)                                                                                     \
                AMX_ROW(dot, 0, 1, 4, src, stride)                                                                     \
                panel += AMX_PANEL_STEP;                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        if (t->tail != NULL) {                                                                                         \
            AMX_WEIGHTS(panel)                                                                                         \
            AMX_ROW(dot, 2, 3, 5, t->tail, t->tail_stride)                                                             \
        }                                                                                                              \
        element *out = t->acc;                                                                                         \
        _tile_stored(0, out, AMX_PANEL_STRIDE);                                                                        \
        _tile_stored(1, out + 16, AMX_PANEL_STRIDE);                                                                   \
        _tile_stored(2, odd, AMX_PANEL_STRIDE);                                                                        \
        _tile_stored(3, odd + 16, AMX_PANEL_STRIDE);                                                                   \
        for (int64_t i = 0; i < t->rows * AMX_COLUMNS; i++) {                                                          \
            out[i] += odd[i];                                                                                          \
        }                                                                                                              \
    }

/* An init_stride of 0 loads the same values into all rows of a tile. */
#define AMX_TILE(name, dot, element)                                                                                   \
    AMX_TALL(name, dot)                                                                                                \
    AMX_LOW(name, dot, element)                                                                                        \
    static void name(const gemm_tile *t) {                                                                             \
        if (t->rows > AMX_TILE_ROWS) {                                                                                 \
            name##_tall(t);                                                                                            \
        } else {                                                                                                       \
            name##_low(t);                                                                                             \
        }                                                                                                              \
    }

#endif
