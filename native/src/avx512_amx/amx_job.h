/* Results of a pass that are stored between the k steps of the next one. */
#ifndef TERSOR_AMX_JOB_H
#define TERSOR_AMX_JOB_H

#include "amx_tile.h"
#include "row_block.h"
#if !defined(TERSOR_EMULATION)
#include "byte_rows.h"
#endif

/* How they are stored: by the epilogue's function, or to 8 bits in place: all columns without clamping, or any. */
typedef enum amx_form { AMX_CALLED, AMX_BYTES, AMX_BYTES_ADDED, AMX_BYTES_ANY, AMX_BYTES_ANY_ADDED } amx_form;

enum {
    AMX_CALLED_ROWS = 4, /* at least, for a call */
    AMX_COPY_BYTES = AMX_TILE_ROWS * AMX_COLUMNS
};

/* A panel's columns of the destination. */
#if defined(TERSOR_EMULATION)
typedef int amx_bytes;
#else
typedef byte_rows_columns amx_bytes;
#endif
typedef struct amx_columns {
    amx_form form;
    int64_t first, count;
    amx_bytes bytes; /* unless the form is AMX_CALLED */
} amx_columns;

/* What a pass has left to store: the kept rows of the tiles [tile, end), whose sums follow one another. */
typedef struct amx_job {
    const gemm_operands *o;
    const float *scales; /* of the block's rows, or NULL */
    const row_tile *tile, *end;
    const amx_columns *columns;
    const char *sums;
} amx_job;

/* Sums that are stored to bytes in place have not been started from the compensation. */
static inline void amx_set_columns(amx_columns *c, const gemm_operands *o, int64_t j) {
    c->form = AMX_CALLED;
    c->first = j;
    c->count = min_s64(AMX_COLUMNS, o->n - j);
#if !defined(TERSOR_EMULATION)
    if (o->weights.zero_points == NULL && byte_rows_serve(o->e)) {
        c->bytes = byte_rows_columns_of(o->e, row_block_start(o, j), j, c->count);
        c->form = c->count == AMX_COLUMNS && !c->bytes.clamps ? AMX_BYTES : AMX_BYTES_ANY;
        c->form += o->e->residual_type == 0 ? 0 : AMX_BYTES_ADDED - AMX_BYTES;
    }
#endif
}

/* Those of the job, loaded once for a pass. */
ALWAYS_INLINE amx_bytes amx_bytes_of(amx_form form, const amx_job *job) {
    return form == AMX_CALLED ? (amx_bytes){0} : job->columns->bytes;
}

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

ALWAYS_INLINE void amx_cursor_enter(amx_form form, amx_cursor *c, const amx_job *job, char *copy) {
    const row_tile *tile = c->tile;
    const int64_t row = tile->dst_row + (c->piece == 0 ? 0 : tile->kept);
    c->rows = c->piece == 0 ? tile->kept : tile->second_kept;
    c->sums = c->tile_sums + (c->piece == 0 ? tile->skip : tile->second_at) * AMX_PANEL_STRIDE;
    c->to = row_of(job->o->dst, row, job->o->dst_stride);
    c->residual = job->o->residual == NULL ? NULL : const_row_of(job->o->residual, row, job->o->residual_stride);
    c->residual_stride = job->o->residual_stride;
#if !defined(TERSOR_EMULATION)
    if (form == AMX_BYTES_ANY_ADDED) {
        const amx_columns *columns = job->columns;
        for (int64_t i = 0; i < c->rows; i++) {
            byte_rows_copy(&columns->bytes, c->residual + i * c->residual_stride + columns->first, copy + i * AMX_COLUMNS);
        }
        c->residual = copy - columns->first;
        c->residual_stride = AMX_COLUMNS;
    }
#endif
    (void) form;
    (void) copy;
}

