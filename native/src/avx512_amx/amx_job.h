/* Results of a pass that are stored between the k steps of the next one. */
#ifndef TERSOR_AMX_JOB_H
#define TERSOR_AMX_JOB_H

#include "amx_form.h"

enum { AMX_COPY_BYTES = AMX_TILE_ROWS * 64 };

/* What a pass has left to store: the kept rows of the tiles [tile, end), whose sums follow one another. */
typedef struct amx_job {
    const gemm_operands *o;
    const float *scales; /* of the block's rows, or NULL */
    const row_tile *tile, *end;
    const amx_columns *columns;
    const char *sums;
} amx_job;

/* The job's columns, loaded once for a pass. */
#if defined(TERSOR_EMULATION)
typedef int amx_results;
ALWAYS_INLINE amx_results amx_results_of(amx_form form, const amx_job *job) {
    (void) form;
    (void) job;
    return 0;
}
#else
typedef result_columns amx_results;
ALWAYS_INLINE amx_results amx_results_of(amx_form form, const amx_job *job) {
    return form == AMX_CALLED ? (amx_results){0} : job->columns->results;
}
#endif

/*
 * Where a job stands: in a piece of kept rows of a tile. Rows of a residual that are narrower than a vector are copied when
 * a piece begins: where they are those of the destination, a load behind the store of the row before would wait for it
 * (24 columns: 3 times as long).
 */
typedef struct amx_cursor {
    const row_tile *tile;
    int64_t piece; /* 0 or 1 */
    int64_t rows;  /* left of it */
    const char *sums, *tile_sums;
    char *to;
    const char *residual;
    int64_t residual_stride;
} amx_cursor;

ALWAYS_INLINE void amx_cursor_enter(amx_form form, amx_width width, amx_cursor *c, const amx_job *job, char *copy) {
    const row_tile *tile = c->tile;
    const int64_t row = tile->dst_row + (c->piece == 0 ? 0 : tile->kept);
    c->rows = c->piece == 0 ? tile->kept : tile->second_kept;
    c->sums = c->tile_sums + (c->piece == 0 ? tile->skip : tile->second_at) * amx_stride(width);
    c->to = row_of(job->o->dst, row, job->o->dst_stride);
    c->residual = job->o->residual == NULL ? NULL : const_row_of(job->o->residual, row, job->o->residual_stride);
    c->residual_stride = job->o->residual_stride;
#if !defined(TERSOR_EMULATION)
    if (form == AMX_BYTES_ANY_ADDED) {
        const amx_columns *columns = job->columns;
        for (int64_t i = 0; i < c->rows; i++) {
            result_copy(&columns->results, c->residual + i * c->residual_stride + columns->first, copy + i * 64);
        }
        c->residual = copy - columns->first;
        c->residual_stride = 64;
    }
#endif
    (void) form;
    (void) copy;
}

/* `copy`: room for the rows of a tile. */
ALWAYS_INLINE amx_cursor amx_cursor_of(amx_form form, amx_width width, const amx_job *job, char *copy) {
    amx_cursor c = {.tile = job->tile, .tile_sums = job->sums};
    if (c.tile != job->end) {
        amx_cursor_enter(form, width, &c, job, copy);
    }
    return c;
}

/* To the next piece. */
ALWAYS_INLINE void amx_cursor_move(amx_form form, amx_width width, amx_cursor *c, const amx_job *job, char *copy) {
    if (c->piece == 0 && c->tile->second_kept > 0) {
        c->piece = 1;
    } else {
        c->piece = 0;
        c->tile++;
        c->tile_sums += amx_sums_bytes(width);
        if (c->tile == job->end) {
            return;
        }
    }
    amx_cursor_enter(form, width, c, job, copy);
}

/* Which of the block's rows is the next one. */
static inline int64_t amx_cursor_row(amx_width width, const amx_cursor *c) {
    return c->tile->first + (c->sums - c->tile_sums) / amx_stride(width);
}

