#include "sparse_block.h"

#include "compiler.h"
#include "scattered.h"
#include "sparse_pack.h"

static bool turns_rows(const gemm_kernel *kernel) {
    return kernel->scattered != NULL;
}

/* Of the panels that a chunk is used for in turn. */
static int64_t sums_bytes(const gemm_kernel *kernel) {
    return (int64_t) SCATTERED_PANELS * kernel->columns * kernel->rows * 4;
}

int64_t sparse_block_bytes(const gemm_kernel *kernel, int64_t steps) {
    if (kernel->form == PANEL_DENSE) {
        return 0;
    }
    const int64_t bytes =
        turns_rows(kernel) ? steps * kernel->rows * 4 + sums_bytes(kernel) : steps * (int64_t) sizeof(int64_t);
    return round_up(bytes, TERSOR_ALIGNMENT);
}

static const char *panel_at(const gemm_kernel *kernel, const gemm_operands *o, int64_t j) {
    return const_row_of(o->weights.panels, 1, o->weights.panel_offsets[j / kernel->columns]);
}

/* Bytes from a row's start to each of its k steps. */
static void set_step_offsets(const row_block *block, int64_t *offsets) {
    for (int64_t run = 0; run < block->runs; run++) {
        const int64_t start = block->run_offsets == NULL ? 0 : block->run_offsets[run];
        for (int64_t s = 0; s < block->steps; s++) {
            *offsets++ = start + s * block->src_step;
        }
    }
}

/* Where the sums of the panel from column j on go, `stride` from row to row: what its tiles have in common. */
static epilogue_tile panel_results(const gemm_kernel *kernel, const gemm_operands *o, int64_t j, int64_t stride) {
    return (epilogue_tile){
        .acc_stride = stride,
        .first = j,
        .columns = min_s64(kernel->columns, o->n - j),
        .dst_stride = o->dst_stride,
        .residual_stride = o->residual_stride,
    };
}

