/* oneDNN's matmul; extents are m, k, n. */
#include "check.h"
#include "product.h"

enum { M, K, N, EXTENTS };

static tersor_status check(const int64_t *extents) {
    for (int i = 0; i < EXTENTS; i++) {
        RETURN_IF_ERROR(check_dimension(extents[i]));
        if (extents[i] == 0) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return TERSOR_OK;
}

static tersor_status describe(const onednn *dnn, const product_problem *p, product_parts *parts) {
    const int64_t src[] = {p->extents[M], p->extents[K]}, dst[] = {p->extents[M], p->extents[N]};
    const int64_t weights[] = {p->extents[K], p->extents[N]}, bias[] = {1, p->extents[N]};
    parts->channels = p->extents[N];
    parts->channel_mask = 1 << 1;
    ONEDNN_CHECK(row_major(dnn, &parts->src, p->src_type, 2, src));
    ONEDNN_CHECK(row_major(dnn, &parts->dst, p->dst_type, 2, dst));
    ONEDNN_CHECK(row_major(dnn, &parts->plain_weights, p->weights_type, 2, weights));
    ONEDNN_CHECK(any_layout(dnn, &parts->packed_weights, p->weights_type, 2, weights));
    ONEDNN_CHECK(row_major(dnn, &parts->bias, dnnl_f32, 2, bias));
    return TERSOR_OK;
}

static dnnl_status_t create(const onednn *dnn, const product_problem *p, const product_parts *parts,
                            dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc) {
    (void) p;
    return dnn->dnnl_matmul_primitive_desc_create(desc, engine, parts->src, parts->packed_weights, parts->bias,
                                                  parts->dst, attr);
}

const product_operation onednn_gemm = {check, describe, create};
