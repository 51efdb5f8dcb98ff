/* The public functions of every element. */
#include "check.h"
#include "kernels.h"

tersor_status tersor_map(uint32_t isa, tersor_map_function function, float alpha, float beta, int64_t count,
                         const float *src, float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (function < 0 || function >= TERSOR_MAP_FUNCTIONS || (function == TERSOR_MAP_CLIP && !(alpha <= beta))) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_floats(src, count));
    RETURN_IF_ERROR(check_floats(dst, count));
    kernels->real->map[function](src, count, alpha, beta, dst);
    return TERSOR_OK;
}