static void multiply_steps(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {
    const bool has_list = kernel->form != PANEL_BITMASK;
    int64_t *offsets = block->sparse;
    set_step_offsets(block, offsets);
    for (int64_t j = 0; j < o->n; j += kernel->columns) {
        const char *panel = panel_at(kernel, o, j);
        int64_t count;
        memcpy(&count, panel, sizeof count);
        epilogue_tile results = panel_results(kernel, o, j, kernel->columns);
        gemm_tile tile = {
            .columns = results.columns,
            .src_stride = block->src_stride,
            .panel = panel + sparse_listed_bytes(has_list ? count : 0),
            .listed = has_list ? (const int32_t *) (const void *) (panel + STEP_LIST_HEAD) : NULL,
            .listed_count = block->tail == NULL ? count : count - 1,
            .step_offsets = offsets,
            .tail_stride = block->tail_stride,
            .init = row_block_start(o, j),
            .acc = block->accumulators,
        };
        for (int64_t t = 0; t < block->count; t++) {
            const row_tile *rows = &block->tiles[t];
            tile.rows = rows->rows;
            tile.src = rows->src;
            tile.tail = block->tail == NULL ? NULL : const_row_of(block->tail, rows->first, block->tail_stride);
            kernel->tile(&tile);
            row_block_place(o, block, rows, tile.acc, &results);
            o->store(o->e, &results);
        }
    }
}

/* Rows of several tiles that are turned together, and the tiles that they come from. */
typedef struct turned_rows {
    int64_t rows, count;
    const char *src[MAX_SCATTERED_ROWS], *tail[MAX_SCATTERED_ROWS];
    row_tile tiles[MAX_SCATTERED_ROWS];
    int64_t at[MAX_SCATTERED_ROWS]; /* first row of each tile */
} turned_rows;

/* Where the next rows are: row `row` of tile `tile` of the block. */
typedef struct block_position {
    int64_t tile, row;
} block_position;

static void take_rows(const gemm_kernel *kernel, const row_block *block, block_position *p, turned_rows *t) {
    t->rows = 0;
    t->count = 0;
    while (t->rows < kernel->rows && p->tile < block->count) {
        const row_tile *tile = &block->tiles[p->tile];
        const int64_t taken = min_s64(tile->kept - p->row, kernel->rows - t->rows);
        t->at[t->count] = t->rows;
        t->tiles[t->count++] = (row_tile){
            .rows = taken,
            .kept = taken,
            .first = tile->first + p->row,
            .dst_row = tile->dst_row + p->row,
        };
        for (int64_t i = 0; i < taken; i++, t->rows++) {
            t->src[t->rows] = tile->src + (p->row + i) * block->src_stride;
            t->tail[t->rows] =
                block->tail == NULL ? NULL : const_row_of(block->tail, tile->first + p->row + i, block->tail_stride);
        }
        p->row += taken;
        if (p->row == tile->kept) {
            *p = (block_position){p->tile + 1, 0};
        }
    }
    /* Vectors are filled up by the last row again. */
    for (int64_t i = t->rows; i % kernel->scattered->lanes != 0; i++) {
        t->src[i] = t->src[t->rows - 1];
        t->tail[i] = t->tail[t->rows - 1];
    }
}

static void turn(const gemm_kernel *kernel, const row_block *block, const turned_rows *t, char *to) {
    const int64_t lanes = kernel->scattered->lanes, pitch = (int64_t) kernel->rows * 4;
    for (int64_t run = 0; run < block->runs; run++, to += block->steps * pitch) {
        const int64_t offset = block->run_offsets == NULL ? 0 : block->run_offsets[run];
        for (int64_t i = 0; i < t->rows; i += lanes) {
            const char *rows[MAX_SCATTERED_ROWS];
            for (int64_t lane = 0; lane < lanes; lane++) {
                rows[lane] = t->src[i + lane] + offset;
            }
            kernel->scattered->turn(rows, block->steps, to + i * 4, pitch);
        }
    }
    for (int64_t i = 0; block->tail != NULL && i < t->rows; i += lanes) {
        kernel->scattered->turn(t->tail + i, 1, to + i * 4, pitch);
    }
}

/* Sums [column][row] to [row][column]. */
static void turn_back(const gemm_kernel *kernel, const char *acc, int64_t rows, int64_t columns, char *out) {
    const int64_t lanes = kernel->scattered->lanes, pitch = (int64_t) kernel->rows * 4;
    for (int64_t j = 0; j < columns; j += lanes) {
        const char *from[MAX_SCATTERED_ROWS];
        for (int64_t lane = 0; lane < lanes; lane++) {
            from[lane] = acc + (j + lane) * pitch;
        }
        kernel->scattered->turn(from, rows, out + j * 4, SCATTERED_COLUMNS * 4);
    }
}

/* Columns [first, first + columns) of turned rows into sums, [column][row]. */
static void multiply_panels(const gemm_kernel *kernel, const gemm_operands *o, const turned_rows *t, int64_t steps,
                            const char *turned, int64_t first, int64_t columns, char *sums) {
    scattered_tile tile = {
        .turned = turned,
        .rows = t->rows,
        .chunks = kernel->form != PANEL_GATHERED ? scattered_chunks(kernel->rows, steps) : 1,
    };
    for (; tile.chunk < tile.chunks; tile.chunk++) {
        for (int64_t j = 0; j < columns; j += kernel->columns) {
            tile.columns = min_s64(kernel->columns, columns - j);
            tile.panel = panel_at(kernel, o, first + j);
            tile.init = row_block_start(o, first + j);
            tile.acc = sums + j * kernel->rows * 4;
            kernel->scattered->multiply(&tile);
        }
    }
}

static void multiply_turned(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {
    _Alignas(64) int32_t out[MAX_SCATTERED_ROWS * SCATTERED_COLUMNS];
    const int64_t steps = block->runs * block->steps + (block->tail == NULL ? 0 : 1);
    const int64_t group = (int64_t) SCATTERED_PANELS * kernel->columns;
    char *sums = block->sparse, *turned = sums + sums_bytes(kernel);
    turned_rows t;
    block_position position = {0, 0};
    row_block_enter(kernel, block, kernel->rows);
    while (position.tile < block->count) {
        take_rows(kernel, block, &position, &t);
        turn(kernel, block, &t, turned);
        if (kernel->scattered->split != NULL) {
            kernel->scattered->split(turned, steps);
        }
        for (int64_t first = 0; first < o->n; first += group) {
            const int64_t columns = min_s64(group, o->n - first);
            multiply_panels(kernel, o, &t, steps, turned, first, columns, sums);
            for (int64_t j = 0; j < columns; j += kernel->columns) {
                epilogue_tile results = panel_results(kernel, o, first + j, SCATTERED_COLUMNS);
                turn_back(kernel, sums + j * kernel->rows * 4, t.rows, results.columns, (char *) out);
                for (int64_t i = 0; i < t.count; i++) {
                    row_block_place(o, block, &t.tiles[i], out + t.at[i] * SCATTERED_COLUMNS, &results);
                    o->store(o->e, &results);
                }
            }
        }
    }
}

void sparse_block_multiply(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {
    if (turns_rows(kernel)) {
        multiply_turned(kernel, o, block);
    } else {
        multiply_steps(kernel, o, block);
    }
}
