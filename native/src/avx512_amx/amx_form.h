/* How results of AMX multiplications are stored: by the epilogue's function, or in registers between the k steps. */
#ifndef TERSOR_AMX_FORM_H
#define TERSOR_AMX_FORM_H

#include "amx_tile.h"
#include "row_block.h"
#if !defined(TERSOR_EMULATION)
#include "result_rows.h"
#endif

/* In registers: bytes or floats with their residuals. Whole panels without clamping, or any. */
typedef enum amx_form {
    AMX_CALLED,
    AMX_BYTES,
    AMX_BYTES_ADDED,
    AMX_BYTES_ANY,
    AMX_BYTES_ANY_ADDED,
    AMX_GELU,
    AMX_FLOATS,
    AMX_FLOATS_ADDED_BYTES,
    AMX_FLOATS_ADDED
} amx_form;

/* use(form) with a form that is a constant; sums of floats are always stored by calls. */
#define AMX_CASE(name, use)                                                                                            \
    case name:                                                                                                         \
        use(name);                                                                                                     \
        break;
#define AMX_WITH_FORM(product, form, use)                                                                              \
    switch ((product) == AMX_BF16 ? AMX_CALLED : (form)) {                                                             \
        AMX_CASE(AMX_CALLED, use)                                                                                      \
        AMX_CASE(AMX_BYTES, use)                                                                                       \
        AMX_CASE(AMX_BYTES_ADDED, use)                                                                                 \
        AMX_CASE(AMX_BYTES_ANY, use)                                                                                   \
        AMX_CASE(AMX_BYTES_ANY_ADDED, use)                                                                             \
        AMX_CASE(AMX_GELU, use)                                                                                        \
        AMX_CASE(AMX_FLOATS, use)                                                                                      \
        AMX_CASE(AMX_FLOATS_ADDED_BYTES, use)                                                                          \
        AMX_CASE(AMX_FLOATS_ADDED, use)                                                                                \
    }

/* A panel's columns of the destination. */
typedef struct amx_columns {
    amx_form form;
    int64_t first, count;
    bool starts; /* the sums begin with 0 instead of the compensation, which is added when they are stored */
#if !defined(TERSOR_EMULATION)
    result_columns results; /* unless the form is AMX_CALLED */
#endif
} amx_columns;

#if defined(TERSOR_EMULATION)
static inline void amx_set_columns(amx_product product, amx_width width, amx_columns *c, const gemm_operands *o,
                                   const row_block *block, int64_t j) {
    (void) product;
    (void) block;
    *c = (amx_columns){.form = AMX_CALLED, .first = j, .count = min_s64((int64_t) width * AMX_TILE_COLUMNS, o->n - j)};
}
#else
ALWAYS_INLINE result_form amx_result_form(amx_form form, amx_width width) {
    result_form f = {.vectors = width};
    f.any = form == AMX_BYTES_ANY || form == AMX_BYTES_ANY_ADDED;
    f.gelu = form == AMX_GELU;
    f.floats = form >= AMX_FLOATS;
    if (form == AMX_FLOATS_ADDED) {
        f.residual = RESIDUAL_FLOATS;
    } else if (form == AMX_BYTES_ADDED || form == AMX_BYTES_ANY_ADDED || form == AMX_FLOATS_ADDED_BYTES) {
        f.residual = RESIDUAL_BYTES;
    }
    return f;
}

/* The form of int32 sums, of a whole panel or not; bytes may still need clamping. */
static inline amx_form amx_form_of(const epilogue *e, bool whole) {
    const bool adds = e->residual_type != 0, adds_floats = e->residual_type == TERSOR_F32;
    const bool plain = e->function == TERSOR_IDENTITY;
    const bool floats = e->dst_type == TERSOR_F32;
    if (floats && plain && whole) {
        return adds_floats ? AMX_FLOATS_ADDED : adds ? AMX_FLOATS_ADDED_BYTES : AMX_FLOATS;
    }
    if (floats || adds_floats || (e->dst_type != TERSOR_U8 && e->dst_type != TERSOR_S8)) {
        return AMX_CALLED;
    }
    if (e->function == TERSOR_GELU_COARSE && whole && !adds) {
        return AMX_GELU;
    }
    return !plain ? AMX_CALLED : adds ? AMX_BYTES_ADDED : AMX_BYTES;
}

static inline void amx_set_columns(amx_product product, amx_width width, amx_columns *c, const gemm_operands *o,
                                   const row_block *block, int64_t j) {
    c->form = AMX_CALLED;
    c->first = j;
    c->count = min_s64((int64_t) width * AMX_TILE_COLUMNS, o->n - j);
    c->starts = false;
    const bool whole = c->count == (int64_t) width * AMX_TILE_COLUMNS;
    if (product == AMX_BF16 || o->weights.zero_points != NULL || block->scales != NULL) {
        return;
    }
    c->form = amx_form_of(o->e, whole);
    if (c->form == AMX_CALLED) {
        return;
    }
    c->results = result_columns_of(o->e, row_block_start(o, j), j, c->count);
    c->starts = c->form == AMX_BYTES || c->form == AMX_BYTES_ADDED;
    if (c->starts && (!whole || c->results.clamps)) {
        c->form += AMX_BYTES_ANY - AMX_BYTES;
    }
}
#endif

#endif
