/* The public operations of two arrays. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

tersor_status tersor_binary(uint32_t isa, tersor_binary_operation operation, int64_t rows, int64_t columns,
                            const float *a, int64_t a_row_stride, int64_t a_column_stride, const float *b,
                            int64_t b_row_stride, int64_t b_column_stride, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (operation < 0 || operation >= TERSOR_BINARY_OPERATIONS) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (rows < 0 || columns < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t dst_bytes = operation < TERSOR_BINARY_EQUAL ? 4 : 1;
    const int64_t factors[] = {rows, columns, dst_bytes};
    int64_t bytes;
    RETURN_IF_ERROR(checked_product(factors, 3, &bytes));
    RETURN_IF_ERROR(check_range(dst, bytes, (size_t) dst_bytes));
    RETURN_IF_ERROR(check_broadcast(a, 4, rows, a_row_stride, columns, a_column_stride));
    RETURN_IF_ERROR(check_broadcast(b, 4, rows, b_row_stride, columns, b_column_stride));
    binary_function *function = kernels->real->binary[operation];
    for (int64_t row = 0; columns != 0 && row < rows; row++) {
        function(a + row * a_row_stride, a_column_stride, b + row * b_row_stride, b_column_stride, columns,
                 row_of(dst, row, columns * dst_bytes));
    }
    return TERSOR_OK;
}
