/*
 * All tiles of a block times all panels on AMX. A pass is a row tile times the columns of a panel, of which chunks of k
 * stay in L1 while all row tiles pass by. Where rows are windows of an image, which stay in L1 themselves, and a panel
 * does not, it is two row tiles times 32 columns: that reads a panel half as often (256 x 14 x 14, 3 x 3: 0.7 of the
 * time).
 */
#ifndef TERSOR_AMX_BLOCK_H
#define TERSOR_AMX_BLOCK_H

#include "amx_pass.h"
#include "row_block.h"

/* A part of k: of all runs so many whole ones, or steps of one. */
typedef struct amx_chunk {
    int64_t run, runs, step, steps;
    bool is_first, is_last;
} amx_chunk;

static int64_t amx_chunk_steps(const row_block *block, int64_t panel_step) {
    const int64_t fitting = AMX_CHUNK_BYTES / panel_step;
    return min_s64(fitting < 1 ? 1 : fitting, block->steps);
}

/* Two row tiles in a pass. */
static bool amx_is_square(amx_width width, const row_block *block, int64_t panel_step) {
    return width == 4 && block->run_offsets != NULL && block->runs * block->steps * panel_step > AMX_CHUNK_BYTES;
}

static amx_chunk amx_first_chunk(amx_width width, const row_block *block, int64_t panel_step) {
    if (amx_is_square(width, block, panel_step)) {
        return (amx_chunk){.runs = block->runs, .steps = block->steps, .is_first = true, .is_last = true};
    }
    const int64_t steps = amx_chunk_steps(block, panel_step);
    const bool whole_runs = steps == block->steps;
    const int64_t fitting = steps == 0 ? block->runs : AMX_CHUNK_BYTES / (steps * panel_step);
    const int64_t runs = whole_runs ? row_block_part(block->runs, fitting < 1 ? 1 : fitting) : 1;
    return (amx_chunk){
        .runs = runs,
        .steps = whole_runs ? steps : row_block_part(block->steps, steps),
        .is_first = true,
        .is_last = runs == block->runs && whole_runs,
    };
}

/* The part behind; all have the extents of the first one but the last ones. */
static void amx_next_chunk(const row_block *block, const amx_chunk *first, amx_chunk *c) {
    c->step += c->steps;
    if (c->step >= block->steps) {
        c->step = 0;
        c->run += c->runs;
    }
    c->runs = min_s64(first->runs, block->runs - c->run);
    c->steps = min_s64(first->steps, block->steps - c->step);
    c->is_first = false;
    c->is_last = c->run + c->runs == block->runs && c->step + c->steps == block->steps;
}

/* What all passes of a block have in common. */
ALWAYS_INLINE amx_pass amx_pass_of(amx_width width, const row_block *block) {
    return (amx_pass){
        .src_stride = block->src_stride,
        .src_step = block->src_step,
        .tail_stride = block->tail_stride,
        .panel_step = block->src_step / 4 * amx_stride(width),
        .streams = block->run_offsets == NULL,
    };
}

/* The part of k in a pass with the panel that begins at `panel`. */
ALWAYS_INLINE void amx_set_chunk(amx_pass *p, const row_block *block, const amx_chunk *c, const char *panel) {
    p->run_offsets = (block->run_offsets == NULL ? &gemm_no_offset : block->run_offsets) + c->run;
    p->runs = c->runs;
    p->steps = c->steps;
    p->all_steps = c->runs * c->steps;
    p->panel = panel + (c->run * block->steps + c->step) * p->panel_step;
}

/* What waits of a pass over `tiles` tiles from `tile` on. */
ALWAYS_INLINE void amx_put_off(amx_job *job, const row_tile *tile, int64_t tiles, const amx_columns *columns,
                               const char *sums) {
    job->tile = tile;
    job->end = tile + tiles;
    job->columns = columns;
    job->sums = sums;
}

/* Subtracts from finished sums what weights with zero points have too much. */
ALWAYS_INLINE void amx_subtract(amx_width width, const gemm_kernel *kernel, const gemm_operands *o,
                                const row_block *block, const row_tile *tile, int64_t tiles, int64_t j, char *sums, char **pending) {
    if (o->weights.zero_points == NULL) {
        return;
    }
    amx_flush(width, pending);
    for (int64_t i = 0; i < tiles; i++) {
        row_block_subtract(kernel, o, block, tile + i, j, (int32_t *) (void *) (sums + i * amx_sums_bytes(width)));
    }
}

/* Of a row tile in the widest panel. */
enum { AMX_MOST_SUMS = AMX_TILE_ROWS * 256 };

