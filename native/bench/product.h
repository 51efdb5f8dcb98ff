/* What oneDNN is told of a product, by operation. */
#ifndef TERSOR_BENCH_PRODUCT_H
#define TERSOR_BENCH_PRODUCT_H

#include "onednn.h"

typedef struct {
    const int64_t *extents;
    dnnl_data_type_t src_type, weights_type, dst_type;
} product_problem;

/* What a product's primitive is made of; absent descriptions are NULL. */
typedef struct {
    dnnl_memory_desc_t src, dst;
    dnnl_memory_desc_t plain_weights;  /* as the caller has them */
    dnnl_memory_desc_t packed_weights; /* as oneDNN wants them */
    dnnl_memory_desc_t bias;           /* of all channels */
    int64_t channels;
    int channel_mask; /* the axes of the weights that make a channel, as bits */
} product_parts;

/* One operation: checks its extents, describes its operands, creates its primitive's description. */
typedef struct {
    tersor_status (*check)(const int64_t *extents);
    tersor_status (*describe)(const onednn *dnn, const product_problem *p, product_parts *parts);
    dnnl_status_t (*create)(const onednn *dnn, const product_problem *p, const product_parts *parts,
                            dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc);
} product_operation;

extern const product_operation onednn_gemm, onednn_conv;

/* Describes a dense tensor whose last axis is innermost. */
static inline dnnl_status_t row_major(const onednn *dnn, dnnl_memory_desc_t *desc, dnnl_data_type_t type, int rank,
                                      const int64_t *extents) {
    dnnl_dims_t dims = {0}, strides = {0};
    int64_t stride = 1;
    for (int axis = rank - 1; axis >= 0; axis--) {
        dims[axis] = extents[axis];
        strides[axis] = stride;
        stride *= extents[axis];
    }
    return dnn->dnnl_memory_desc_create_with_strides(desc, rank, dims, type, strides);
}

/* Describes a tensor whose layout oneDNN is to choose. */
static inline dnnl_status_t any_layout(const onednn *dnn, dnnl_memory_desc_t *desc, dnnl_data_type_t type, int rank,
                                       const int64_t *extents) {
    dnnl_dims_t dims = {0};
    for (int axis = 0; axis < rank; axis++) {
        dims[axis] = extents[axis];
    }
    return dnn->dnnl_memory_desc_create_with_tag(desc, rank, dims, type, dnnl_format_tag_any);
}

#endif
