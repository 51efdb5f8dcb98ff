#include "row_block.h"

#include "compiler.h"
#include "sparse_block.h"

enum {
    CHUNK_BYTES = 128 * 1024,       /* of a panel: what stays in L2 beside a block while its tiles use it in turn */
    NARROW_ROWS = 8,                /* tiles of so few f32 rows ask for more of a panel than L2 gives (ResNet-50's 7x7) */
    NARROW_CHUNK_BYTES = 32 * 1024 /* so that these use chunks that stay in L1 */
};


static int64_t step_bytes(const gemm_kernel *kernel) {
    return (int64_t) kernel->step * kernel->columns * kernel->src_bytes;
}

static int64_t chunk_steps(const gemm_kernel *kernel) {
    return CHUNK_BYTES / step_bytes(kernel);
}

bool row_block_is_chunked(const gemm_kernel *kernel, int64_t runs, int64_t steps) {
    /* A kernel with its own way has smaller chunks than these, and so more of them. */
    const int64_t whole = kernel->multiply == NULL ? chunk_steps(kernel) : 1;
    return kernel->form == PANEL_DENSE && (steps > whole || (runs > 1 && runs > whole / (steps == 0 ? 1 : steps)));
}

int64_t row_block_sums(const gemm_kernel *kernel, int64_t rows) {
    return kernel->equal_tiles ? 2 * rows + kernel->rows : rows;
}

int64_t row_block_part(int64_t rows, int64_t most) {
    const int64_t parts = (rows + most - 1) / most;
    return (rows + parts - 1) / parts;
}

void row_block_cut(const gemm_kernel *kernel, row_block *block, row_span span) {
    const int64_t part = row_block_part(span.rows, kernel->rows);
    for (int64_t i = 0; i < span.rows; i += part) {
        const int64_t kept = min_s64(part, span.rows - i);
        const int64_t rows = kernel->equal_tiles ? part : kept;
        const int64_t skip = rows - kept;
        block->tiles[block->count++] = (row_tile){
            .src = span.src + (i - skip) * block->src_stride,
            .rows = rows,
            .skip = skip,
            .kept = kept,
            .first = span.first + i - skip,
            .dst_row = span.dst_row + i,
        };
    }
}

const int32_t *row_block_start(const gemm_operands *o, int64_t j) {
    return o->weights.compensation == NULL ? gemm_zeros : o->weights.compensation + j;
}

void row_block_subtract(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block, const row_tile *rows,
                        int64_t j, int32_t *sums) {
    const int32_t *row_sums = block->sums + rows->first, *zero_points = o->weights.zero_points + j;
    for (int64_t i = 0; i < rows->rows; i++, sums += kernel->columns) {
        for (int64_t column = 0; column < kernel->columns; column++) {
            sums[column] = (int32_t) ((uint32_t) sums[column] - (uint32_t) row_sums[i] * (uint32_t) zero_points[column]);
        }
    }
}

/* A part of k. */
typedef struct k_part {
    int64_t run, runs, step, steps;
    bool is_first, is_last;
    int64_t bytes; /* in a panel */
    int64_t ahead; /* bytes behind them that come next */
} k_part;

/* What all tiles of a block have in common. A tile of little k takes 30 ns: what does not change is written once. */
static gemm_tile block_tile(row_block *block) {
    return (gemm_tile){
        .src_stride = block->src_stride,
        .src_step = block->src_step,
        .tail_stride = block->tail_stride,
    };
}

static void set_part(const row_block *block, const k_part *k, gemm_tile *tile) {
    tile->runs = k->runs;
    tile->run_offsets = (block->run_offsets == NULL ? &gemm_no_offset : block->run_offsets) + k->run;
    tile->steps = k->steps;
}

static void run_tile(const gemm_kernel *kernel, const row_block *block, const row_tile *rows, const k_part *k,
                     gemm_tile *tile) {
    tile->rows = rows->rows;
    tile->src = rows->src + k->step * block->src_step;
    tile->tail =
        k->is_last && block->tail != NULL ? const_row_of(block->tail, rows->first, block->tail_stride) : NULL;
    kernel->tile(tile);
}

static void finish_tile(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block, const row_tile *rows,
                        int32_t *acc, epilogue_tile *results) {
    if (o->weights.zero_points != NULL) {
        row_block_subtract(kernel, o, block, rows, results->first, acc);
    }
    row_block_place(o, block, rows, acc, results);
    o->store(o->e, results);
}

/* Whether the kernel stores the results of a panel itself. */
static bool is_finished(const gemm_kernel *kernel, const gemm_operands *o, const epilogue_tile *results) {
    const epilogue *e = o->e;
    /* Rows that are quantized as they are read have scales, which results get with each tile. */
    if (o->weights.zero_points != NULL || o->src.quantize != NULL || !epilogue_is_plain(e, results)) {
        return false;
    }
    const bool to_floats =
        e->dst_type == TERSOR_F32 && (e->residual_type == 0 || e->residual_type == TERSOR_F32);
    const bool floats = kernel->finishes && results->columns == kernel->columns && to_floats;
    const bool bytes = kernel->requantizes != 0 && results->columns % kernel->requantizes == 0 &&
                       (epilogue_is_requantization(e) || (kernel->stores_floats && to_floats));
    return floats || bytes;
}

