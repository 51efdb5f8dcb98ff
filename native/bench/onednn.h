/* oneDNN's functions, found at run time in the library that the caller names. */
#ifndef TERSOR_BENCH_ONEDNN_H
#define TERSOR_BENCH_ONEDNN_H

#include <oneapi/dnnl/dnnl.h>

#include "tersor_bench.h"

#define ONEDNN_FUNCTIONS(X)                                                                                            \
    X(dnnl_engine_create)                                                                                              \
    X(dnnl_engine_destroy)                                                                                             \
    X(dnnl_stream_create)                                                                                              \
    X(dnnl_stream_destroy)                                                                                             \
    X(dnnl_memory_desc_create_with_strides)                                                                            \
    X(dnnl_memory_desc_create_with_tag)                                                                                \
    X(dnnl_memory_desc_destroy)                                                                                        \
    X(dnnl_memory_desc_get_size)                                                                                       \
    X(dnnl_memory_create)                                                                                              \
    X(dnnl_memory_destroy)                                                                                             \
    X(dnnl_primitive_attr_create)                                                                                      \
    X(dnnl_primitive_attr_destroy)                                                                                     \
    X(dnnl_primitive_attr_set_scratchpad_mode)                                                                         \
    X(dnnl_primitive_attr_set_scales_mask)                                                                             \
    X(dnnl_primitive_attr_set_zero_points_mask)                                                                        \
    X(dnnl_primitive_attr_set_post_ops)                                                                                \
    X(dnnl_post_ops_create)                                                                                            \
    X(dnnl_post_ops_destroy)                                                                                           \
    X(dnnl_post_ops_append_eltwise)                                                                                    \
    X(dnnl_matmul_primitive_desc_create)                                                                               \
    X(dnnl_convolution_forward_primitive_desc_create)                                                                  \
    X(dnnl_reorder_primitive_desc_create)                                                                              \
    X(dnnl_primitive_desc_destroy)                                                                                     \
    X(dnnl_primitive_desc_query)                                                                                       \
    X(dnnl_primitive_desc_query_md)                                                                                    \
    X(dnnl_primitive_create)                                                                                           \
    X(dnnl_primitive_execute)                                                                                          \
    X(dnnl_primitive_destroy)

typedef struct {
    void *library;
    void (*set_threads)(int); /* OpenMP's; NULL where oneDNN runs without */
#define DECLARE(name) __typeof__(&name) name;
    ONEDNN_FUNCTIONS(DECLARE)
#undef DECLARE
} onednn;

/* Opens the library or, if this process has it, gets that one. */
tersor_status onednn_open(const char *library, onednn *functions);

void onednn_close(onednn *functions);

/* oneDNN's status as one of ours. */
static inline tersor_status onednn_status(dnnl_status_t status) {
    return status == dnnl_success ? TERSOR_OK : TERSOR_BENCH_ONEDNN + (tersor_status) status;
}

/* Returns from a function unless oneDNN succeeds; needs check.h. */
#define ONEDNN_CHECK(call) RETURN_IF_ERROR(onednn_status(call))

#endif
