/* What happens to accumulators on their way to the destination. */
#ifndef TERSOR_EPILOGUE_INTERNAL_H
#define TERSOR_EPILOGUE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tersor.h"

/* Arrays point at the first column of the destination. lo and hi already include the bounds of an 8-bit type. */
typedef struct epilogue {
    tersor_type dst_type;
    const float *multiplier;
    const float *offset; /* NULL: none */
    float lo;
    float hi;
    bool clamps; /* false: a NaN stays one; always true for an 8-bit destination */
    bool bounded; /* of integer sums to 8 bits: what is rounded lies within int32, whatever the sums are */
    int32_t zero_point;
    tersor_function function;
    float output_scale;
    tersor_type residual_type; /* 0: none */
    int32_t residual_zero_point;
    float residual_multiplier;
} epilogue;

/* Rows to be stored. acc stands at their first row and column, dst and residual at their first row, column 0. */
typedef struct epilogue_tile {
    const void *acc;
    int64_t acc_stride; /* elements */
    int64_t rows;
    int64_t first, columns;
    void *dst;
    int64_t dst_stride; /* bytes */
    const void *residual;
    int64_t residual_stride; /* bytes */
    const float *row_scale;  /* one for each row of integer accumulators, or NULL */
} epilogue_tile;

typedef void epilogue_function(const epilogue *e, const epilogue_tile *t);

typedef struct epilogue_functions {
    epilogue_function *s32, *f32, *bf16, *u8, *s8; /* of int32 accumulators */
    epilogue_function *f32_from_f32, *bf16_from_f32;
} epilogue_functions;

extern const epilogue_functions epilogue__portable, epilogue__avx2, epilogue__avx512_vnni;

/* Checks what the caller says of n columns; residual addresses are not part of it. */
tersor_status epilogue_prepare(int64_t n, const tersor_epilogue *given, bool integer_accumulators, epilogue *e);

epilogue_function *epilogue_select(const epilogue_functions *functions, bool integer_accumulators,
                                   tersor_type dst_type);

/* No row scales and no function: what the kernels of each instruction set do in registers. */
static inline bool epilogue_is_plain(const epilogue *e, const epilogue_tile *t) {
    return t->row_scale == 0 && e->function == TERSOR_IDENTITY;
}

/*
 * To u8 or s8 with no more than a residual of the same, with nothing to clamp before it is rounded: what some kernels do
 * with their sums in registers.
 */
static inline bool epilogue_is_requantization(const epilogue *e) {
    return e->bounded && e->function == TERSOR_IDENTITY && e->residual_type != TERSOR_F32;
}

#endif
