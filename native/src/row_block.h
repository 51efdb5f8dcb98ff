/* A block of rows, cut into tiles, times the panels of weights: what multiplications and convolutions have in common. */
#ifndef TERSOR_ROW_BLOCK_H
#define TERSOR_ROW_BLOCK_H

#include <stddef.h>
#include <string.h>

#include "compiler.h"
#include "gemm.h"

enum { MAX_BLOCK_ROWS = 768 };

/*
 * Rows that a kernel computes at once. Those that are kept come in one piece, or in two of which the second follows the
 * first in the destination: a tile that walks on from one line of an image to the next computes what lies between.
 */
typedef struct row_tile {
    const char *src;
    int64_t rows;  /* computed */
    int64_t skip;  /* computed before the first one that is kept */
    int64_t kept;
    int64_t second_at, second_kept; /* 0: there is no second piece */
    int64_t first; /* number in the block of the first row that is computed */
    int64_t dst_row;
} row_tile;

typedef struct row_block {
    int64_t count;       /* tiles */
    int64_t src_stride;  /* bytes between the rows of a tile */
    int64_t src_step;    /* bytes between the k steps of a run */
    int64_t runs;        /* of k: each `steps` steps, at an offset of its own */
    const int64_t *run_offsets; /* bytes */
    int64_t steps;
    int64_t step;        /* elements of k */
    const char *tail;    /* NULL, or one more step of each row of the block, tail_stride bytes apart */
    int64_t tail_stride;
    const int32_t *sums;  /* of each row, where weights have zero points */
    const float *scales;  /* of each row, or NULL */
    void *sparse;         /* what sparse_block_bytes asks for, unless the panels are dense */
    void *accumulators;   /* of all rows in one panel if k is chunked, otherwise of one tile */
    bool chunked;
    int64_t entered;      /* what a kernel with an `enter` is set to, 0 for nothing */
    row_tile tiles[MAX_BLOCK_ROWS];
} row_block;

/* Sets a kernel with an `enter` to tiles of so many rows, with k steps of the block's, unless it is. */
static inline void row_block_enter(const gemm_kernel *kernel, row_block *block, int64_t rows) {
    const int64_t step_bytes = block->step * kernel->row_bytes;
    const int64_t wanted = step_bytes << 32 | rows;
    if (kernel->enter != NULL && block->entered != wanted) {
        kernel->enter(rows, step_bytes);
        block->entered = wanted;
    }
}

/* Rows one behind the other in the block and in the destination. */
typedef struct row_span {
    const char *src;
    int64_t rows;
    int64_t first; /* number in the block */
    int64_t dst_row;
} row_span;

/* Clears everything but the tiles. */
static inline void row_block_init(row_block *block) {
    memset(block, 0, offsetof(row_block, tiles));
}

/* Whether k is multiplied in chunks, so that those of a panel stay in cache while the tiles use them in turn. */
bool row_block_is_chunked(const gemm_kernel *kernel, int64_t runs, int64_t steps);

/* Rows of sums that `rows` rows of a chunked block may need: a last tile may repeat rows of the one before. */
int64_t row_block_sums(const gemm_kernel *kernel, int64_t rows);

/* Rows of a tile: equal parts instead of a last one of a few, at most those of the kernel. */
int64_t row_block_part(int64_t rows, int64_t most);

/* Appends the tiles of a span, whose rows are the block's src_stride apart. */
void row_block_cut(const gemm_kernel *kernel, row_block *block, row_span span);

/* All of the block's rows times columns [0, n). */
void row_block_multiply(const gemm_kernel *kernel, const gemm_operands *o, row_block *block);

/* Sums of the rows alone, with a panel whose first column is all ones, into sums. */
void row_block_sum(const gemm_kernel *kernel, row_block *block, const void *ones, int32_t *sums);

/* What the sums of the panel from column j on start from. */
const int32_t *row_block_start(const gemm_operands *o, int64_t j);

/* Subtracts what weights with zero points have too much from the sums of a tile, at column j of the destination. */
void row_block_subtract(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block, const row_tile *rows,
                        int64_t j, int32_t *sums);

/* Points results at the sums of the first piece of a tile's kept rows and at where they go. */
static inline void row_block_place(const gemm_operands *o, const row_block *block, const row_tile *rows,
                                   const int32_t *sums, epilogue_tile *results) {
    results->acc = sums + rows->skip * results->acc_stride;
    results->rows = rows->kept;
    results->dst = row_of(o->dst, rows->dst_row, o->dst_stride);
    results->residual = o->residual == NULL ? NULL : const_row_of(o->residual, rows->dst_row, o->residual_stride);
    results->row_scale = block->scales == NULL ? NULL : block->scales + rows->first + rows->skip;
}

/* Resets the kernel. */
void row_block_finish(const gemm_kernel *kernel, row_block *block);

#endif
