/* The public weighted sums of positions along an axis. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

tersor_status tersor_interpolate(uint32_t isa, int64_t outer, int64_t extent, int64_t inner, int64_t count,
                                 int64_t taps, const int32_t *index, const float *weights, const float *src,
                                 float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (outer < 0 || taps < 1) {
        return TERSOR_INVALID_SIZE;
    }
    RETURN_IF_ERROR(check_dimension(extent));
    RETURN_IF_ERROR(check_dimension(inner));
    RETURN_IF_ERROR(check_dimension(count));
    int64_t tap_bytes, src_bytes, dst_bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){taps, count, 4}, 3, &tap_bytes));
    RETURN_IF_ERROR(checked_product((const int64_t[]){outer, extent, inner, 4}, 4, &src_bytes));
    RETURN_IF_ERROR(checked_product((const int64_t[]){outer, count, inner, 4}, 4, &dst_bytes));
    RETURN_IF_ERROR(check_range(index, tap_bytes, 4));
    RETURN_IF_ERROR(check_range(weights, tap_bytes, 4));
    RETURN_IF_ERROR(check_range(src, src_bytes, 4));
    RETURN_IF_ERROR(check_range(dst, dst_bytes, 4));
    int32_t least = 0, largest = -1;
    for (int64_t i = 0; i < taps * count; i++) {
        least = index[i] < least ? index[i] : least;
        largest = index[i] > largest ? index[i] : largest;
    }
    if (largest >= extent) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const interpolation p = {inner, count, taps, index, weights, least < 0};
    for (int64_t o = 0; dst_bytes != 0 && o < outer; o++) {
        kernels->real->interpolate(&p, const_row_of(src, o, extent * inner * 4), row_of(dst, o, count * inner * 4));
    }
    return TERSOR_OK;
}