static inline void amx_store_called(amx_width width, const amx_job *job, const amx_cursor *c, int64_t rows) {
    const gemm_operands *o = job->o;
    const epilogue_tile part = {
        .acc = c->sums,
        .acc_stride = width * AMX_TILE_COLUMNS,
        .rows = rows,
        .first = job->columns->first,
        .columns = job->columns->count,
        .dst = c->to,
        .dst_stride = o->dst_stride,
        .residual = c->residual,
        .residual_stride = o->residual_stride,
        .row_scale = job->scales == NULL ? NULL : job->scales + amx_cursor_row(width, c),
    };
    o->store(o->e, &part);
}

/* Stores the next `rows` rows, which are of one piece. */
ALWAYS_INLINE void amx_job_rows(amx_form form, amx_width width, const amx_results *results, const amx_job *job,
                                amx_cursor *c, int64_t rows) {
    const int64_t dst_stride = job->o->dst_stride;
    if (form == AMX_CALLED) {
        amx_store_called(width, job, c, rows);
    }
#if !defined(TERSOR_EMULATION)
    if (form != AMX_CALLED) {
        const result_form f = amx_result_form(form, width);
        for (int64_t i = 0; i < rows; i++) {
            result_store(f, results, c->sums + i * amx_stride(width),
                         f.residual == RESIDUAL_NONE ? NULL : c->residual + i * c->residual_stride,
                         c->to + i * dst_stride);
        }
    }
#endif
    (void) results;
    c->rows -= rows;
    c->sums += rows * amx_stride(width);
    c->to += rows * dst_stride;
    c->residual = c->residual == NULL ? NULL : c->residual + rows * c->residual_stride;
}

/* Stores up to `rows` rows. */
ALWAYS_INLINE void amx_job_advance(amx_form form, amx_width width, const amx_results *results, const amx_job *job,
                                   amx_cursor *c, char *copy, int64_t rows) {
    while (rows > 0 && c->tile != job->end) {
        const int64_t now = form == AMX_CALLED ? min_s64(rows, c->rows) : 1;
        rows -= now;
        amx_job_rows(form, width, results, job, c, now);
        if (c->rows == 0) {
            amx_cursor_move(form, width, c, job, copy);
        }
    }
}

/* Rows that are stored at a time between the steps: the more, the longer a row takes to begin and the shorter it is. */
ALWAYS_INLINE int64_t amx_job_rows_together(amx_form form) {
    switch (form) {
    case AMX_CALLED:
        return 4; /* a call serves as many in the time of two (GELU: 0.6 of the time) */
    case AMX_GELU:
        return 1;
    default:
        return 2;
    }
}

/* So many rows, without a loop where they are of one piece. */
ALWAYS_INLINE void amx_job_advance_together(amx_form form, amx_width width, const amx_results *results,
                                            const amx_job *job, amx_cursor *c, char *copy) {
    const int64_t rows = amx_job_rows_together(form);
    if (c->rows > rows) {
        amx_job_rows(form, width, results, job, c, rows);
    } else {
        amx_job_advance(form, width, results, job, c, copy, rows);
    }
}

ALWAYS_INLINE void amx_job_store(amx_form form, amx_width width, const amx_job *job) {
    const amx_results results = amx_results_of(form, job);
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_cursor c = amx_cursor_of(form, width, job, copy);
    amx_job_advance(form, width, &results, job, &c, copy, INT64_MAX);
}

/* All of it; then there is nothing left. */
ALWAYS_INLINE void amx_job_finish(amx_product product, amx_width width, amx_job *job) {
    if (job->tile == job->end) {
        return;
    }
#define AMX_STORE_AS(form) amx_job_store(form, width, job)
    AMX_WITH_FORM(product, job->columns->form, AMX_STORE_AS)
#undef AMX_STORE_AS
    job->tile = job->end;
}

#endif
