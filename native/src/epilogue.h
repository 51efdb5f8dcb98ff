/* What happens to accumulators on their way to the destination. */
#ifndef TERSOR_EPILOGUE_H
#define TERSOR_EPILOGUE_H

#include <stdbool.h>
#include <stdint.h>

#include "tersor.h"

/* Arrays point at the first column of the destination. lo and hi already include the bounds of an 8-bit type. */
typedef struct epilogue {
    const float *multiplier;
    const float *offset; /* NULL: none */
    float lo;
    float hi;
    bool clamps; /* false: a NaN stays one; always true for an 8-bit destination */
    int32_t zero_point;
} epilogue;

/* Columns [first, first + columns) of `rows` rows: acc stands at (0, first), dst at (0, 0). acc_stride counts elements,
 * dst_stride bytes. */
typedef void epilogue_function(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                               int64_t columns, void *dst, int64_t dst_stride);

typedef struct epilogue_functions {
    epilogue_function *s32, *f32, *u8, *s8;
    epilogue_function *f32_from_f32; /* acc is float; r = acc + offset, clamped */
} epilogue_functions;

extern const epilogue_functions epilogue__portable, epilogue__avx2, epilogue__avx512_vnni;

tersor_status epilogue_prepare(int64_t n, const float *multiplier, const float *offset, float lo, float hi,
                               tersor_type dst_type, int32_t dst_zero_point, epilogue *e);

/* The same for the f32 kernels, whose only array is the bias. */
tersor_status epilogue_prepare_f32(int64_t n, const float *bias, float lo, float hi, epilogue *e);

epilogue_function *epilogue_select(const epilogue_functions *functions, tersor_type dst_type);

#endif
