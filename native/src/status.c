#include "tersor.h"

int32_t tersor_abi_version(void) {
    return TERSOR_ABI_VERSION;
}

const char *tersor_version(void) {
    return TERSOR_VERSION_STRING;
}

const char *tersor_status_name(tersor_status status) {
    switch (status) {
    case TERSOR_OK:
        return "ok";
    case TERSOR_NULL_POINTER:
        return "null pointer";
    case TERSOR_INVALID_SIZE:
        return "invalid size";
    case TERSOR_INVALID_ARGUMENT:
        return "invalid argument";
    case TERSOR_UNSUPPORTED_ISA:
        return "unsupported isa";
    case TERSOR_MISALIGNED:
        return "misaligned";
    case TERSOR_BUFFER_TOO_SMALL:
        return "buffer too small";
    case TERSOR_INVALID_PACKED:
        return "invalid packed weights";
    case TERSOR_OUT_OF_MEMORY:
        return "out of memory";
    default:
        return "unknown status";
    }
}
