/*
 * Passes of the AMX kernels: one or two row tiles times a panel. The results of one are stored between the k steps of
 * the next, so that both take the time of the longer one. What a step loads in tiles of 16 lines has to come from L1
 * mostly: four multiplications of 16 cycles leave time for no more than about 30 lines from L2.
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
    const char *ahead, *ahead_end; /* weights that are needed soon, to be brought into L2 */
    int64_t ahead_groups;          /* of AMX_FETCH_LINES lines in a step */
    int64_t pace;                  /* rows to be stored in a step, in units of 1 / AMX_PACE_UNIT */
    bool streams;                  /* each of the rows' lines is used once, and so kept out of L1 */
    char *sums;
} amx_pass;

/*
 * A tile load takes about 35 of the 384 instruction slots that four multiplications leave: with five of them, two rows
 * of results and what is fetched there is room for hardly more than a few instructions around.
 */
enum { AMX_PACE_UNIT = 65536, AMX_FETCH_LINES = 4 };

#define AMX_STORE(tile, sums) _tile_stored(tile, (sums) + (tile) * 64, amx_stride(width))
#define AMX_START(p, tile)                                                                                             \
    do {                                                                                                               \
        if ((p)->init == NULL) {                                                                                       \
            _tile_zero(tile);                                                                                          \
        } else if ((tile) < (p)->column_tiles) {                                                                       \
            _tile_loadd(tile, (p)->init + (tile) * 64, (p)->init_stride);                                              \
        }                                                                                                              \
    } while (0)

/*
 * The sums of a pass are stored when the next one has loaded its first tiles: so these do not wait behind the stores,
 * which wait for the last sums.
 */
