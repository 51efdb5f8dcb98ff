/* The public product of bytes. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

static tersor_status check_operand(int64_t rows, int64_t columns, tersor_type type, int32_t zero_point,
                                   int64_t row_stride, int64_t column_stride, const void *address,
                                   multiply_operand *operand) {
    if (!is_i8(type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(type, zero_point));
    RETURN_IF_ERROR(check_dimension(row_stride));
    if (column_stride != 0 && column_stride != 1) {
        return TERSOR_INVALID_SIZE;
    }
    int64_t bytes = 0;
    if (rows > 0 && columns > 0) {
        RETURN_IF_ERROR(checked_product((const int64_t[]){rows - 1, row_stride}, 2, &bytes));
        bytes += (columns - 1) * column_stride + 1;
    }
    const bool is_signed = type == TERSOR_S8;
    *operand = (multiply_operand){is_signed ? 128 : 0, zero_point + (is_signed ? 128 : 0), row_stride, column_stride};
    return check_range(address, bytes, 1);
}

tersor_status tersor_multiply(uint32_t isa, int64_t rows, int64_t columns, tersor_type a_type, int32_t a_zero_point,
                              int64_t a_row_stride, int64_t a_column_stride, const void *a, tersor_type b_type,
                              int32_t b_zero_point, int64_t b_row_stride, int64_t b_column_stride, const void *b,
                              float multiplier, tersor_type dst_type, int32_t dst_zero_point, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_i8(dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, dst_zero_point));
    RETURN_IF_ERROR(check_dimension(rows));
    RETURN_IF_ERROR(check_dimension(columns));
    byte_product p = {
        .multiplier = multiplier,
        .lo = (float) (type_min(dst_type) - dst_zero_point),
        .hi = (float) (type_max(dst_type) - dst_zero_point),
        .zero_point = dst_zero_point,
        .columns = columns,
    };
    RETURN_IF_ERROR(check_operand(rows, columns, a_type, a_zero_point, a_row_stride, a_column_stride, a, &p.a));
    RETURN_IF_ERROR(check_operand(rows, columns, b_type, b_zero_point, b_row_stride, b_column_stride, b, &p.b));
    int64_t bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){rows, columns}, 2, &bytes));
    RETURN_IF_ERROR(check_range(dst, bytes, 1));
    if (bytes != 0) {
        kernels->elementwise->multiply_rows(&p, rows, a, b, dst);
    }
    return TERSOR_OK;
}
