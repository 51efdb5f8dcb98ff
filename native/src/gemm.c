#include "gemm.h"

#include "compiler.h"

enum {
    BLOCK_BYTES = 256 * 1024,
    MIN_BLOCK_TILES = 5,
    MAX_BLOCK_ROWS = 768,
    CHUNK_BYTES = 128 * 1024, /* of a panel: what stays in L2 beside a block while its tiles use it in turn */
    ALIASING_STRIDE = 2048    /* rows this far apart share few of the sets of an L1 cache */
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
    const int64_t least = (int64_t) MIN_BLOCK_TILES * kernel->rows;
    return whole > least ? whole : least;
}

static int64_t rows_bytes(const gemm_kernel *kernel, int64_t k) {
    return round_up(gemm_block_rows(kernel, k) * converted_stride(kernel, k), TERSOR_ALIGNMENT);
}

/* k steps of a panel that are multiplied before the next ones are touched. */
static int64_t chunk_steps(const gemm_kernel *kernel) {
    return CHUNK_BYTES / ((int64_t) kernel->step * kernel->columns * kernel->src_bytes);
}

static int64_t sums_bytes(const gemm_kernel *kernel, int64_t k) {
    return round_up(gemm_block_rows(kernel, k) * 4, TERSOR_ALIGNMENT);
}

/* Accumulators of a block's rows in one panel, where these rest between chunks. */
static int64_t accumulators_bytes(const gemm_kernel *kernel, int64_t k) {
    const bool chunked = gemm_padded_k(kernel, k) > chunk_steps(kernel) * kernel->step;
    return chunked ? gemm_block_rows(kernel, k) * kernel->columns * 4 : 0;
}