ALWAYS_INLINE void amx_flush(amx_width width, char **pending) {
    if (*pending != NULL) {
        AMX_STORE(0, *pending);
        AMX_STORE(1, *pending);
        AMX_STORE(2, *pending);
        if (width > 3) {
            AMX_STORE(3, *pending);
        }
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
ALWAYS_INLINE void amx_step(amx_product product, amx_width width, const amx_pass *p, const char *rows, int64_t stride,
                            const char *panel) {
    amx_load_rows(p, rows, stride);
    _tile_loadd(6, panel, amx_stride(width));
    if (p->column_tiles == width) {
        _tile_loadd(7, panel + 64, amx_stride(width));
        AMX_DOT(product, 0, 4, 6);
        _tile_loadd(6, panel + 128, amx_stride(width));
        AMX_DOT(product, 1, 4, 7);
        if (width > 3) {
            _tile_loadd(7, panel + 192, amx_stride(width));
        }
        AMX_DOT(product, 2, 4, 6);
        if (width > 3) {
            AMX_DOT(product, 3, 4, 7);
        }
        return;
    }
    AMX_DOT(product, 0, 4, 6);
    if (p->column_tiles > 1) {
        _tile_loadd(7, panel + 64, amx_stride(width));
        AMX_DOT(product, 1, 4, 7);
    }
    if (p->column_tiles > 2) {
        _tile_loadd(6, panel + 128, amx_stride(width));
        AMX_DOT(product, 2, 4, 6);
    }
}

/* The first step, which also starts the sums. */
ALWAYS_INLINE void amx_first_step(amx_product product, amx_width width, const amx_pass *p, const char *rows,
                                  char **pending) {
    if (p->column_tiles < width || *pending == NULL) {
        amx_flush(width, pending);
        AMX_START(p, 0);
        AMX_START(p, 1);
        AMX_START(p, 2);
        AMX_START(p, 3);
        amx_step(product, width, p, rows, p->src_stride, p->panel);
        return;
    }
    amx_load_rows(p, rows, p->src_stride);
    _tile_loadd(6, p->panel, amx_stride(width));
    _tile_loadd(7, p->panel + 64, amx_stride(width));
    AMX_STORE(0, *pending);
    AMX_START(p, 0);
    AMX_DOT(product, 0, 4, 6);
    _tile_loadd(6, p->panel + 128, amx_stride(width));
    AMX_STORE(1, *pending);
    AMX_START(p, 1);
    AMX_DOT(product, 1, 4, 7);
    if (width > 3) {
        _tile_loadd(7, p->panel + 192, amx_stride(width));
    }
    AMX_STORE(2, *pending);
    AMX_START(p, 2);
    AMX_DOT(product, 2, 4, 6);
    if (width > 3) {
        AMX_STORE(3, *pending);
        AMX_START(p, 3);
        AMX_DOT(product, 3, 4, 7);
    }
    *pending = NULL;
}

/* What else is done between the steps: lines to be fetched, and results of the pass before. */
typedef struct amx_beside {
    const char *line;
    amx_cursor cursor;
    int64_t due; /* rows, in units of 1 / AMX_PACE_UNIT */
} amx_beside;

ALWAYS_INLINE void amx_fetch(const amx_pass *p, amx_beside *beside) {
    for (int64_t i = p->ahead_groups; i > 0 && beside->line < p->ahead_end; i--) {
        UNROLL(4)
        for (int l = 0; l < AMX_FETCH_LINES; l++) {
            __builtin_prefetch(beside->line + l * 64, 0, 2);
        }
        beside->line += AMX_FETCH_LINES * 64;
    }
}

/* What is due after a step. */
ALWAYS_INLINE void amx_do_beside(amx_form form, amx_width width, const amx_results *results, const amx_pass *p,
                                 const amx_job *job, amx_beside *beside, char *copy) {
    const int64_t together = amx_job_rows_together(form) * AMX_PACE_UNIT;
    amx_fetch(p, beside);
    beside->due += p->pace;
    while (beside->due >= together) {
        beside->due -= together;
        amx_job_advance_together(form, width, results, job, &beside->cursor, copy);
    }
}

/* Also stores the results of the job, the pass before, and leaves the last sums in registers, see amx_flush. */
ALWAYS_INLINE void amx_multiply_tile(amx_product product, amx_form form, amx_width width, const amx_pass *p,
                                     const amx_job *job, char **pending) {
    const amx_results results = amx_results_of(form, job);
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_beside beside = {.line = p->ahead, .cursor = amx_cursor_of(form, width, job, copy)};
    const char *panel = p->panel;
    const int64_t src_step = p->src_step, panel_step = p->panel_step, src_stride = p->src_stride;
    if (p->all_steps > 0) {
        const int64_t *offset = p->run_offsets;
        const char *rows = p->rows + *offset;
        int64_t left = p->steps;
        amx_first_step(product, width, p, rows, pending);
        for (int64_t step = p->all_steps;;) {
            amx_do_beside(form, width, &results, p, job, &beside, copy);
            if (--step == 0) {
                break;
            }
            rows += src_step;
            panel += panel_step;
            if (--left == 0) {
                left = p->steps;
                rows = p->rows + *++offset;
            }
            amx_step(product, width, p, rows, src_stride, panel);
        }
        panel += panel_step;
    } else {
        amx_flush(width, pending);
        AMX_START(p, 0);
        AMX_START(p, 1);
        AMX_START(p, 2);
        AMX_START(p, 3);
    }
    if (p->tail != NULL) {
        amx_step(product, width, p, p->tail, p->tail_stride, panel);
    }
    amx_job_advance(form, width, &results, job, &beside.cursor, copy, INT64_MAX);
    if (p->column_tiles == width) {
        *pending = p->sums;
        return;
    }
    AMX_STORE(0, p->sums);
    if (p->column_tiles > 1) {
        AMX_STORE(1, p->sums);
    }
    if (p->column_tiles > 2) {
        AMX_STORE(2, p->sums);
    }
}

/* Half of a panel of 4 column tiles. */
enum { AMX_HALF_STRIDE = 128 };

/* One k step of two row tiles and 32 columns. */
ALWAYS_INLINE void amx_square_step(amx_product product, const amx_pass *p, const char *rows, const char *lower,
                                   const char *panel) {
    _tile_loadd(6, panel, amx_stride(4));
    _tile_loadd(7, panel + 64, amx_stride(4));
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

/* Two row tiles and a panel of 4 column tiles, by its halves; there is no tail. Also stores the results of the job. */
ALWAYS_INLINE void amx_multiply_square(amx_product product, amx_form form, const amx_pass *p, const amx_job *job) {
    const amx_results results = amx_results_of(form, job);
    const int64_t halves = (p->column_tiles + 1) / 2;
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_beside beside = {.line = p->ahead, .cursor = amx_cursor_of(form, 4, job, copy)};
    for (int64_t at = 0; at < halves * AMX_HALF_STRIDE; at += AMX_HALF_STRIDE) {
        const char *panel = p->panel + at;
        amx_square_start(p, at);
        for (int64_t run = 0; run < p->runs; run++) {
            const char *rows = p->rows + p->run_offsets[run], *lower = p->lower + p->run_offsets[run];
            for (int64_t s = 0; s < p->steps; s++) {
                amx_square_step(product, p, rows, lower, panel);
                amx_do_beside(form, 4, &results, p, job, &beside, copy);
                rows += p->src_step;
                lower += p->src_step;
                panel += p->panel_step;
            }
        }
        if (at + AMX_HALF_STRIDE >= halves * AMX_HALF_STRIDE) {
            amx_job_advance(form, 4, &results, job, &beside.cursor, copy, INT64_MAX);
        }
        char *out = p->sums + at;
        _tile_stored(0, out, amx_stride(4));
        _tile_stored(1, out + 64, amx_stride(4));
        _tile_stored(2, out + amx_sums_bytes(4), amx_stride(4));
        _tile_stored(3, out + amx_sums_bytes(4) + 64, amx_stride(4));
    }
}

/* A pass over one row tile, or two. */
ALWAYS_INLINE void amx_run(amx_product product, amx_form form, amx_width width, int64_t tiles, const amx_pass *p,
                           const amx_job *job, char **pending) {
    if (width == 4 && tiles == 2) {
        amx_flush(width, pending);
        amx_multiply_square(product, form, p, job);
    } else {
        amx_multiply_tile(product, form, width, p, job, pending);
    }
}

ALWAYS_INLINE void amx_run_form(amx_product product, amx_width width, int64_t tiles, const amx_pass *p,
                                const amx_job *job, char **pending) {
    const amx_form form = job->tile == job->end ? AMX_CALLED : job->columns->form;
#define AMX_RUN_AS(name) amx_run(product, name, width, tiles, p, job, pending)
    AMX_WITH_FORM(product, form, AMX_RUN_AS)
#undef AMX_RUN_AS
}

#endif