/* Lets tile t bring a share of what follows the panel's part into L2. */
static void look_ahead(const row_block *block, const k_part *k, int64_t t, gemm_tile *tile) {
    const int64_t share = round_up((k->ahead + block->count - 1) / block->count, 64);
    const int64_t from = min_s64(t * share, k->ahead), to = min_s64(from + share, k->ahead);
    tile->ahead = (const char *) tile->panel + k->bytes + from;
    tile->ahead_bytes = to - from;
}

static void multiply_part(const gemm_kernel *kernel, const gemm_operands *o, row_block *block, const k_part *k,
                          gemm_tile *tile, epilogue_tile *results) {
    const int64_t acc_row_bytes = (int64_t) kernel->columns * 4;
    const bool finished = k->is_last && is_finished(kernel, o, results);
    set_part(block, k, tile);
    tile->results = finished ? results : NULL;
    tile->e = o->e;
    tile->init = row_block_start(o, results->first);
    tile->init_stride = k->is_first ? 0 : acc_row_bytes;
    for (int64_t t = 0; t < block->count; t++) {
        const row_tile *rows = &block->tiles[t];
        tile->acc = row_of(block->accumulators, block->chunked ? rows->first : 0, acc_row_bytes);
        if (!k->is_first) {
            tile->init = tile->acc;
        }
        if (kernel->finishes) {
            look_ahead(block, k, t, tile);
        }
        if (finished) {
            row_block_place(o, block, rows, tile->acc, results);
        }
        run_tile(kernel, block, rows, k, tile);
        if (k->is_last && !finished) {
            finish_tile(kernel, o, block, rows, tile->acc, results);
        }
    }
}

void row_block_multiply(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {
    if (kernel->form != PANEL_DENSE) {
        sparse_block_multiply(kernel, o, block);
        return;
    }
    if (kernel->multiply != NULL) {
        kernel->multiply(kernel, o, block);
        return;
    }
    const bool narrow = kernel->finishes && block->count > 1 && block->tiles[0].rows <= NARROW_ROWS;
    const int64_t whole = narrow ? NARROW_CHUNK_BYTES / step_bytes(kernel) : chunk_steps(kernel);
    const int64_t steps = block->chunked ? min_s64(whole, block->steps) : block->steps;
    const int64_t fitting = steps == block->steps && steps > 0 ? whole / steps : 1;
    const int64_t runs = block->chunked ? (fitting > 1 ? fitting : 1) : block->runs;
    const int64_t panel_bytes = block->runs * block->steps * step_bytes(kernel) +
                                (block->tail == NULL ? 0 : step_bytes(kernel));
    const int64_t panels = (o->n + kernel->columns - 1) / kernel->columns;
    const char *end = (const char *) o->weights.panels + panels * panel_bytes;
    gemm_tile tile = block_tile(block);
    epilogue_tile results = {
        .acc_stride = kernel->columns,
        .dst_stride = o->dst_stride,
        .residual_stride = o->residual_stride,
    };
    for (int64_t p = 0; p < panels; p++) {
        const int64_t index = o->backwards ? panels - 1 - p : p, j = index * kernel->columns;
        const char *panel = const_row_of(o->weights.panels, index, panel_bytes);
        k_part k = {.is_first = true};
        results.first = j;
        results.columns = tile.columns = min_s64(kernel->columns, o->n - j);
        for (k.run = 0; k.run < block->runs; k.run += k.runs) {
            k.runs = min_s64(runs, block->runs - k.run);
            k.step = 0;
            do { /* once also where there is no step */
                k.steps = min_s64(steps, block->steps - k.step);
                k.is_last = k.run + k.runs == block->runs && k.step + k.steps == block->steps;
                tile.panel = const_row_of(panel, k.run * block->steps + k.step, step_bytes(kernel));
                k.bytes = k.runs * k.steps * step_bytes(kernel);
                k.ahead = min_s64(k.bytes, end - (const char *) tile.panel - k.bytes);
                multiply_part(kernel, o, block, &k, &tile, &results);
                k.is_first = false;
                k.step += k.steps;
            } while (k.step < block->steps);
        }
    }
}

void row_block_sum(const gemm_kernel *kernel, row_block *block, const void *ones, int32_t *sums) {
    _Alignas(64) int32_t acc[MAX_TILE];
    const k_part k = {.runs = block->runs, .steps = block->steps, .is_first = true, .is_last = true};
    gemm_tile tile = block_tile(block);
    set_part(block, &k, &tile);
    tile.columns = 1;
    tile.panel = ones;
    tile.init = gemm_zeros;
    tile.acc = acc;
    for (int64_t t = 0; t < block->count; t++) {
        const row_tile *rows = &block->tiles[t];
        row_block_enter(kernel, block, rows->rows);
        run_tile(kernel, block, rows, &k, &tile);
        for (int64_t i = 0; i < rows->rows; i++) {
            sums[rows->first + i] = acc[i * kernel->columns];
        }
    }
}

void row_block_finish(const gemm_kernel *kernel, row_block *block) {
    if (block->entered != 0) {
        kernel->leave();
    }
}