int64_t gemm_scratch_bytes(const gemm_kernel *kernel, int64_t k) {
    return rows_bytes(kernel, k) + sums_bytes(kernel, k) + accumulators_bytes(kernel, k);
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

/* A block of rows: first is its number of the whole matrix, `rows` describes them from the block's first on. */
typedef struct row_block {
    int64_t first;
    gemm_tile rows;
    int64_t tile_rows;
    const int32_t *sums;
    char *accumulators; /* for all rows if there are chunks, otherwise for one tile */
    bool chunked;
} row_block;

/* One panel's columns from j on. */
static void multiply_panel(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block, const char *panel,
                           int64_t j) {
    static const _Alignas(64) int32_t zeros[MAX_TILE_COLUMNS];
    const int64_t steps = block->rows.steps;
    const int64_t chunk = block->chunked ? chunk_steps(kernel) : steps;
    const int64_t acc_row_bytes = (int64_t) kernel->columns * 4;
    const int64_t columns = min_s64(kernel->columns, o->n - j);
    int64_t done = 0;
    do {
        const bool last = steps - done <= chunk;
        for (int64_t i = 0; i < block->rows.rows; i += block->tile_rows) {
            gemm_tile tile = block->rows;
            tile.rows = min_s64(block->tile_rows, block->rows.rows - i);
            tile.src = const_row_of(tile.src, i, tile.src_stride);
            tile.src = const_row_of(tile.src, done, (int64_t) kernel->step * kernel->row_bytes);
            tile.steps = last ? steps - done : chunk;
            tile.tail = last && tile.tail != NULL ? const_row_of(tile.tail, i, tile.tail_stride) : NULL;
            tile.panel = const_row_of(panel, done, (int64_t) kernel->step * kernel->columns * kernel->src_bytes);
            tile.acc = row_of(block->accumulators, block->chunked ? i : 0, acc_row_bytes);
            tile.init = o->weights.compensation == NULL ? zeros : o->weights.compensation + j;
            if (done > 0) {
                tile.init = tile.acc;
                tile.init_stride = acc_row_bytes;
            }
            kernel->tile(&tile);
            if (!last) {
                continue;
            }
            if (o->weights.zero_points != NULL) {
                subtract_zero_points(tile.acc, tile.rows, kernel->columns, block->sums + i, o->weights.zero_points + j);
            }
            void *dst = row_of(o->dst, block->first + i, o->dst_stride);
            o->store(o->e, tile.acc, kernel->columns, tile.rows, j, columns, dst, o->dst_stride);
        }
        done += chunk;
    } while (done < steps);
}

/* Makes the rows readable for the kernel: in place, with copied ends, or converted into scratch. */
static void prepare_rows(const gemm_kernel *kernel, const gemm_operands *o, bool convert, row_block *block,
                         void *scratch) {
    gemm_tile *rows = &block->rows;
    const int64_t padded_k = gemm_padded_k(kernel, o->k);
    rows->src = const_row_of(o->src, block->first, o->src_stride);
    rows->src_stride = o->src_stride;
    rows->steps = o->k / kernel->step;
    if (convert) {
        rows->src = scratch;
        rows->src_stride = converted_stride(kernel, o->k);
        rows->steps = padded_k / kernel->step;
        convert_rows(kernel, o, block->first, rows->rows, scratch, rows->src_stride);
    } else if (o->src_padded) {
        rows->steps = padded_k / kernel->step;
    } else if (o->k != padded_k) {
        rows->tail = scratch;
        rows->tail_stride = (int64_t) kernel->step * kernel->src_bytes;
        copy_tails(kernel, o, block->first, rows->rows, scratch);
    }
}

/* Equal parts instead of a last one of a few; whole tiles, but for the last part, if the kernel needs them. */
static int64_t equal_parts(const gemm_kernel *kernel, int64_t rows, int64_t most) {
    const int64_t parts = (rows + most - 1) / most;
    const int64_t part = (rows + parts - 1) / parts;
    return kernel->fixed_rows ? round_up(part, kernel->rows) : part;
}

void gemm_run(const gemm_kernel *kernel, const gemm_operands *o, void *scratch) {
    _Alignas(64) int32_t tile_accumulators[MAX_TILE];
    const int64_t block_rows = equal_parts(kernel, o->m, gemm_block_rows(kernel, o->k));
    const int64_t panel_bytes = gemm_padded_k(kernel, o->k) * kernel->columns * kernel->src_bytes;
    const bool aliasing = o->src_stride % ALIASING_STRIDE == 0 && o->m > 1 && o->n > 2 * kernel->columns;
    const bool convert = kernel->convert_always || (kernel->convert != NULL && aliasing);
    int32_t *sums = row_of(scratch, 1, rows_bytes(kernel, o->k));
    const bool chunked = accumulators_bytes(kernel, o->k) > 0;
    int64_t entered = 0;
    for (int64_t first = 0; first < o->m;) {
        int64_t rows = min_s64(block_rows, o->m - first);
        if (kernel->fixed_rows && rows > kernel->rows) {
            rows = rows / kernel->rows * kernel->rows;
        }
        row_block block = {
            .first = first,
            .rows = {.rows = rows},
            .tile_rows = kernel->fixed_rows ? min_s64(rows, kernel->rows) : equal_parts(kernel, rows, kernel->rows),
            .sums = sums,
            .accumulators = (char *) tile_accumulators,
            .chunked = chunked,
        };
        if (chunked) {
            block.accumulators = row_of(sums, 1, sums_bytes(kernel, o->k));
        }
        prepare_rows(kernel, o, convert, &block, scratch);
        for (int64_t i = 0; o->weights.zero_points != NULL && i < rows; i++) {
            const void *src = const_row_of(o->src, first + i, o->src_stride);
            sums[i] = kernel->row_sum(src, o->k, kernel->src_shift);
        }
        if (kernel->enter != NULL && block.tile_rows != entered) {
            kernel->enter(block.tile_rows);
            entered = block.tile_rows;
        }
        const char *panel = o->weights.panels;
        for (int64_t j = 0; j < o->n; j += kernel->columns, panel += panel_bytes) {
            multiply_panel(kernel, o, &block, panel, j);
        }
        first += rows;
    }
    if (entered != 0) {
        kernel->leave();
    }
}
