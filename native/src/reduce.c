/* The public reductions and softmax. */
#include <math.h>

#include "check.h"
#include "compiler.h"
#include "kernels.h"

float real_finished(double sum, int64_t count, tersor_reduction kind) {
    return (float) (kind == TERSOR_REDUCE_MEAN ? sum / (double) count : kind == TERSOR_REDUCE_L2 ? sqrt(sum) : sum);
}

static float reduce_run(const reductions *r, tersor_reduction kind, const float *x, int64_t count) {
    switch (kind) {
    case TERSOR_REDUCE_MAX:
        return r->max(x, count);
    case TERSOR_REDUCE_MIN:
        return r->min(x, count);
    case TERSOR_REDUCE_L1:
        return real_finished(r->magnitudes(x, count), count, kind);
    case TERSOR_REDUCE_L2:
    case TERSOR_REDUCE_SUM_SQUARE:
        return real_finished(r->squares(x, count), count, kind);
    default:
        return real_finished(r->sum(x, count), count, kind);
    }
}

tersor_status tersor_reduce(uint32_t isa, tersor_reduction kind, int64_t outer, int64_t count, int64_t inner,
                            const float *src, float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (kind < 0 || kind > TERSOR_REDUCE_SUM_SQUARE) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (outer < 0 || count < 0 || inner < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t factors[] = {outer, inner, count};
    int64_t results, elements;
    RETURN_IF_ERROR(checked_product(factors, 2, &results));
    RETURN_IF_ERROR(checked_product(factors, 3, &elements));
    RETURN_IF_ERROR(check_floats(src, elements));
    RETURN_IF_ERROR(check_floats(dst, results));
    for (int64_t o = 0; o < outer; o++) {
        const float *from = src + o * count * inner;
        float *to = dst + o * inner;
        if (inner == 1) {
            *to = reduce_run(&kernels->real->rows, kind, from, count);
            continue;
        }
        for (int64_t i = 0; i < inner; i += REDUCE_COLUMNS) {
            kernels->real->reduce_columns(from + i, count, inner, min_s64(REDUCE_COLUMNS, inner - i), kind, to + i);
        }
    }
    return TERSOR_OK;
}

tersor_status tersor_extremes(uint32_t isa, int64_t count, const float *src, float *range) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_floats(src, count));
    RETURN_IF_ERROR(check_floats(range, 2));
    kernels->real->rows.extremes(src, count, range);
    return TERSOR_OK;
}

tersor_status tersor_softmax(uint32_t isa, int32_t logarithm, int64_t rows, int64_t columns, const float *src,
                             float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (rows < 0 || columns < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t factors[] = {rows, columns};
    int64_t elements;
    RETURN_IF_ERROR(checked_product(factors, 2, &elements));
    RETURN_IF_ERROR(check_floats(src, elements));
    RETURN_IF_ERROR(check_floats(dst, elements));
    softmax_function *function = logarithm ? kernels->real->log_softmax : kernels->real->softmax;
    for (int64_t row = 0; columns != 0 && row < rows; row += SOFTMAX_ROWS) {
        function(src + row * columns, min_s64(SOFTMAX_ROWS, rows - row), columns, dst + row * columns);
    }
    return TERSOR_OK;
}
