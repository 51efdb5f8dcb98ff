/*
 * All tiles of a block times all panels on AMX, in passes: the results of one are stored between the k steps of the next,
 * so that both take the time of the longer one. What a step loads in tiles of 16 lines has to come from L1 mostly: four
 * multiplications of 16 cycles leave time for no more than about 30 lines from L2.
 *
 * A pass is a row tile times the 64 columns of a panel, of which chunks of k stay in L1 while all row tiles pass by. Where
 * rows are windows of an image, which stay in L1 themselves, and a panel does not, it is two row tiles times 32 columns:
 * that reads a panel half as often (256 x 14 x 14, 3 x 3: 0.7 of the time).
 */
#ifndef TERSOR_AMX_BLOCK_H
#define TERSOR_AMX_BLOCK_H

#include "amx_job.h"
#include "amx_tile.h"
#include "row_block.h"

/* What a pass does: which tile, which part of k, and where its sums begin and end. */
typedef struct amx_pass {
    const char *rows, *tail; /* the tile's, and its last step or NULL */
    const char *lower;       /* those of a second tile */
    int64_t src_stride, src_step, tail_stride;
    const int64_t *run_offsets;
    int64_t runs, steps, all_steps;
    const char *panel;
    int64_t panel_step;
    int64_t column_tiles;
    const char *init; /* NULL: zeros */
    int64_t init_stride;
    const char *ahead; /* weights that are needed soon, to be brought into L2: so many lines in a step */
    int64_t ahead_lines;
    int64_t pace;      /* rows of results to be stored in a step */
    bool streams;      /* each of the rows' lines is used once, and so kept out of L1 */
    char *sums;
} amx_pass;

#define AMX_STORE(tile, sums) _tile_stored(tile, (sums) + (tile) * 64, AMX_PANEL_STRIDE)
#define AMX_START(p, tile)                                                                                             \
    do {                                                                                                               \
        if ((p)->init == NULL) {                                                                                       \
            _tile_zero(tile);                                                                                          \
        } else if ((tile) < (p)->column_tiles) {                                                                       \
            _tile_loadd(tile, (p)->init + (tile) * 64, (p)->init_stride);                                              \
        }                                                                                                              \
    } while (0)

/* Tiles 2 and 3 of a pass are stored when the next one has loaded its first tiles: so these do not wait for the last sums. */
ALWAYS_INLINE void amx_flush(char **pending) {
    if (*pending != NULL) {
        AMX_STORE(2, *pending);
        AMX_STORE(3, *pending);
        *pending = NULL;
    }
}

/* One k step of whole panels, or of the column tiles there are. */
ALWAYS_INLINE void amx_load_rows(const amx_pass *p, const char *rows, int64_t stride) {
    if (p->streams) {
        _tile_stream_loadd(4, rows, stride);
    } else {
        _tile_loadd(4, rows, stride);
    }
}

ALWAYS_INLINE void amx_step(amx_product product, const amx_pass *p, const char *rows, int64_t stride,
                            const char *panel) {
    amx_load_rows(p, rows, stride);
    _tile_loadd(6, panel, AMX_PANEL_STRIDE);
    if (p->column_tiles == 4) {
        _tile_loadd(7, panel + 64, AMX_PANEL_STRIDE);
        AMX_DOT(product, 0, 4, 6);
        _tile_loadd(6, panel + 128, AMX_PANEL_STRIDE);
        AMX_DOT(product, 1, 4, 7);
        _tile_loadd(7, panel + 192, AMX_PANEL_STRIDE);
        AMX_DOT(product, 2, 4, 6);
        AMX_DOT(product, 3, 4, 7);
        return;
    }
    AMX_DOT(product, 0, 4, 6);
    if (p->column_tiles > 1) {
        _tile_loadd(7, panel + 64, AMX_PANEL_STRIDE);
        AMX_DOT(product, 1, 4, 7);
    }
    if (p->column_tiles > 2) {
        _tile_loadd(6, panel + 128, AMX_PANEL_STRIDE);
        AMX_DOT(product, 2, 4, 6);
    }
}