/* `copy`: room for the rows of a tile. */
ALWAYS_INLINE amx_cursor amx_cursor_of(amx_form form, const amx_job *job, char *copy) {
    amx_cursor c = {.tile = job->tile, .tile_sums = job->sums};
    if (c.tile != job->end) {
        amx_cursor_enter(form, &c, job, copy);
    }
    return c;
}

/* To the next piece. */
ALWAYS_INLINE void amx_cursor_move(amx_form form, amx_cursor *c, const amx_job *job, char *copy) {
    if (c->piece == 0 && c->tile->second_kept > 0) {
        c->piece = 1;
    } else {
        c->piece = 0;
        c->tile++;
        c->tile_sums += AMX_SUMS_BYTES;
        if (c->tile == job->end) {
            return;
        }
    }
    amx_cursor_enter(form, c, job, copy);
}

/* Which of the block's rows is the next one. */
static inline int64_t amx_cursor_row(const amx_cursor *c) {
    return c->tile->first + (c->sums - c->tile_sums) / AMX_PANEL_STRIDE;
}

static inline void amx_store_called(const amx_job *job, const amx_cursor *c, int64_t rows) {
    const gemm_operands *o = job->o;
    const epilogue_tile part = {
        .acc = c->sums,
        .acc_stride = AMX_COLUMNS,
        .rows = rows,
        .first = job->columns->first,
        .columns = job->columns->count,
        .dst = c->to,
        .dst_stride = o->dst_stride,
        .residual = c->residual,
        .residual_stride = o->residual_stride,
        .row_scale = job->scales == NULL ? NULL : job->scales + amx_cursor_row(c),
    };
    o->store(o->e, &part);
}

/* Stores up to `rows` rows. */
ALWAYS_INLINE void amx_job_advance(amx_form form, const amx_bytes *bytes, const amx_job *job, amx_cursor *c,
                                   char *copy, int64_t rows) {
    const gemm_operands *o = job->o;
    (void) bytes;
    while (rows > 0 && c->tile != job->end) {
        const int64_t now = form == AMX_CALLED ? min_s64(rows, c->rows) : 1;
        if (form == AMX_CALLED) {
            amx_store_called(job, c, now);
        }
#if !defined(TERSOR_EMULATION)
        if (form != AMX_CALLED) {
            const byte_rows_form f = {
                .adds = form == AMX_BYTES_ADDED || form == AMX_BYTES_ANY_ADDED,
                .whole = form == AMX_BYTES || form == AMX_BYTES_ADDED,
            };
            byte_rows_store(f, bytes, c->sums, c->residual, c->to);
        }
#endif
        rows -= now;
        c->rows -= now;
        c->sums += now * AMX_PANEL_STRIDE;
        c->to += now * o->dst_stride;
        c->residual = c->residual == NULL ? NULL : c->residual + now * c->residual_stride;
        if (c->rows == 0) {
            amx_cursor_move(form, c, job, copy);
        }
    }
}

ALWAYS_INLINE void amx_job_store(amx_form form, const amx_job *job) {
    const amx_bytes bytes = amx_bytes_of(form, job);
    _Alignas(64) char copy[AMX_COPY_BYTES];
    amx_cursor c = amx_cursor_of(form, job, copy);
    amx_job_advance(form, &bytes, job, &c, copy, INT64_MAX);
}

/* All of it; then there is nothing left. */
static void amx_job_finish(amx_job *job) {
    if (job->tile == job->end) {
        return;
    }
    switch (job->columns->form) {
    case AMX_BYTES:
        amx_job_store(AMX_BYTES, job);
        break;
    case AMX_BYTES_ADDED:
        amx_job_store(AMX_BYTES_ADDED, job);
        break;
    case AMX_BYTES_ANY:
        amx_job_store(AMX_BYTES_ANY, job);
        break;
    case AMX_BYTES_ANY_ADDED:
        amx_job_store(AMX_BYTES_ANY_ADDED, job);
        break;
    default:
        amx_job_store(AMX_CALLED, job);
        break;
    }
    job->tile = job->end;
}

#endif
