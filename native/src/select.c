/* The public choice between two arrays. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

/* One value for a row, in each element of it. */
static void repeat(const void *from, int64_t bytes, int64_t count, void *to) {
    for (int64_t i = 0; i < count; i++) {
        memcpy(row_of(to, i, bytes), from, (size_t) bytes);
    }
}

tersor_status tersor_select(uint32_t isa, int32_t element_bytes, int64_t rows, int64_t columns,
                            const uint8_t *condition, int64_t condition_row_stride, int64_t condition_column_stride,
                            const void *a, int64_t a_row_stride, int64_t a_column_stride, const void *b,
                            int64_t b_row_stride, int64_t b_column_stride, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    const int64_t bytes = element_bytes;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (rows < 0 || columns < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t factors[] = {rows, columns, bytes};
    int64_t total;
    RETURN_IF_ERROR(checked_product(factors, 3, &total));
    RETURN_IF_ERROR(check_range(dst, total, (size_t) bytes));
    RETURN_IF_ERROR(check_broadcast(condition, 1, rows, condition_row_stride, columns, condition_column_stride));
    RETURN_IF_ERROR(check_broadcast(a, bytes, rows, a_row_stride, columns, a_column_stride));
    RETURN_IF_ERROR(check_broadcast(b, bytes, rows, b_row_stride, columns, b_column_stride));
    select_function *function = kernels->real->select[bytes == 8 ? 3 : bytes / 2];
    for (int64_t row = 0; columns != 0 && row < rows; row++) {
        const uint8_t *chosen = condition + row * condition_row_stride;
        const void *x = const_row_of(a, row, a_row_stride * bytes), *y = const_row_of(b, row, b_row_stride * bytes);
        void *to = row_of(dst, row, columns * bytes);
        if (condition_column_stride != 0) {
            function(chosen, x, a_column_stride, y, b_column_stride, columns, to);
        } else if ((*chosen != 0 ? a_column_stride : b_column_stride) != 0) {
            memcpy(to, *chosen != 0 ? x : y, (size_t) (columns * bytes));
        } else {
            repeat(*chosen != 0 ? x : y, bytes, columns, to);
        }
    }
    return TERSOR_OK;
}