/* The first step, which also starts the sums. */
ALWAYS_INLINE void amx_first_step(amx_product product, const amx_pass *p, const char *rows, char **pending) {
    AMX_START(p, 0);
    AMX_START(p, 1);
    if (p->column_tiles < 4 || *pending == NULL) {
        amx_flush(pending);
        AMX_START(p, 2);
        AMX_START(p, 3);
        amx_step(product, p, rows, p->src_stride, p->panel);
        return;
    }
    amx_load_rows(p, rows, p->src_stride);
    _tile_loadd(6, p->panel, AMX_PANEL_STRIDE);
    _tile_loadd(7, p->panel + 64, AMX_PANEL_STRIDE);
    AMX_STORE(2, *pending);
    AMX_START(p, 2);
    AMX_DOT(product, 0, 4, 6);
    _tile_loadd(6, p->panel + 128, AMX_PANEL_STRIDE);
    AMX_STORE(3, *pending);
    AMX_START(p, 3);
    AMX_DOT(product, 1, 4, 7);
    _tile_loadd(7, p->panel + 192, AMX_PANEL_STRIDE);
    AMX_DOT(product, 2, 4, 6);
    AMX_DOT(product, 3, 4, 7);
    *pending = NULL;
}

ALWAYS_INLINE void amx_fetch(const amx_pass *p, int64_t step) {
    const char *line = p->ahead + step * p->ahead_lines * 64;
    for (int64_t i = 0; i < p->ahead_lines; i++, line += 64) {
        __builtin_prefetch(line, 0, 2);
    }
}

/* Also stores the results of the job, the pass before, and leaves the last sums in registers, see amx_flush. */
ALWAYS_INLINE void amx_multiply_tile(amx_product product, amx_form form, const amx_pass *p, const amx_job *job,
                                     char **pending) {
    const char *panel = p->panel;
    const amx_bytes bytes = amx_bytes_of(form, job);
    const int64_t pace = form == AMX_CALLED && p->pace < AMX_CALLED_ROWS ? AMX_CALLED_ROWS : p->pace;
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_cursor cursor = amx_cursor_of(form, job, copy);
    int64_t step = 0;
    for (int64_t run = 0; run < p->runs; run++) {
        const char *rows = p->rows + p->run_offsets[run];
        for (int64_t s = 0; s < p->steps; s++) {
            if (step == 0) {
                amx_first_step(product, p, rows, pending);
            } else {
                amx_step(product, p, rows, p->src_stride, panel);
            }
            amx_fetch(p, step++);
            amx_job_advance(form, &bytes, job, &cursor, copy, pace);
            rows += p->src_step;
            panel += p->panel_step;
        }
    }
    if (step == 0) {
        amx_flush(pending);
        AMX_START(p, 0);
        AMX_START(p, 1);
        AMX_START(p, 2);
        AMX_START(p, 3);
    }
    if (p->tail != NULL) {
        amx_step(product, p, p->tail, p->tail_stride, panel);
    }
    amx_job_advance(form, &bytes, job, &cursor, copy, INT64_MAX);
    AMX_STORE(0, p->sums);
    if (p->column_tiles > 1) {
        AMX_STORE(1, p->sums);
    }
    if (p->column_tiles == 3) {
        AMX_STORE(2, p->sums);
    }
    *pending = p->column_tiles == 4 ? p->sums : NULL;
}

/* One k step of two row tiles and 32 columns. */
ALWAYS_INLINE void amx_square_step(amx_product product, const amx_pass *p, const char *rows, const char *lower,
                                   const char *panel) {
    _tile_loadd(6, panel, AMX_PANEL_STRIDE);
    _tile_loadd(7, panel + 64, AMX_PANEL_STRIDE);
    _tile_loadd(4, rows, p->src_stride);
    AMX_DOT(product, 0, 4, 6);
    AMX_DOT(product, 1, 4, 7);
    _tile_loadd(5, lower, p->src_stride);
    AMX_DOT(product, 2, 5, 6);
    AMX_DOT(product, 3, 5, 7);
}

ALWAYS_INLINE void amx_square_start(const amx_pass *p, int64_t at) {
    if (p->init == NULL) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        return;
    }
    _tile_loadd(0, p->init + at, 0);
    _tile_loadd(1, p->init + at + 64, 0);
    _tile_loadd(2, p->init + at, 0);
    _tile_loadd(3, p->init + at + 64, 0);
}

