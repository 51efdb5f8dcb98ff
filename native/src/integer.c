/* The public operations of two arrays of integers. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

tersor_status tersor_integer(uint32_t isa, tersor_integer_operation operation, tersor_type type, int64_t rows,
                             int64_t columns, const void *a, int64_t a_row_stride, int64_t a_column_stride,
                             const void *b, int64_t b_row_stride, int64_t b_column_stride, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (operation < 0 || operation >= TERSOR_INTEGER_OPERATIONS
        || (type != TERSOR_BOOL && type != TERSOR_S32 && type != TERSOR_S64)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    integer_function *function
        = kernels->real->integer[type == TERSOR_BOOL ? 0 : type == TERSOR_S32 ? 1 : 2][operation];
    if (function == NULL) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (rows < 0 || columns < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t bytes = type == TERSOR_BOOL ? 1 : type == TERSOR_S32 ? 4 : 8;
    const int64_t dst_bytes = operation < TERSOR_INTEGER_EQUAL ? bytes : 1;
    int64_t total;
    RETURN_IF_ERROR(checked_product((const int64_t[]){rows, columns, dst_bytes}, 3, &total));
    RETURN_IF_ERROR(check_range(dst, total, (size_t) dst_bytes));
    RETURN_IF_ERROR(check_broadcast(a, bytes, rows, a_row_stride, columns, a_column_stride));
    RETURN_IF_ERROR(check_broadcast(b, bytes, rows, b_row_stride, columns, b_column_stride));
    for (int64_t row = 0; columns != 0 && row < rows; row++) {
        function(const_row_of(a, row * a_row_stride, bytes), a_column_stride,
                 const_row_of(b, row * b_row_stride, bytes), b_column_stride, columns,
                 row_of(dst, row, columns * dst_bytes));
    }
    return TERSOR_OK;
}
