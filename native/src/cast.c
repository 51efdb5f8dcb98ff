/* The public conversion between element types. */
#include "check.h"
#include "kernels.h"

static int64_t element_bytes(tersor_type type) {
    return type == TERSOR_S64 ? 8 : type == TERSOR_BOOL ? 1 : type == TERSOR_F16 ? 2 : type_bytes(type);
}

static tersor_status check_elements(const void *address, tersor_type type, int64_t count) {
    int64_t bytes;
    if (count < 0 || __builtin_mul_overflow(count, element_bytes(type), &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(address, bytes, (size_t) element_bytes(type));
}

tersor_status tersor_cast(uint32_t isa, tersor_type src_type, tersor_type dst_type, int64_t count, const void *src,
                          void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (src_type < 0 || src_type >= CAST_TYPES || dst_type < 0 || dst_type >= CAST_TYPES
        || kernels->real->cast[src_type][dst_type] == NULL) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_elements(src, src_type, count));
    RETURN_IF_ERROR(check_elements(dst, dst_type, count));
    kernels->real->cast[src_type][dst_type](src, count, dst);
    return TERSOR_OK;
}