/* Two row tiles and a panel, by halves of the panel; there is no tail. Also stores the results of the job. */
ALWAYS_INLINE void amx_multiply_square(amx_product product, amx_form form, const amx_pass *p, const amx_job *job) {
    const amx_bytes bytes = amx_bytes_of(form, job);
    const int64_t halves = (p->column_tiles + 1) / 2;
    const int64_t pace = form == AMX_CALLED && p->pace < AMX_CALLED_ROWS ? AMX_CALLED_ROWS : p->pace;
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_cursor cursor = amx_cursor_of(form, job, copy);
    int64_t step = 0;
    for (int64_t at = 0; at < halves * AMX_PANEL_STRIDE / 2; at += AMX_PANEL_STRIDE / 2) {
        const char *panel = p->panel + at;
        amx_square_start(p, at);
        for (int64_t run = 0; run < p->runs; run++) {
            const char *rows = p->rows + p->run_offsets[run], *lower = p->lower + p->run_offsets[run];
            for (int64_t s = 0; s < p->steps; s++) {
                amx_square_step(product, p, rows, lower, panel);
                amx_fetch(p, step++);
                amx_job_advance(form, &bytes, job, &cursor, copy, pace);
                rows += p->src_step;
                lower += p->src_step;
                panel += p->panel_step;
            }
        }
        if (at + AMX_PANEL_STRIDE / 2 >= halves * AMX_PANEL_STRIDE / 2) {
            amx_job_advance(form, &bytes, job, &cursor, copy, INT64_MAX);
        }
        char *out = p->sums + at;
        _tile_stored(0, out, AMX_PANEL_STRIDE);
        _tile_stored(1, out + 64, AMX_PANEL_STRIDE);
        _tile_stored(2, out + AMX_SUMS_BYTES, AMX_PANEL_STRIDE);
        _tile_stored(3, out + AMX_SUMS_BYTES + 64, AMX_PANEL_STRIDE);
    }
}

/* A pass over one row tile, or two. */
ALWAYS_INLINE void amx_run(amx_product product, amx_form form, int64_t tiles, const amx_pass *p, const amx_job *job,
                           char **pending) {
    if (tiles == 2) {
        amx_flush(pending);
        amx_multiply_square(product, form, p, job);
    } else {
        amx_multiply_tile(product, form, p, job, pending);
    }
}

ALWAYS_INLINE void amx_run_form(amx_product product, int64_t tiles, const amx_pass *p, const amx_job *job,
                                char **pending) {
    const amx_form form = job->tile == job->end ? AMX_CALLED : job->columns->form;
    switch (form) {
    case AMX_BYTES:
        amx_run(product, AMX_BYTES, tiles, p, job, pending);
        break;
    case AMX_BYTES_ADDED:
        amx_run(product, AMX_BYTES_ADDED, tiles, p, job, pending);
        break;
    case AMX_BYTES_ANY:
        amx_run(product, AMX_BYTES_ANY, tiles, p, job, pending);
        break;
    case AMX_BYTES_ANY_ADDED:
        amx_run(product, AMX_BYTES_ANY_ADDED, tiles, p, job, pending);
        break;
    default:
        amx_run(product, AMX_CALLED, tiles, p, job, pending);
        break;
    }
}

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
static bool amx_is_square(const row_block *block, int64_t panel_step) {
    return block->run_offsets != NULL && block->runs * block->steps * panel_step > AMX_CHUNK_BYTES;
}

