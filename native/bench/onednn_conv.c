/* oneDNN's convolution of one NHWC image; extents are ic, ih, iw, oc, kh, kw, stride, pad, dilation, groups. */
#include "check.h"
#include "product.h"

enum { IC, IH, IW, OC, KH, KW, STRIDE, PAD, DILATION, GROUPS, EXTENTS };

/* The length of a window from its first tap to its last. */
static int64_t span(const int64_t *extents, int kernel) {
    return (extents[kernel] - 1) * extents[DILATION] + 1;
}

/* Output pixels along an axis. */
static int64_t out(const int64_t *extents, int image, int kernel) {
    return (extents[image] + 2 * extents[PAD] - span(extents, kernel)) / extents[STRIDE] + 1;
}

static tersor_status check(const int64_t *extents) {
    for (int i = 0; i < EXTENTS; i++) {
        /* So that no operand's size overflows. */
        const int64_t largest = INT64_C(1) << (i == KH || i == KW ? 10 : 16);
        if (extents[i] < (i == PAD ? 0 : 1) || extents[i] > largest) {
            return TERSOR_INVALID_SIZE;
        }
    }
    const int64_t groups = extents[GROUPS];
    return extents[IC] % groups != 0 || extents[OC] % groups != 0 ||
                   span(extents, KH) > extents[IH] + 2 * extents[PAD] ||
                   span(extents, KW) > extents[IW] + 2 * extents[PAD]
               ? TERSOR_INVALID_SIZE
               : TERSOR_OK;
}

static dnnl_status_t nhwc(const onednn *dnn, dnnl_memory_desc_t *desc, dnnl_data_type_t type, int64_t channels,
                          int64_t height, int64_t width) {
    const dnnl_dims_t dims = {1, channels, height, width};
    const dnnl_dims_t strides = {channels * height * width, 1, channels * width, channels};
    return dnn->dnnl_memory_desc_create_with_strides(desc, 4, dims, type, strides);
}

static tersor_status describe(const onednn *dnn, const product_problem *p, product_parts *parts) {
    const int64_t *e = p->extents;
    const int64_t groups = e[GROUPS];
    const int64_t grouped[] = {groups, e[OC] / groups, e[IC] / groups, e[KH], e[KW]};
    /* Where there are no groups, oneDNN's weights have no axis for them. */
    const int rank = groups == 1 ? 4 : 5;
    const int64_t *weights = groups == 1 ? grouped + 1 : grouped;
    parts->channels = e[OC];
    parts->channel_mask = groups == 1 ? 1 << 0 : 1 << 0 | 1 << 1;
    ONEDNN_CHECK(nhwc(dnn, &parts->src, p->src_type, e[IC], e[IH], e[IW]));
    ONEDNN_CHECK(nhwc(dnn, &parts->dst, p->dst_type, e[OC], out(e, IH, KH), out(e, IW, KW)));
    ONEDNN_CHECK(row_major(dnn, &parts->plain_weights, p->weights_type, rank, weights));
    ONEDNN_CHECK(any_layout(dnn, &parts->packed_weights, p->weights_type, rank, weights));
    ONEDNN_CHECK(row_major(dnn, &parts->bias, dnnl_f32, 1, &e[OC]));
    return TERSOR_OK;
}

static dnnl_status_t create(const onednn *dnn, const product_problem *p, const product_parts *parts,
                            dnnl_engine_t engine, const_dnnl_primitive_attr_t attr, dnnl_primitive_desc_t *desc) {
    const int64_t *e = p->extents;
    const dnnl_dims_t strides = {e[STRIDE], e[STRIDE]}, dilates = {e[DILATION] - 1, e[DILATION] - 1};
    const dnnl_dims_t before = {e[PAD], e[PAD]};
    /* What the last window reaches beyond the image, which may be less than the padding, even negative. */
    const dnnl_dims_t behind = {(out(e, IH, KH) - 1) * e[STRIDE] + span(e, KH) - e[IH] - e[PAD],
                                (out(e, IW, KW) - 1) * e[STRIDE] + span(e, KW) - e[IW] - e[PAD]};
    return dnn->dnnl_convolution_forward_primitive_desc_create(
        desc, engine, dnnl_forward_inference, dnnl_convolution_direct, parts->src, parts->packed_weights, parts->bias,
        parts->dst, strides, dilates, before, behind, attr);
}

const product_operation onednn_conv = {check, describe, create};
