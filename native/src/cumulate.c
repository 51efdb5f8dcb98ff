/* The public cumulative sums. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

tersor_status tersor_cumulate(uint32_t isa, int32_t exclusive, int32_t reverse, int64_t outer, int64_t count,
                              int64_t inner, const float *src, float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (outer < 0 || count < 0 || inner < 0) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t factors[] = {outer, count, inner};
    int64_t elements;
    RETURN_IF_ERROR(checked_product(factors, 3, &elements));
    RETURN_IF_ERROR(check_floats(src, elements));
    RETURN_IF_ERROR(check_floats(dst, elements));
    if (elements == 0) {
        return TERSOR_OK;
    }
    cumulate_function *cumulate = kernels->real->cumulate;
    const int64_t first = reverse ? (count - 1) * inner : 0, step = reverse ? -inner : inner;
    if (inner == 1) {
        /* Rows are lines themselves. */
        cumulate(src + first, count, step, outer, count, exclusive != 0, dst + first);
        return TERSOR_OK;
    }
    for (int64_t o = 0; o < outer; o++) {
        const int64_t at = o * count * inner + first;
        cumulate(src + at, count, step, inner, 1, exclusive != 0, dst + at);
    }
    return TERSOR_OK;
}
