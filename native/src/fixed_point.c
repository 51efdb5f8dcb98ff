/* The public fixed-point numbers. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

static tersor_status check_rows(int64_t rows, int64_t columns) {
    RETURN_IF_ERROR(check_dimension(rows));
    return check_dimension(columns);
}

tersor_status tersor_fixed_point(uint32_t isa, int64_t rows, int64_t columns, const float *src, uint8_t *levels,
                                 float *units) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_rows(rows, columns));
    const int64_t plane = rows * columns; /* below 2^62 */
    int64_t bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){plane, 3}, 2, &bytes));
    RETURN_IF_ERROR(check_floats(src, plane));
    RETURN_IF_ERROR(check_range(levels, bytes, 1));
    RETURN_IF_ERROR(check_floats(units, rows * 2));
    for (int64_t i = 0; i < rows; i++) {
        uint8_t *low = columns == 0 ? levels : levels + i * columns;
        units[2 * i] = kernels->real->fixed_point(columns == 0 ? src : src + i * columns, columns, low,
                                                  low + plane, low + 2 * plane);
        units[2 * i + 1] = 0;
    }
    return TERSOR_OK;
}

tersor_status tersor_from_fixed_point(uint32_t isa, int64_t rows, int64_t columns, int64_t first_row, int64_t count,
                                      const int32_t *sums, const float *units, const int32_t *column_sums,
                                      const float *scales, const float *bias, float *dst, int64_t ld_dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_rows(rows, columns));
    RETURN_IF_ERROR(check_part(first_row, count, rows));
    const int64_t plane = rows * columns;
    int64_t elements;
    RETURN_IF_ERROR(checked_product((const int64_t[]){plane, 3}, 2, &elements));
    RETURN_IF_ERROR(check_floats((const float *) (const void *) sums, elements));
    RETURN_IF_ERROR(check_floats(units, rows * 2));
    RETURN_IF_ERROR(check_vector(column_sums, columns, 4));
    RETURN_IF_ERROR(check_vector(scales, columns, 4));
    RETURN_IF_ERROR(check_vector(bias, columns, 4));
    RETURN_IF_ERROR(check_matrix(dst, rows, columns, ld_dst, 4));
    const fixed_point_columns c = {columns, column_sums, scales, bias};
    for (int64_t i = first_row; columns > 0 && i < first_row + count; i++) {
        const int32_t *low = sums + i * columns;
        kernels->real->from_fixed_point(&c, low, low + plane, low + 2 * plane, units[2 * i], dst + i * ld_dst);
    }
    return TERSOR_OK;
}
