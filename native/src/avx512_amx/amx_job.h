/* Results of a pass that are stored between the k steps of the next one. */
#ifndef TERSOR_AMX_JOB_H
#define TERSOR_AMX_JOB_H

#include "amx_tile.h"
#include "row_block.h"
#if !defined(TERSOR_EMULATION)
#include "avx512_vnni/byte_rows.h"
#endif

/* How they are stored: by the epilogue's function, or to 8 bits in place: as usual, without or with a residual, or not. */
typedef enum amx_form { AMX_CALLED, AMX_BYTES, AMX_BYTES_ADDED, AMX_BYTES_ANY, AMX_BYTES_ANY_ADDED } amx_form;

enum { AMX_MAX_PIECES = 4, AMX_CALLED_ROWS = 4 /* at least, for a call */ };

/* Kept rows: where their sums begin, and their places at column 0. */
typedef struct amx_piece {
    int64_t sums, rows;
    char *dst;
    const char *residual;
    const float *row_scale;
} amx_piece;

/* Those of one or two row tiles. */
typedef struct amx_rows {
    int64_t kept, count;
    amx_piece pieces[AMX_MAX_PIECES];
} amx_rows;

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

/* What a pass has left to store. */
typedef struct amx_job {
    const gemm_operands *o;
    const amx_rows *rows; /* NULL: nothing */
    const amx_columns *columns;
    const char *sums;
} amx_job;

ALWAYS_INLINE void amx_add_piece(amx_rows *r, const gemm_operands *o, const row_block *block, const row_tile *tile,
                                 int64_t sums, int64_t rows, int64_t dst_row) {
    amx_piece *piece = &r->pieces[r->count++];
    piece->sums = sums;
    piece->rows = rows;
    piece->dst = row_of(o->dst, dst_row, o->dst_stride);
    piece->residual = o->residual == NULL ? NULL : const_row_of(o->residual, dst_row, o->residual_stride);
    piece->row_scale = block->scales == NULL ? NULL : block->scales + tile->first + tile->skip;
    r->kept += rows;
}

/* One tile, or two whose sums follow one another. */
ALWAYS_INLINE void amx_set_rows(amx_rows *r, const gemm_operands *o, const row_block *block, const row_tile *tile,
                                int64_t tiles) {
    r->kept = 0;
    r->count = 0;
    for (int64_t sums = 0; sums < tiles * AMX_TILE_ROWS; sums += AMX_TILE_ROWS, tile++) {
        amx_add_piece(r, o, block, tile, sums + tile->skip, tile->kept, tile->dst_row);
        if (tile->second_kept > 0) {
            amx_add_piece(r, o, block, tile, sums + tile->second_at, tile->second_kept, tile->dst_row + tile->kept);
        }
    }
}

/* Sums that are stored to bytes in place have not been started from the compensation. */
static inline void amx_set_columns(amx_columns *c, const gemm_operands *o, int64_t j) {
    c->form = AMX_CALLED;
    c->first = j;
    c->count = min_s64(AMX_COLUMNS, o->n - j);
#if !defined(TERSOR_EMULATION)
    if (o->weights.zero_points == NULL && byte_rows_serve(o->e)) {
        c->bytes = byte_rows_columns_of(o->e, row_block_start(o, j), j, c->count);
        c->form = c->bytes.usual ? AMX_BYTES : AMX_BYTES_ANY;
        c->form += o->e->residual_type == 0 ? 0 : AMX_BYTES_ADDED - AMX_BYTES;
    }
#endif
}

/* Those of the job, loaded once for a pass. */
ALWAYS_INLINE amx_bytes amx_bytes_of(amx_form form, const amx_job *job) {
    return form == AMX_CALLED ? (amx_bytes){0} : job->columns->bytes;
}

/* Where a job stands. */
typedef struct amx_cursor {
    const amx_piece *piece, *end;
    int64_t rows; /* left of the piece */
    const char *sums;
    char *to;
    const char *residual;
} amx_cursor;

ALWAYS_INLINE void amx_cursor_enter(amx_cursor *c, const amx_job *job) {
    const amx_piece *piece = c->piece;
    c->rows = piece->rows;
    c->sums = job->sums + piece->sums * AMX_PANEL_STRIDE;
    c->to = piece->dst;
    c->residual = piece->residual;
}

ALWAYS_INLINE amx_cursor amx_cursor_of(const amx_job *job) {
    amx_cursor c = {0};
    if (job->rows != NULL) {
        c.piece = job->rows->pieces;
        c.end = c.piece + job->rows->count;
        amx_cursor_enter(&c, job);
    }
    return c;
}

/* Rows to be stored in each of so many steps. */
ALWAYS_INLINE int64_t amx_job_pace(amx_form form, const amx_job *job, int64_t steps) {
    const int64_t rows = job->rows == NULL ? 0 : job->rows->kept;
    const int64_t pace = steps == 0 ? 0 : (rows + steps - 1) / steps;
    return form == AMX_CALLED && pace < AMX_CALLED_ROWS ? AMX_CALLED_ROWS : pace;
}

static inline void amx_store_called(const amx_job *job, const amx_cursor *c, int64_t rows) {
    const gemm_operands *o = job->o;
    const float *row_scale = c->piece->row_scale;
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
        .row_scale = row_scale == NULL ? NULL : row_scale + (c->piece->rows - c->rows),
    };
    o->store(o->e, &part);
}

/* Stores up to `rows` rows. */
ALWAYS_INLINE void amx_job_advance(amx_form form, const amx_bytes *bytes, const amx_job *job, amx_cursor *c,
                                   int64_t rows) {
    const gemm_operands *o = job->o;
    (void) bytes;
    while (rows > 0 && c->piece != c->end) {
        const int64_t now = form == AMX_CALLED ? min_s64(rows, c->rows) : 1;
        if (form == AMX_CALLED) {
            amx_store_called(job, c, now);
        }
#if !defined(TERSOR_EMULATION)
        if (form != AMX_CALLED) {
            const byte_rows_form f = {
                .adds = form == AMX_BYTES_ADDED || form == AMX_BYTES_ANY_ADDED,
                .usual = form == AMX_BYTES || form == AMX_BYTES_ADDED,
            };
            byte_rows_store(f, bytes, c->sums, c->residual, c->to);
        }
#endif
        rows -= now;
        c->rows -= now;
        c->sums += now * AMX_PANEL_STRIDE;
        c->to += now * o->dst_stride;
        c->residual = c->residual == NULL ? NULL : c->residual + now * o->residual_stride;
        if (c->rows == 0 && ++c->piece != c->end) {
            amx_cursor_enter(c, job);
        }
    }
}

ALWAYS_INLINE void amx_job_store(amx_form form, const amx_job *job) {
    const amx_bytes bytes = amx_bytes_of(form, job);
    amx_cursor c = amx_cursor_of(job);
    amx_job_advance(form, &bytes, job, &c, INT64_MAX);
}

/* All of it; then there is nothing left. */
static void amx_job_finish(amx_job *job) {
    if (job->rows == NULL) {
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
    job->rows = NULL;
}

#endif
