#include "gemm.h"

#include "compiler.h"
#include "gemm_rows.h"

enum {
    BLOCK_BYTES = 512 * 1024,
    MIN_BLOCK_TILES = 5,
    MAX_BLOCK_ROWS = 768,
    CHUNK_BYTES = 128 * 1024 /* of a panel: what stays in L2 beside a block while its tiles use it in turn */
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

int64_t gemm_block_rows(const gemm_kernel *kernel, int64_t k) {
    const int64_t row_bytes = gemm_rows_stride(kernel, k);
    const int64_t rows = row_bytes == 0 ? MAX_BLOCK_ROWS : min_s64(BLOCK_BYTES / row_bytes, MAX_BLOCK_ROWS);
    const int64_t whole = rows / kernel->rows * kernel->rows;
    const int64_t least = (int64_t) MIN_BLOCK_TILES * kernel->rows;
    return whole > least ? whole : least;
}

/* k steps of a panel that are multiplied before the next ones are touched. */
static int64_t chunk_steps(const gemm_kernel *kernel) {
    return CHUNK_BYTES / ((int64_t) kernel->step * kernel->columns * kernel->src_bytes);
}

static bool is_chunked(const gemm_kernel *kernel, int64_t k) {
    return gemm_padded_k(kernel, k) > chunk_steps(kernel) * kernel->step;
}

static int64_t rows_bytes(const gemm_kernel *kernel, int64_t k, int64_t source_bytes) {
    return gemm_rows_scratch_bytes(kernel, k, gemm_block_rows(kernel, k), source_bytes);
}

int64_t gemm_scratch_bytes(const gemm_kernel *kernel, int64_t k, int64_t source_bytes) {
    /* Accumulators of a block's rows in one panel, where these rest between chunks. */
    const int64_t accumulators = is_chunked(kernel, k) ? gemm_block_rows(kernel, k) * kernel->columns * 4 : 0;
    return rows_bytes(kernel, k, source_bytes) + accumulators;
}

static void subtract_zero_points(int32_t *acc, int64_t rows, int64_t columns, const int32_t *row_sums,
                                 const int32_t *zero_points) {
    for (int64_t i = 0; i < rows; i++, acc += columns) {
        for (int64_t j = 0; j < columns; j++) {
            acc[j] = (int32_t) ((uint32_t) acc[j] - (uint32_t) row_sums[i] * (uint32_t) zero_points[j]);
        }
    }
}

/* A block of rows, the first of them being number `first` of the whole matrix. */
typedef struct row_block {
    int64_t first, count, tile_rows;
    gemm_rows rows;
    gemm_rows_scratch scratch;
    char *accumulators; /* for all rows if there are chunks, otherwise for two tiles */
    bool chunked;
    int64_t turn; /* of the two tiles: the one before can be stored while the next is multiplied */
} row_block;

/* Stores a finished tile, or puts that off; what was put off before must be done. */
static void finish_tile(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block,
                        const gemm_tile *tile, int64_t i, int64_t j, epilogue_job *job) {
    if (o->weights.zero_points != NULL) {
        subtract_zero_points(tile->acc, tile->rows, kernel->columns, block->scratch.sums + i,
                             o->weights.zero_points + j);
    }
    const int64_t row = block->first + i;
    const epilogue_tile finished = {
        .acc = tile->acc,
        .acc_stride = kernel->columns,
        .rows = tile->rows,
        .first = j,
        .columns = tile->columns,
        .dst = row_of(o->dst, row, o->dst_stride),
        .dst_stride = o->dst_stride,
        .residual = o->residual == NULL ? NULL : const_row_of(o->residual, row, o->residual_stride),
        .residual_stride = o->residual_stride,
        .row_scale = o->src.quantize == NULL ? NULL : block->scratch.scales + i,
    };
    if (kernel->interleaves) {
        *job = (epilogue_job){o->e, o->store, finished};
    } else {
        o->store(o->e, &finished);
    }
}

/* One panel's columns from j on. */
static void multiply_panel(const gemm_kernel *kernel, const gemm_operands *o, row_block *block, const char *panel, int64_t j,
                           epilogue_job *job) {
    static const _Alignas(64) int32_t zeros[MAX_TILE_COLUMNS];
    const gemm_rows *rows = &block->rows;
    const int64_t chunk = block->chunked ? chunk_steps(kernel) : rows->steps;
    const int64_t acc_row_bytes = (int64_t) kernel->columns * 4;
    int64_t done = 0;
    do {
        const bool last = rows->steps - done <= chunk;
        for (int64_t i = 0; i < block->count; i += block->tile_rows) {
            const int64_t place = block->chunked ? i : block->turn++ % 2 * kernel->rows;
            gemm_tile tile = {
                .rows = min_s64(block->tile_rows, block->count - i),
                .columns = min_s64(kernel->columns, o->n - j),
                .src = (const char *) rows->src + i / block->tile_rows * rows->tile_stride + done * rows->step,
                .src_stride = rows->stride,
                .src_step = rows->step,
                .steps = last ? rows->steps - done : chunk,
                .tail = last && rows->tail != NULL ? const_row_of(rows->tail, i, rows->tail_stride) : NULL,
                .tail_stride = rows->tail_stride,
                .panel = const_row_of(panel, done, (int64_t) kernel->step * kernel->columns * kernel->src_bytes),
                .init = o->weights.compensation == NULL ? zeros : o->weights.compensation + j,
                .acc = row_of(block->accumulators, place, acc_row_bytes),
                .job = job,
            };
            if (done > 0) {
                tile.init = tile.acc;
                tile.init_stride = acc_row_bytes;
            }
            if (block->chunked && block->count <= block->tile_rows) {
                epilogue_advance(job, job->left.rows); /* its accumulators are those of this tile */
            }
            kernel->tile(&tile);
            epilogue_advance(job, job->left.rows);
            if (last) {
                finish_tile(kernel, o, block, &tile, i, j, job);
            }
        }
        done += chunk;
    } while (done < rows->steps);
}

/* Equal parts instead of a last one of a few; whole tiles, but for the last part, if the kernel needs them. */
static int64_t equal_parts(const gemm_kernel *kernel, int64_t rows, int64_t most) {
    const int64_t parts = (rows + most - 1) / most;
    const int64_t part = (rows + parts - 1) / parts;
    return kernel->fixed_rows ? round_up(part, kernel->rows) : part;
}

void gemm_run(const gemm_kernel *kernel, const gemm_operands *o, void *scratch) {
    _Alignas(64) int32_t tile_accumulators[2 * MAX_TILE];
    const int64_t block_rows = equal_parts(kernel, o->m, gemm_block_rows(kernel, o->k));
    const int64_t panel_bytes = gemm_padded_k(kernel, o->k) * kernel->columns * kernel->src_bytes;
    const bool convert = gemm_rows_convert(kernel, o);
    const bool chunked = is_chunked(kernel, o->k);
    const int64_t source_bytes = gemm_rows_source_bytes(&o->src);
    epilogue_job job = {0};
    const gemm_rows_scratch rows_scratch =
        gemm_rows_scratch_at(kernel, o->k, gemm_block_rows(kernel, o->k), source_bytes, scratch);
    void *accumulators = chunked ? row_of(scratch, 1, rows_bytes(kernel, o->k, source_bytes)) : tile_accumulators;
    int64_t entered = 0;
    for (int64_t first = 0; first < o->m;) {
        int64_t rows = min_s64(block_rows, o->m - first);
        if (kernel->fixed_rows && rows > kernel->rows) {
            rows = rows / kernel->rows * kernel->rows;
        }
        row_block block = {
            .first = first,
            .count = rows,
            .tile_rows = kernel->fixed_rows ? min_s64(rows, kernel->rows) : equal_parts(kernel, rows, kernel->rows),
            .scratch = rows_scratch,
            .accumulators = accumulators,
            .chunked = chunked,
        };
        /* What was put off may still read the scales of the rows before. */
        epilogue_advance(&job, job.left.rows);
        block.rows = gemm_rows_prepare(kernel, o, convert, first, rows, block.tile_rows, &block.scratch);
        if (kernel->enter != NULL && block.tile_rows != entered) {
            kernel->enter(block.tile_rows);
            entered = block.tile_rows;
        }
        const char *panel = o->weights.panels;
        for (int64_t j = 0; j < o->n; j += kernel->columns, panel += panel_bytes) {
            multiply_panel(kernel, o, &block, panel, j, &job);
        }
        first += rows;
    }
    epilogue_advance(&job, job.left.rows);
    if (entered != 0) {
        kernel->leave();
    }
}
