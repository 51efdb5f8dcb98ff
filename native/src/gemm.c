#include "gemm.h"

#include "compiler.h"
#include "gemm_rows.h"
#include "row_block.h"
#include "sparse_block.h"

enum {
    BLOCK_BYTES = 512 * 1024,
    MIN_BLOCK_TILES = 5,
    RESIDENT_BYTES = 1024 * 1024, /* of weights that stay in L2 from one block to the next */
    RESIDENT_PANELS = 4,          /* at least: fewer leave rows in L1 and L2 for too short a time */
    RESIDENT_TILES = 8            /* of a block then, whose results stay in L1 until their lines are complete */
};

const _Alignas(64) int32_t gemm_zeros[MAX_TILE_COLUMNS];
const int64_t gemm_no_offset = 0;

const gemm_kernel *gemm_for_depth(const gemm_kernel *kernel, int64_t k) {
    const gemm_kernel *narrower = kernel->narrower;
    return narrower != NULL && k > kernel->deepest && k <= narrower->deepest ? narrower : kernel;
}

int64_t gemm_step(const gemm_kernel *kernel, int64_t k) {
    if (!kernel->divides_step || k == 0) {
        return kernel->step;
    }
    const int64_t least = (k + kernel->step - 1) / kernel->step;
    /* A third more steps cost less than a copy of every row's end. */
    for (int64_t steps = least; steps <= least + least / 3; steps++) {
        if (k % (steps * kernel->group) == 0) {
            return k / steps;
        }
    }
    return least == 1 ? round_up(k, kernel->group) : kernel->step;
}

int64_t gemm_padded_k(const gemm_kernel *kernel, int64_t k) {
    return round_up(k, gemm_step(kernel, k));
}

int64_t gemm_steps(const gemm_kernel *kernel, int64_t k) {
    return gemm_padded_k(kernel, k) / gemm_step(kernel, k);
}

int64_t gemm_padded_n(const gemm_kernel *kernel, int64_t n) {
    return round_up(n, kernel->columns);
}

int64_t gemm_row_stride(int64_t bytes) {
    if (bytes <= 64) {
        return round_up(bytes, 4);
    }
    return round_up(bytes, 64) | 64;
}

int64_t gemm_block_rows(const gemm_kernel *kernel, int64_t k) {
    const int64_t row_bytes = gemm_rows_stride(kernel, k);
    const int64_t rows = row_bytes == 0 ? MAX_BLOCK_ROWS : min_s64(BLOCK_BYTES / row_bytes, MAX_BLOCK_ROWS);
    const int64_t whole = rows / kernel->rows * kernel->rows;
    const int64_t least = (int64_t) MIN_BLOCK_TILES * kernel->rows;
    return whole > least ? whole : least;
}

static bool is_chunked(const gemm_kernel *kernel, int64_t k) {
    return row_block_is_chunked(kernel, 1, gemm_steps(kernel, k));
}

static int64_t rows_bytes(const gemm_kernel *kernel, int64_t k, int64_t source_bytes) {
    return gemm_rows_scratch_bytes(kernel, k, gemm_block_rows(kernel, k), source_bytes);
}

int64_t gemm_scratch_bytes(const gemm_kernel *kernel, int64_t k, int64_t source_bytes) {
    /* Accumulators of a block's rows in one panel, where these rest between chunks. */
    const int64_t accumulators =
        is_chunked(kernel, k) ? row_block_sums(kernel, gemm_block_rows(kernel, k)) * kernel->columns * 4 : 0;
    return rows_bytes(kernel, k, source_bytes) + accumulators +
           sparse_block_bytes(kernel, gemm_steps(kernel, k));
}

/* Cuts rows [first, first + count) into tiles, and makes them readable. */
static void prepare_block(const gemm_kernel *kernel, const gemm_operands *o, bool convert, int64_t first, int64_t count,
                          const gemm_rows_scratch *scratch, row_block *block) {
    const gemm_rows rows = gemm_rows_prepare(kernel, o, convert, first, count, scratch);
    block->src_stride = rows.stride;
    block->src_step = rows.step;
    block->steps = rows.steps;
    block->tail = rows.tail;
    block->tail_stride = rows.tail_stride;
    block->count = 0;
    row_block_cut(kernel, block, (row_span){.src = rows.src, .rows = count, .dst_row = first});
}

/* Rows that are multiplied together, at most. */
static int64_t most_rows(const gemm_kernel *kernel, const gemm_operands *o) {
    const int64_t most = gemm_block_rows(kernel, o->k), weights_bytes = o->k * o->n * kernel->src_bytes;
    const bool resident = o->n >= (int64_t) RESIDENT_PANELS * kernel->columns && weights_bytes <= RESIDENT_BYTES;
    return kernel->finishes && resident ? min_s64(most, (int64_t) RESIDENT_TILES * kernel->rows) : most;
}

void gemm_run(const gemm_kernel *kernel, const gemm_operands *o, void *scratch) {
    _Alignas(64) int32_t tile_accumulators[MAX_TILE];
    const int64_t part = row_block_part(o->m, most_rows(kernel, o));
    const int64_t block_rows = kernel->equal_tiles ? round_up(part, kernel->rows) : part;
    const bool convert = gemm_rows_convert(kernel, o);
    const bool chunked = is_chunked(kernel, o->k);
    const int64_t source_bytes = gemm_rows_source_bytes(&o->src);
    const gemm_rows_scratch rows_scratch =
        gemm_rows_scratch_at(kernel, o->k, gemm_block_rows(kernel, o->k), source_bytes, scratch);
    row_block block;
    row_block_init(&block);
    block.runs = 1;
    block.step = gemm_step(kernel, o->k);
    block.sums = rows_scratch.sums;
    block.scales = o->src.quantize == NULL ? NULL : rows_scratch.scales;
    block.chunked = chunked;
    void *rest = row_of(scratch, 1, rows_bytes(kernel, o->k, source_bytes)); /* sparse panels are not chunked */
    block.accumulators = chunked ? rest : tile_accumulators;
    block.sparse = rest;
    for (int64_t first = 0; first < o->m; first += block_rows) {
        prepare_block(kernel, o, convert, first, min_s64(block_rows, o->m - first), &rows_scratch, &block);
        row_block_multiply(kernel, o, &block);
    }
    row_block_finish(kernel, &block);
}
