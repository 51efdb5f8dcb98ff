/*
 * Matrix multiplication by tiles. A kernel computes one tile of rows x columns accumulators over all of k, or over a
 * chunk of it; the driver in gemm.c walks the tiles and hands each to the epilogue while it is in L1.
 *
 * Packed weights are panels of `columns` columns, padded with zeros to whole panels and to k steps:
 * [panel][k / group][column][group]. Rows of the source are read in place, or first brought into scratch by gemm_rows.c.
 */
#ifndef TERSOR_GEMM_H
#define TERSOR_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include "epilogue.h"

enum { MAX_TILE_COLUMNS = 64, MAX_TILE = 32 * 32 };

/* Sums that start from nothing, and where the only run of k starts. */
extern const _Alignas(64) int32_t gemm_zeros[MAX_TILE_COLUMNS];
extern const int64_t gemm_no_offset;

typedef struct gemm_tile {
    int64_t rows;       /* 1 to the kernel's rows */
    int64_t columns;    /* that are of interest, 1 to the kernel's columns; more may be computed */
    const void *src;    /* rows whose runs hold `steps` whole k steps each */
    int64_t src_stride; /* bytes between rows */
    int64_t src_step;   /* bytes between the k steps of a row */
    int64_t runs;               /* of k; the panel has them one behind the other */
    const int64_t *run_offsets; /* bytes from src to each run */
    int64_t steps;              /* of each run */
    const void *tail; /* NULL, or one more step of each row, padded with zeros, tail_stride bytes apart */
    int64_t tail_stride; /* bytes */
    const void *panel;
    const int32_t *listed; /* NULL, or the numbers of the k steps that the panel has; runs and steps then do not count.
                              A panel of PANEL_BITMASK has listed_count steps, the first ones */
    int64_t listed_count;
    const int64_t *step_offsets; /* bytes from src to each k step, by its number */
    const void *init;    /* what the accumulators start from: int32 or f32 [rows, columns] */
    int64_t init_stride; /* bytes; 0: the same for all rows */
    void *acc;           /* int32 or f32 [rows, the kernel's columns]; may be init */
    /* NULL, or where the sums go instead of acc, through a plain epilogue, for whole panels: of kernels that finish, or
     * that requantize if the destination has 8 bits. */
    const epilogue_tile *results;
    const epilogue *e;
    const char *ahead; /* what kernels that finish bring into L2 meanwhile */
    int64_t ahead_bytes;
} gemm_tile;

/* What the panels of a kernel hold, see sparse_pack.h. */
typedef enum panel_form {
    PANEL_DENSE,
    PANEL_STEPS,
    PANEL_HALVES,
    PANEL_BITMASK,
    PANEL_SCATTERED,
    PANEL_SINGLES,
    PANEL_GATHERED
} panel_form;

struct scattered_kernel;
struct winograd_transforms;
struct gemm_operands;
struct row_block;

typedef struct gemm_kernel {
    const char *name;
    panel_form form;
    const struct scattered_kernel *scattered; /* of PANEL_SCATTERED, _SINGLES and _GATHERED, instead of `tile` */
    int32_t rows, columns; /* the tile */
    int32_t group;         /* neighbours in k that lie together in a panel */
    int32_t step;          /* k per step, a multiple of group */
    int32_t src_bytes;     /* of an element of the source, and of the packed weights */
    int32_t row_bytes;     /* of an element of the rows that the kernel reads */
    int32_t src_shift;     /* what the conversion adds to each element */
    bool divides_step;     /* `step` is the most: k is cut into equal steps where that pads nothing, see gemm_step */
    bool equal_tiles;      /* all tiles of a block have the same rows: the last one repeats some of the one before */
    bool convert_always;
    int32_t deepest; /* k of panels that stay in L1 whole; of kernels with a narrower one */
    const struct gemm_kernel *narrower; /* NULL, or the same with fewer columns, see gemm_for_depth */
    bool finishes;         /* the tile's `results` and `ahead` are served */
    int32_t requantizes;   /* `results` are, to u8 and s8, of multiples of so many columns; 0: they are not */
    bool stores_floats;    /* of integers: they are also to f32, plain */
    const struct winograd_transforms *winograd; /* NULL, or those of tiles 2x2 and, of floats, 4x4 */
    void (*convert)(const void *src, int64_t count, void *row);
    int32_t (*row_sum)(const void *src, int64_t count, int32_t shift); /* of src + shift, wrapping; NULL for floats */
    void (*enter)(int64_t rows, int64_t step_bytes); /* before tiles of so many rows */
    void (*leave)(void);
    void (*tile)(const gemm_tile *tile);
    /* NULL, or all tiles of a block times all dense panels, storing included, instead of `tile` one by one. */
    void (*multiply)(const struct gemm_kernel *kernel, const struct gemm_operands *operands, struct row_block *block);
} gemm_kernel;

typedef struct gemm_weights {
    const void *panels;
    const int64_t *panel_offsets; /* of sparse panels: bytes from `panels` to each; otherwise NULL */
    const int32_t *compensation; /* [n], padded to whole panels; NULL for floats */
    const int32_t *zero_points;  /* the same, or NULL when all are zero */
} gemm_weights;

/* Quantizes one row to s8 and returns its scale, see tersor.h. */
typedef float quantize_row_function(const float *src, int64_t count, int8_t *levels);

typedef struct gemm_source {
    const void *data;
    int64_t row_stride;    /* bytes */
    int64_t column_stride; /* bytes; that of a neighbour unless the matrix is transposed */
    int64_t element_bytes;
    quantize_row_function *quantize; /* of f32 rows for an INT8 kernel, or NULL */
} gemm_source;

typedef struct gemm_operands {
    int64_t m, k, n;
    bool backwards; /* dense panels are walked from the last one on, but by kernels with a way of their own */
    gemm_source src;
    gemm_weights weights;
    const epilogue *e;
    epilogue_function *store;
    void *dst;
    int64_t dst_stride; /* bytes */
    const void *residual;
    int64_t residual_stride; /* bytes */
} gemm_operands;

/* The kernel, or where only its narrower panels stay in L1 that one. */
const gemm_kernel *gemm_for_depth(const gemm_kernel *kernel, int64_t k);

/* Elements of k in a step of runs of k elements: at most the kernel's step, a multiple of its group. */
int64_t gemm_step(const gemm_kernel *kernel, int64_t k);
int64_t gemm_padded_k(const gemm_kernel *kernel, int64_t k);
/* Steps of that many elements. */
int64_t gemm_steps(const gemm_kernel *kernel, int64_t k);
int64_t gemm_padded_n(const gemm_kernel *kernel, int64_t n);

/* Rows that are worked on together: their bytes stay in L2 while the panels pass by. Few rows would make the panels
 * pass too often, so that for large k there are more than L2 may hold. */
int64_t gemm_block_rows(const gemm_kernel *kernel, int64_t k);

/* A row stride of at least `bytes` that spreads rows over the sets of L1. */
int64_t gemm_row_stride(int64_t bytes);

/* A multiple of TERSOR_ALIGNMENT, enough for any m. source_bytes: of an element of sources that may be transposed or
 * quantized, or 0. */
int64_t gemm_scratch_bytes(const gemm_kernel *kernel, int64_t k, int64_t source_bytes);

void gemm_run(const gemm_kernel *kernel, const gemm_operands *operands, void *scratch);

#endif
