/*
 * All tiles of a block times all panels on AMX. A pass multiplies two row tiles by the 32 columns of a panel: four tile
 * loads for four multiplications of 16 cycles, which is what L1 can feed. Between the k steps of a pass the results of
 * the one before are stored, so that both take the time of the longer one (64 x 512 x 128: 0.8 of the time of
 * doing one after the other).
 *
 * A row tile that is left alone has but two sums in flight, too few for a latency of 52 cycles: it takes the other two for
 * every second k step.
 */
#ifndef TERSOR_AMX_BLOCK_H
#define TERSOR_AMX_BLOCK_H

#include "amx_job.h"
#include "amx_tile.h"
#include "row_block.h"

enum { AMX_GROUP_BYTES = 32 * 1024 /* of panels */ };

typedef struct amx_pass {
    const char *top, *bottom, *top_tail, *bottom_tail; /* rows of the two tiles, and their last step or NULL */
    int64_t src_stride, src_step, tail_stride;
    int64_t runs, steps, all_steps;
    const int64_t *run_offsets;
    const char *panel;
    int64_t panel_step;
    const char *init;
    const char *ahead; /* weights that are needed soon, to be brought into L2: so many lines in a step */
    int64_t ahead_lines;
    int32_t *sums;
} amx_pass;

ALWAYS_INLINE void amx_fetch(const amx_pass *p, int64_t step) {
    const char *line = p->ahead + step * p->ahead_lines * 64;
    for (int64_t i = 0; i < p->ahead_lines; i++, line += 64) {
        __builtin_prefetch(line, 0, 2);
    }
}

/* One k step of two row tiles. */
ALWAYS_INLINE void amx_pair_step(amx_product product, const char *top, const char *bottom, int64_t stride,
                                 const char *panel) {
    _tile_loadd(6, panel, AMX_PANEL_STRIDE);
    _tile_loadd(7, panel + 64, AMX_PANEL_STRIDE);
    _tile_loadd(4, top, stride);
    AMX_DOT(product, 0, 4, 6);
    AMX_DOT(product, 1, 4, 7);
    _tile_loadd(5, bottom, stride);
    AMX_DOT(product, 2, 5, 6);
    AMX_DOT(product, 3, 5, 7);
}