ALWAYS_INLINE void amx_multiply(amx_product product, amx_width width, const gemm_kernel *kernel,
                                const gemm_operands *o, row_block *block) {
    _Alignas(64) char sums[2][2 * AMX_MOST_SUMS];
    amx_job job = {.o = o, .scales = block->scales};
    amx_columns columns[2];
    amx_pass p = amx_pass_of(width, block);
    const amx_chunk first = amx_first_chunk(width, block, p.panel_step);
    const int64_t panel_bytes = (block->runs * block->steps + (block->tail != NULL)) * p.panel_step;
    const int64_t tile_bytes = block->tiles[0].rows * amx_stride(width);
    const int64_t together = amx_is_square(width, block, p.panel_step) ? 2 : 1;
    const int64_t columns_each = (int64_t) width * AMX_TILE_COLUMNS;
    const int64_t steps = first.runs * first.steps;
    /* What the next chunk needs is fetched in equal parts by all passes of this one. */
    const int64_t chunk_bytes = steps * p.panel_step;
    const int64_t ahead_bytes =
        block->count == 0 ? 0 : round_up((chunk_bytes + block->count - 1) / block->count, AMX_FETCH_LINES * 64);
    int64_t turn = 0;
    char *pending = NULL;
    /* A pass of two tiles has twice as many steps. */
    p.pace = steps == 0 ? 0 : (block->tiles[0].rows * AMX_PACE_UNIT + steps - 1) / steps;
    p.ahead_groups = steps == 0 ? 0 : (ahead_bytes / (AMX_FETCH_LINES * 64) + steps - 1) / steps;
    row_block_enter(kernel, block, block->tiles[0].rows);
    for (int64_t j = 0; j < o->n; j += columns_each) {
        const char *panel = const_row_of(o->weights.panels, j / columns_each, panel_bytes);
        amx_columns *here = &columns[j / columns_each % 2]; /* the job may still need the other one */
        amx_set_columns(product, width, here, o, block, j);
        p.column_tiles = (here->count + 15) / 16;
        amx_chunk c = first;
        for (bool is_over = false; !is_over; amx_next_chunk(block, &first, &c)) {
            is_over = c.is_last;
            amx_set_chunk(&p, block, &c, panel);
            const bool is_end = c.is_last && j + columns_each >= o->n;
            p.init_stride = c.is_first ? 0 : amx_stride(width);
            for (int64_t t = 0; t < block->count; t += together) {
                const row_tile *tile = &block->tiles[t];
                const int64_t tiles = min_s64(together, block->count - t);
                char *waiting = row_of(block->accumulators, t, tile_bytes);
                p.rows = tile->src + c.step * p.src_step;
                p.lower = tiles == 2 ? tile[1].src : NULL;
                p.tail = c.is_last && block->tail != NULL ? block->tail + tile->first * block->tail_stride : NULL;
                p.init = !c.is_first ? waiting : here->starts ? NULL : (const char *) row_block_start(o, j);
                p.ahead = p.panel + chunk_bytes + t * ahead_bytes;
                p.ahead_end = is_end ? p.ahead : p.ahead + tiles * ahead_bytes;
                /* One tile's sums replace those that were stored meanwhile; of two, the first half comes before. */
                turn ^= tiles - 1;
                p.sums = c.is_last ? sums[turn] : waiting;
                amx_run_form(product, width, tiles, &p, &job, &pending);
                job.tile = job.end;
                if (c.is_last) {
                    amx_subtract(width, kernel, o, block, tile, tiles, j, p.sums, &pending);
                    amx_put_off(&job, tile, tiles, here, p.sums);
                }
            }
        }
    }
    amx_flush(width, &pending);
    amx_job_finish(product, width, &job);
}

/* A kernel's functions: one tile alone, for sums of rows, and a block. */
#define AMX_GEMM(name, product, width)                                                                                 \
    static void tile_##name(const gemm_tile *t) {                                                                      \
        const amx_job nothing = {0};                                                                                   \
        const amx_pass p = {                                                                                           \
            .rows = t->src,                                                                                            \
            .tail = t->tail,                                                                                           \
            .src_stride = t->src_stride,                                                                               \
            .src_step = t->src_step,                                                                                   \
            .tail_stride = t->tail_stride,                                                                             \
            .runs = t->runs,                                                                                           \
            .steps = t->steps,                                                                                         \
            .all_steps = t->runs * t->steps,                                                                           \
            .run_offsets = t->run_offsets,                                                                             \
            .panel = t->panel,                                                                                         \
            .panel_step = t->src_step / 4 * amx_stride(width),                                                         \
            .column_tiles = (t->columns + 15) / 16,                                                                    \
            .init = t->init,                                                                                           \
            .sums = t->acc,                                                                                            \
        };                                                                                                             \
        char *pending = NULL;                                                                                          \
        amx_multiply_tile(product, AMX_CALLED, width, &p, &nothing, &pending);                                         \
        amx_flush(width, &pending);                                                                                    \
    }                                                                                                                  \
    static void multiply_##name(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {                 \
        amx_multiply(product, width, kernel, o, block);                                                                \
    }

#endif
