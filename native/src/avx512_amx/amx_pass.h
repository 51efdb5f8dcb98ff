/*
 * Passes of the AMX kernels: one or two row tiles times a panel. The results of one are stored between the k steps of the
 * next, so that both take the time of the longer one. What a step loads in tiles of 16 lines has to come from L1 mostly:
 * four multiplications of 16 cycles leave time for no more than about 30 lines from L2.
 */
#ifndef TERSOR_AMX_PASS_H
#define TERSOR_AMX_PASS_H

#include "amx_job.h"
#include "amx_tile.h"

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

ALWAYS_INLINE void amx_load_rows(const amx_pass *p, const char *rows, int64_t stride) {
    if (p->streams) {
        _tile_stream_loadd(4, rows, stride);
    } else {
        _tile_loadd(4, rows, stride);
    }
}

/* One k step of whole panels, or of the column tiles there are. */
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

/* Rows of the job to be stored in a step. */
ALWAYS_INLINE int64_t amx_pace(amx_form form, const amx_pass *p) {
    return form == AMX_CALLED && p->pace < AMX_CALLED_ROWS ? AMX_CALLED_ROWS : p->pace;
}

/* Also stores the results of the job, the pass before, and leaves the last sums in registers, see amx_flush. */
ALWAYS_INLINE void amx_multiply_tile(amx_product product, amx_form form, const amx_pass *p, const amx_job *job,
                                     char **pending) {
    const char *panel = p->panel;
    const amx_bytes bytes = amx_bytes_of(form, job);
    const int64_t pace = amx_pace(form, p);
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
    const int64_t pace = amx_pace(form, p);
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

#endif