ALWAYS_INLINE void amx_pair(amx_product product, amx_form form, bool starts, const amx_pass *p, const amx_job *job) {
    const char *panel = p->panel;
    const amx_columns columns = amx_columns_of(form, job);
    const int64_t pace = amx_job_pace(form, job, p->all_steps);
    amx_cursor cursor = amx_cursor_of(job);
    int64_t step = 0;
    if (starts) {
        _tile_loadd(0, p->init, 0);
        _tile_loadd(1, p->init + 64, 0);
        _tile_loadd(2, p->init, 0);
        _tile_loadd(3, p->init + 64, 0);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    for (int64_t run = 0; run < p->runs; run++) {
        const char *top = p->top + p->run_offsets[run], *bottom = p->bottom + p->run_offsets[run];
        for (int64_t s = 0; s < p->steps; s++) {
            amx_pair_step(product, top, bottom, p->src_stride, panel);
            amx_fetch(p, step++);
            amx_job_advance(form, &columns, job, &cursor, pace);
            top += p->src_step;
            bottom += p->src_step;
            panel += p->panel_step;
        }
    }
    if (p->top_tail != NULL) {
        amx_pair_step(product, p->top_tail, p->bottom_tail, p->tail_stride, panel);
    }
    amx_job_advance(form, &columns, job, &cursor, INT64_MAX);
    char *out = (char *) p->sums;
    _tile_stored(0, out, AMX_PANEL_STRIDE);
    _tile_stored(1, out + 64, AMX_PANEL_STRIDE);
    _tile_stored(2, out + AMX_TILE_ROWS * AMX_PANEL_STRIDE, AMX_PANEL_STRIDE);
    _tile_stored(3, out + AMX_TILE_ROWS * AMX_PANEL_STRIDE + 64, AMX_PANEL_STRIDE);
}

#define AMX_SINGLE_STEP(product, left, right, row, stride, panel)                                                      \
    do {                                                                                                               \
        _tile_loadd(4, row, stride);                                                                                   \
        _tile_loadd(6, panel, AMX_PANEL_STRIDE);                                                                       \
        AMX_DOT(product, left, 4, 6);                                                                                  \
        _tile_loadd(7, (panel) + 64, AMX_PANEL_STRIDE);                                                                \
        AMX_DOT(product, right, 4, 7);                                                                                 \
    } while (0)

/* `rows` of sums += those of the odd steps. */
ALWAYS_INLINE void amx_add_odd(amx_product product, void *sums, const void *odd, int64_t rows) {
    uint32_t *integers = sums;
    float *floats = sums;
    for (int64_t i = 0; i < rows * AMX_COLUMNS; i++) {
        if (product == AMX_BF16) {
            floats[i] += ((const float *) odd)[i];
        } else {
            integers[i] += ((const uint32_t *) odd)[i];
        }
    }
}

/* One row tile, whose sums are those of the top tiles. */
ALWAYS_INLINE void amx_single(amx_product product, bool starts, const amx_pass *p, int64_t rows) {
    _Alignas(64) int32_t odd[AMX_TILE_ROWS * AMX_COLUMNS];
    const char *panel = p->panel;
    int64_t step = 0;
    _tile_zero(2);
    _tile_zero(3);
    if (starts) {
        _tile_loadd(0, p->init, 0);
        _tile_loadd(1, p->init + 64, 0);
    } else {
        _tile_zero(0);
        _tile_zero(1);
    }
    for (int64_t run = 0; run < p->runs; run++) {
        const char *row = p->top + p->run_offsets[run];
        for (int64_t s = 0; s < p->steps; s++, row += p->src_step, panel += p->panel_step) {
            if (step % 2 == 0) {
                AMX_SINGLE_STEP(product, 0, 1, row, p->src_stride, panel);
            } else {
                AMX_SINGLE_STEP(product, 2, 3, row, p->src_stride, panel);
            }
            amx_fetch(p, step++);
        }
    }
    if (p->top_tail != NULL) {
        AMX_SINGLE_STEP(product, 2, 3, p->top_tail, p->tail_stride, panel);
    }
    _tile_stored(0, p->sums, AMX_PANEL_STRIDE);
    _tile_stored(1, p->sums + 16, AMX_PANEL_STRIDE);
    _tile_stored(2, odd, AMX_PANEL_STRIDE);
    _tile_stored(3, odd + 16, AMX_PANEL_STRIDE);
    amx_add_odd(product, p->sums, odd, rows);
}

/* What all passes of a block have in common. */
ALWAYS_INLINE amx_pass amx_pass_of(const row_block *block) {
    static const int64_t no_offset = 0;
    return (amx_pass){
        .src_stride = block->src_stride,
        .src_step = block->src_step,
        .tail_stride = block->tail_stride,
        .runs = block->runs,
        .steps = block->steps,
        .all_steps = block->runs * block->steps,
        .run_offsets = block->run_offsets == NULL ? &no_offset : block->run_offsets,
        .panel_step = block->src_step / 4 * AMX_PANEL_STRIDE,
    };
}

static const char *amx_tail(const row_block *block, const row_tile *rows) {
    return block->tail == NULL ? NULL : block->tail + rows->first * block->tail_stride;
}

ALWAYS_INLINE void amx_pass_set_rows(amx_pass *p, const row_block *block, const amx_rows *rows) {
    p->top = rows->top->src;
    p->top_tail = amx_tail(block, rows->top);
    if (rows->bottom != NULL) {
        p->bottom = rows->bottom->src;
        p->bottom_tail = amx_tail(block, rows->bottom);
    }
}

/* `starts`: sums start from the compensation, as forms that do not add it later need. */
ALWAYS_INLINE void amx_run_pair(amx_product product, amx_form form, bool starts, const amx_pass *p, const amx_job *job) {
    if (starts) {
        amx_pair(product, form, true, p, job);
    } else {
        amx_pair(product, form, false, p, job);
    }
}

/* A panel's pass, which stores the results of the job, the pass before. */
ALWAYS_INLINE void amx_run(amx_product product, bool starts, const amx_rows *rows, amx_pass *p, amx_job *job,
                           amx_form form) {
    if (rows->bottom == NULL) {
        amx_job_finish(job);
        amx_single(product, starts, p, rows->top->rows);
        return;
    }
    switch (form) {
    case AMX_BYTES:
        amx_run_pair(product, AMX_BYTES, starts, p, job);
        break;
    case AMX_BYTES_ADDED:
        amx_run_pair(product, AMX_BYTES_ADDED, starts, p, job);
        break;
    default:
        amx_run_pair(product, AMX_CALLED, starts, p, job);
        break;
    }
}

/* Where weights have zero points. */
ALWAYS_INLINE void amx_subtract(const gemm_kernel *kernel, const gemm_operands *o, const row_block *block,
                                const amx_rows *rows, int64_t j, int32_t *sums) {
    if (o->weights.zero_points == NULL) {
        return;
    }
    row_block_subtract(kernel, o, block, rows->top, j, sums);
    if (rows->bottom != NULL) {
        row_block_subtract(kernel, o, block, rows->bottom, j, sums + AMX_TILE_ROWS * AMX_COLUMNS);
    }
}

/*
 * Panels in groups that stay in L1: each pair of tiles meets one after the other of a group, so that its own rows come
 * from L2 once for all of them.
 */
ALWAYS_INLINE void amx_multiply(amx_product product, const gemm_kernel *kernel, const gemm_operands *o,
                                row_block *block) {
    _Alignas(64) int32_t sums[2][2 * AMX_TILE_ROWS * AMX_COLUMNS];
    const int64_t pairs = (block->count + 1) / 2, panels = (o->n + AMX_COLUMNS - 1) / AMX_COLUMNS;
    amx_pass p = amx_pass_of(block);
    const int64_t panel_bytes = (p.all_steps + (block->tail != NULL)) * p.panel_step;
    const int64_t fitting = panel_bytes == 0 ? panels : AMX_GROUP_BYTES / panel_bytes;
    const int64_t group = fitting < 1 ? 1 : min_s64(fitting, panels);
    /* The panels of the next group are fetched in equal parts by all passes of this one. */
    const int64_t share = pairs * p.all_steps;
    const int64_t ahead_lines = share == 0 ? 0 : (panel_bytes / 64 + share - 1) / share;
    amx_rows rows[2];
    amx_job job = {.o = o};
    amx_form before = AMX_CALLED;
    int64_t turn = 0;
    int slot = 0;
    row_block_enter(kernel, block, block->tiles[0].rows);
    for (int64_t first = 0; first < panels; first += group) {
        const int64_t end = min_s64(first + group, panels);
        for (int64_t pair = 0; pair < pairs; pair++) {
            amx_rows *now = &rows[slot ^= 1]; /* the job may still need the other one */
            amx_set_rows(now, o, block, 2 * pair);
            amx_pass_set_rows(&p, block, now);
            for (int64_t panel = first; panel < end; panel++) {
                const int64_t j = panel * AMX_COLUMNS;
                const amx_form form = amx_form_of(o, j);
                int32_t *results = sums[turn++ % 2];
                p.panel = (const char *) o->weights.panels + panel * panel_bytes;
                p.ahead = p.panel + group * panel_bytes + pair * p.all_steps * ahead_lines * 64;
                p.ahead_lines = panel + group < panels ? ahead_lines : 0;
                p.init = (const char *) row_block_start(o, j);
                p.sums = results;
                amx_run(product, form == AMX_CALLED, now, &p, &job, before);
                amx_subtract(kernel, o, block, now, j, results);
                job.rows = now;
                job.column = j;
                job.sums = (const char *) results;
                before = form;
            }
        }
    }
    amx_job_finish(&job);
}

/* A kernel's functions: one tile alone, for sums of rows, and a block. */
#define AMX_GEMM(name, product)                                                                                        \
    static void tile_##name(const gemm_tile *t) {                                                                      \
        amx_pass p = {                                                                                                 \
            .top = t->src,                                                                                             \
            .top_tail = t->tail,                                                                                       \
            .src_stride = t->src_stride,                                                                               \
            .src_step = t->src_step,                                                                                   \
            .tail_stride = t->tail_stride,                                                                             \
            .runs = t->runs,                                                                                           \
            .steps = t->steps,                                                                                         \
            .run_offsets = t->run_offsets,                                                                             \
            .panel = t->panel,                                                                                         \
            .panel_step = t->src_step / 4 * AMX_PANEL_STRIDE,                                                          \
            .init = t->init,                                                                                           \
            .sums = t->acc,                                                                                            \
        };                                                                                                             \
        amx_single(product, true, &p, t->rows);                                                                              \
    }                                                                                                                  \
    static void multiply_##name(const gemm_kernel *kernel, const gemm_operands *o, row_block *block) {                 \
        amx_multiply(product, kernel, o, block);                                                                       \
    }

#endif
