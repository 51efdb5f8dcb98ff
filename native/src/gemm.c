#include "gemm.h"

#include "compiler.h"

enum {
    BLOCK_BYTES = 192 * 1024,
    MAX_BLOCK_ROWS = 768,
    ALIASING_STRIDE = 2048 /* rows this far apart share few of the sets of an L1 cache */
};

int64_t gemm_padded_k(const gemm_kernel *kernel, int64_t k) {
    return round_up(k, kernel->step);
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

static int64_t converted_stride(const gemm_kernel *kernel, int64_t k) {
    return gemm_row_stride(gemm_padded_k(kernel, k) * kernel->row_bytes);
}

int64_t gemm_block_rows(const gemm_kernel *kernel, int64_t k) {
    const int64_t row_bytes = converted_stride(kernel, k);
    const int64_t rows = row_bytes == 0 ? MAX_BLOCK_ROWS : min_s64(BLOCK_BYTES / row_bytes, MAX_BLOCK_ROWS);
    const int64_t whole = rows / kernel->rows * kernel->rows;
    return whole > 0 ? whole : kernel->rows;
}

static int64_t rows_bytes(const gemm_kernel *kernel, int64_t k) {
    return round_up(gemm_block_rows(kernel, k) * converted_stride(kernel, k), TERSOR_ALIGNMENT);
}

int64_t gemm_scratch_bytes(const gemm_kernel *kernel, int64_t k) {
    return rows_bytes(kernel, k) + round_up(gemm_block_rows(kernel, k) * 4, TERSOR_ALIGNMENT);
}

/* Whole rows into scratch, padded with zeros. */
static void convert_rows(const gemm_kernel *kernel, const gemm_operands *o, int64_t first, int64_t rows, char *to,
                         int64_t stride) {
    const int64_t used = o->k * kernel->row_bytes;
    const int64_t padded = gemm_padded_k(kernel, o->k) * kernel->row_bytes;
    for (int64_t i = 0; i < rows; i++, to += stride) {
        kernel->convert(const_row_of(o->src, first + i, o->src_stride), o->k, to);
        memset(to + used, 0, (size_t) (padded - used));
    }
}

/* The last, incomplete k step of each row, padded with zeros. */
static void copy_tails(const gemm_kernel *kernel, const gemm_operands *o, int64_t first, int64_t rows, char *to) {
    const int64_t step_bytes = (int64_t) kernel->step * kernel->src_bytes;
    const int64_t whole = o->k / kernel->step * step_bytes;
    const int64_t rest = o->k * kernel->src_bytes - whole;
    for (int64_t i = 0; i < rows; i++, to += step_bytes) {
        memset(to, 0, (size_t) step_bytes);
        memcpy(to, (const char *) const_row_of(o->src, first + i, o->src_stride) + whole, (size_t) rest);
    }
}

static void subtract_zero_points(int32_t *acc, int64_t rows, int64_t columns, const int32_t *row_sums,
                                 const int32_t *zero_points) {
    for (int64_t i = 0; i < rows; i++, acc += columns) {
        for (int64_t j = 0; j < columns; j++) {
            acc[j] = (int32_t) ((uint32_t) acc[j] - (uint32_t) row_sums[i] * (uint32_t) zero_points[j]);
        }
    }
}

/* Rows [first, first + rows), already described by `tile` and `row_sums` as rows from 0, times all panels. */
static void multiply_block(const gemm_kernel *kernel, const gemm_operands *o, int64_t first, int64_t rows,
                           const gemm_tile *block, const int32_t *row_sums, int64_t tile_rows) {
    _Alignas(64) int32_t acc[MAX_TILE];
    const int64_t panel_bytes = gemm_padded_k(kernel, o->k) * kernel->columns * kernel->src_bytes;
    const char *panel = o->weights.panels;
    for (int64_t j = 0; j < o->n; j += kernel->columns, panel += panel_bytes) {
        const int64_t columns = min_s64(kernel->columns, o->n - j);
        for (int64_t i = 0; i < rows; i += tile_rows) {
            gemm_tile tile = *block;
            tile.rows = min_s64(tile_rows, rows - i);
            tile.src = const_row_of(block->src, i, block->src_stride);
            if (block->tail != NULL) {
                tile.tail = const_row_of(block->tail, i, block->tail_stride);
            }
            tile.panel = panel;
            tile.init = o->weights.compensation == NULL ? NULL : o->weights.compensation + j;
            tile.acc = acc;
            kernel->tile(&tile);
            if (o->weights.zero_points != NULL) {
                subtract_zero_points(acc, tile.rows, kernel->columns, row_sums + i, o->weights.zero_points + j);
            }
            void *dst = row_of(o->dst, first + i, o->dst_stride);
            o->store(o->e, acc, kernel->columns, tile.rows, j, columns, dst, o->dst_stride);
        }
    }
}

void gemm_run(const gemm_kernel *kernel, const gemm_operands *o, void *scratch) {
    const int64_t block_rows = gemm_block_rows(kernel, o->k);
    const int64_t panels = gemm_padded_n(kernel, o->n) / kernel->columns;
    const int64_t padded_k = gemm_padded_k(kernel, o->k);
    const bool aliasing = o->src_stride % ALIASING_STRIDE == 0 && o->m > 1 && panels > 2;
    const bool convert = kernel->convert_always || (kernel->convert != NULL && aliasing);
    int32_t *row_sums = (int32_t *) ((char *) scratch + rows_bytes(kernel, o->k));
    int64_t entered = 0;
    for (int64_t first = 0; first < o->m;) {
        int64_t rows = min_s64(block_rows, o->m - first);
        if (kernel->fixed_rows && rows > kernel->rows) {
            rows = rows / kernel->rows * kernel->rows;
        }
        gemm_tile block = {.src = const_row_of(o->src, first, o->src_stride),
                           .src_stride = o->src_stride,
                           .steps = o->k / kernel->step};
        if (convert) {
            block.src = scratch;
            block.src_stride = converted_stride(kernel, o->k);
            block.steps = padded_k / kernel->step;
            convert_rows(kernel, o, first, rows, scratch, block.src_stride);
        } else if (o->src_padded) {
            block.steps = padded_k / kernel->step;
        } else if (o->k != padded_k) {
            block.tail = scratch;
            block.tail_stride = (int64_t) kernel->step * kernel->src_bytes;
            copy_tails(kernel, o, first, rows, scratch);
        }
        if (o->weights.zero_points != NULL) {
            for (int64_t i = 0; i < rows; i++) {
                row_sums[i] = kernel->row_sum(const_row_of(o->src, first + i, o->src_stride), o->k, kernel->src_shift);
            }
        }
        /* Tiles of equal height instead of a last one of a few rows. */
        int64_t tile_rows = kernel->rows;
        if (!kernel->fixed_rows) {
            const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
            tile_rows = (rows + tiles - 1) / tiles;
        }
        const int64_t height = min_s64(tile_rows, rows);
        if (kernel->enter != NULL && height != entered) {
            kernel->enter(height);
            entered = height;
        }
        multiply_block(kernel, o, first, rows, &block, row_sums, tile_rows);
        first += rows;
    }
    if (entered != 0) {
        kernel->leave();
    }
}