static amx_chunk amx_first_chunk(const row_block *block, int64_t panel_step) {
    if (amx_is_square(block, panel_step)) {
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
ALWAYS_INLINE amx_pass amx_pass_of(const row_block *block) {
    return (amx_pass){
        .src_stride = block->src_stride,
        .src_step = block->src_step,
        .tail_stride = block->tail_stride,
        .panel_step = block->src_step / 4 * AMX_PANEL_STRIDE,
        .streams = block->run_offsets == NULL,
    };
}

/* The part of k in a pass with the panel that begins at `panel`. */
ALWAYS_INLINE void amx_set_chunk(amx_pass *p, const row_block *block, const amx_chunk *c, const char *panel) {
    static const int64_t no_offset = 0;
    p->run_offsets = (block->run_offsets == NULL ? &no_offset : block->run_offsets) + c->run;
    p->runs = c->runs;
    p->steps = c->steps;
    p->all_steps = c->runs * c->steps;
    p->panel = panel + (c->run * block->steps + c->step) * p->panel_step;
}

ALWAYS_INLINE void amx_multiply(amx_product product, const gemm_kernel *kernel, const gemm_operands *o,
                                row_block *block) {
    _Alignas(64) char sums[2][2 * AMX_SUMS_BYTES];
    amx_job job = {.o = o, .scales = block->scales};
    amx_columns columns[2];
    amx_pass p = amx_pass_of(block);
    const amx_chunk first = amx_first_chunk(block, p.panel_step);
    const int64_t panel_bytes = (block->runs * block->steps + (block->tail != NULL)) * p.panel_step;
    const int64_t tile_bytes = block->tiles[0].rows * AMX_PANEL_STRIDE;
    /* What the next chunk needs is fetched in equal parts by all passes of this one. */
    const int64_t together = amx_is_square(block, p.panel_step) ? 2 : 1;
    const int64_t passed_steps = block->count * first.runs * first.steps;
    const int64_t chunk_lines = first.runs * first.steps * p.panel_step / 64;
    const int64_t ahead_lines = passed_steps == 0 ? 0 : (chunk_lines + passed_steps - 1) / passed_steps;
    /* A pass of two tiles has two halves for as many rows each. */
    const int64_t steps = first.runs * first.steps;
    p.pace = steps == 0 ? 0 : (block->tiles[0].rows + steps - 1) / steps;
    int64_t turn = 0;
    char *pending = NULL;
    row_block_enter(kernel, block, block->tiles[0].rows);
    for (int64_t j = 0; j < o->n; j += AMX_COLUMNS) {
        const char *panel = const_row_of(o->weights.panels, j / AMX_COLUMNS, panel_bytes);
        amx_columns *here = &columns[j / AMX_COLUMNS % 2]; /* the job may still need the other one */
        amx_set_columns(here, o, j);
        p.column_tiles = (here->count + 15) / 16;
        for (amx_chunk c = first;; amx_next_chunk(block, &first, &c)) {
            const bool is_end = c.is_last && j + AMX_COLUMNS >= o->n;
            amx_set_chunk(&p, block, &c, panel);
            for (int64_t t = 0; t < block->count; t += together) {
                const row_tile *tile = &block->tiles[t];
                const int64_t tiles = min_s64(together, block->count - t);
                char *waiting = row_of(block->accumulators, t, tile_bytes);
                p.rows = tile->src + c.step * p.src_step;
                p.lower = tiles == 2 ? tile[1].src : NULL;
                p.tail = c.is_last && block->tail != NULL ? block->tail + tile->first * block->tail_stride : NULL;
                p.init = !c.is_first ? waiting : here->form == AMX_CALLED ? (const char *) row_block_start(o, j) : NULL;
                p.init_stride = c.is_first ? 0 : AMX_PANEL_STRIDE;
                p.ahead = p.panel + chunk_lines * 64 + t * p.all_steps * ahead_lines * 64;
                p.ahead_lines = is_end ? 0 : ahead_lines;
                p.sums = c.is_last ? sums[turn % 2] : waiting;
                amx_run_form(product, tiles, &p, &job, &pending);
                job.tile = job.end;
                if (c.is_last) {
                    if (o->weights.zero_points != NULL) {
                        amx_flush(&pending);
                    }
                    for (int64_t i = 0; o->weights.zero_points != NULL && i < tiles; i++) {
                        row_block_subtract(kernel, o, block, tile + i, j,
                                           (int32_t *) (void *) (p.sums + i * AMX_SUMS_BYTES));
                    }
                    job.tile = tile;
                    job.end = tile + tiles;
                    job.columns = here;
                    job.sums = p.sums;
                    turn++;
                }
            }
            if (c.is_last) {
                break;
            }
        }
    }
    amx_flush(&pending);
    amx_job_finish(&job);
}

/* A kernel's functions: one tile alone, for sums of rows, and a block. */
#define AMX_GEMM(name, product)                                                                                        \
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
            .run_offsets = t->run_offsets,                                                                             \
            .panel = t->panel,                                                                                         \
            .panel_step = t->src_step / 4 * AMX_PANEL_STRIDE,                                                          \
            .column_tiles = (t->columns + 15) / 16,                                                                    \
            .init = t->init,                                                                                           \
            .sums = t->acc,                                                                                            \
        };                                                                                                             \
        char *pending = NULL;                                                                                          \
        amx_multiply_tile(product, AMX_CALLED, &p, &nothing, &pending);                                                \
        amx_flush(&pending);                                                                                           \
    }                                                                                                                  \
    static void multiply_##name(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {                 \
        amx_multiply(product, kernel, o, block);                                                                       \
    }

#endif
