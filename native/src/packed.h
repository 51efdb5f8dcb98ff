/* The head of every packed weights buffer: what it was packed for, so that a use with anything else is refused. */
#ifndef TERSOR_PACKED_H
#define TERSOR_PACKED_H

#include <stdint.h>

#include "gemm.h"
#include "tersor.h"

typedef enum packed_operation {
    PACKED_GEMM = 1,
    PACKED_CONV2D = 3
} packed_operation;

typedef tersor_conv2d_geometry conv2d_geometry;

typedef struct packed_head {
    _Alignas(TERSOR_ALIGNMENT) uint64_t magic;
    int64_t bytes; /* of the whole buffer */
    int64_t scratch_bytes;
    int64_t k, n; /* of one group */
    const char *kernel_name;
    uint32_t isa;
    packed_operation operation;
    tersor_type src_type, weights_type;
    int32_t src_zero_point;
    int32_t has_zero_points; /* some weights zero point is not 0 */
    tersor_sparsity sparsity;
    int64_t sparse_bytes; /* of sparse panels */
    tersor_accuracy accuracy;
    int32_t reserved;
    conv2d_geometry geometry; /* zeros for a GEMM */
} packed_head;

/* Sets these and clears the rest. */
void packed_init(packed_head *head, packed_operation operation, uint32_t isa, tersor_type src_type, int64_t bytes);

/* Refuses a buffer that does not start with a head for this operation. */
tersor_status packed_check(const void *packed, int64_t packed_bytes, packed_operation operation);

#endif
