/* The public normalization. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

/* So many are short enough for several rows at a time. */
enum { FEW_COLUMNS = 1024 };

tersor_status tersor_layer_norm(uint32_t isa, tersor_type dst_type, int32_t centered, int64_t rows, int64_t columns,
                                float epsilon, const float *scale, const float *bias, int32_t dst_zero_point,
                                const float *src, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if ((dst_type != TERSOR_F32 && !is_i8(dst_type)) || !(epsilon >= 0)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, dst_zero_point));
    RETURN_IF_ERROR(check_matrix(src, rows, columns, columns, 4));
    RETURN_IF_ERROR(check_matrix(dst, rows, columns, columns, type_bytes(dst_type)));
    if (scale != NULL || bias != NULL || dst_type != TERSOR_F32) {
        RETURN_IF_ERROR(check_vector(scale, columns, 4));
        RETURN_IF_ERROR(check_vector(bias, columns, 4));
    }
    const layer_norm n = {dst_type, centered != 0, columns, epsilon, scale, bias, dst_zero_point};
    /* Each step finds the rows in the first cache. */
    const int64_t step = columns > FEW_COLUMNS ? 1 : LAYER_NORM_ROWS;
    for (int64_t i = 0; columns != 0 && i < rows; i += step) {
        kernels->elementwise->layer_norm_rows(&n, min_s64(step, rows - i), src + i * columns,
                                              row_of(dst, i, columns * type_bytes(dst_type)));
    }
    return TERSOR_OK;
}
