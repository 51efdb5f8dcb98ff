#include "packed.h"

#include "check.h"
#include "compiler.h"

/* Holds the header's version: other versions lay the buffer out differently. */
static const uint64_t MAGIC = UINT64_C(0x74657273f9a10000) + TERSOR_ABI_VERSION;

void packed_init(packed_head *head, packed_operation operation, uint32_t isa, tersor_type src_type, int64_t bytes) {
    memset(head, 0, sizeof *head);
    head->magic = MAGIC;
    head->bytes = bytes;
    head->isa = isa;
    head->operation = operation;
    head->src_type = src_type;
}

static tersor_status check_head(const void *packed, int64_t packed_bytes) {
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, sizeof(packed_head)));
    const packed_head *head = packed;
    if (head->magic != MAGIC) {
        return TERSOR_INVALID_PACKED;
    }
    return check_buffer(packed, packed_bytes, head->bytes);
}

tersor_status packed_check(const void *packed, int64_t packed_bytes, packed_operation operation) {
    RETURN_IF_ERROR(check_head(packed, packed_bytes));
    return ((const packed_head *) packed)->operation == operation ? TERSOR_OK : TERSOR_INVALID_PACKED;
}

tersor_status tersor_packed_kernel_name(const void *packed, int64_t packed_bytes, const char **name) {
    RETURN_IF_ERROR(check_range(name, sizeof *name, _Alignof(const char *)));
    RETURN_IF_ERROR(check_head(packed, packed_bytes));
    *name = ((const packed_head *) packed)->kernel_name;
    return TERSOR_OK;
}

tersor_status tersor_packed_scratch_bytes(const void *packed, int64_t packed_bytes, int64_t *bytes) {
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    RETURN_IF_ERROR(check_head(packed, packed_bytes));
    *bytes = ((const packed_head *) packed)->scratch_bytes;
    return TERSOR_OK;
}
