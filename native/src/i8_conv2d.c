/* The public INT8 convolution: checks, the packed buffer, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "conv2d.h"
#include "kernels.h"

static tersor_status select_kernels(uint32_t isa, tersor_type src_type, const isa_kernels **kernels) {
    if (!is_i8(src_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    *kernels = kernels_for(isa);
    return *kernels == NULL ? TERSOR_UNSUPPORTED_ISA : TERSOR_OK;
}

tersor_status tersor_i8_conv2d_packed_bytes(uint32_t isa, tersor_type src_type, int64_t ic, int64_t oc, int64_t kh,
                                            int64_t kw, int64_t groups, int64_t *bytes) {
    const isa_kernels *kernels;
    conv2d_layout l;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    RETURN_IF_ERROR(select_kernels(isa, src_type, &kernels));
    RETURN_IF_ERROR(conv2d_check_channels(ic, oc, kh, kw, groups));
    const conv2d_geometry g = {.ic = ic, .oc = oc, .kh = kh, .kw = kw, .groups = groups};
    RETURN_IF_ERROR(
        conv2d_lay_out(kernels_i8_gemm(kernels, src_type), kernels_i8_depthwise(kernels, src_type), &g, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

static void pack_depthwise(const conv2d_layout *l, const conv2d_geometry *g, const int8_t *weights,
                           const quantization *q, void *packed) {
    depthwise_pack_i8(g, weights, q, row_of(packed, 1, l->panels), row_of(packed, 1, l->compensation));
    memset(row_of(packed, 1, l->zero_points), 0, (size_t) l->group_columns_bytes);
}

static void pack_groups(const gemm_kernel *kernel, const conv2d_layout *l, const conv2d_geometry *g,
                        const int8_t *weights, const quantization *q, void *packed) {
    for (int64_t group = 0; group < g->groups; group++) {
        const weights_view view = conv2d_weights(g, weights, 1, group);
        const int64_t channel = group * conv2d_n(g);
        const int64_t columns = group * l->group_columns_bytes;
        const quantization of_group = {
            q->src_zero_point,
            q->weights_zero_points == NULL ? NULL : q->weights_zero_points + channel,
            q->bias == NULL ? NULL : q->bias + channel,
        };
        gemm_pack_columns(kernel, &view, &of_group, row_of(packed, 1, l->compensation + columns),
                          row_of(packed, 1, l->zero_points + columns));
        gemm_pack_panels(kernel, &view, row_of(packed, 1, l->panels + group * l->group_panels_bytes));
    }
}

tersor_status tersor_i8_conv2d_pack(uint32_t isa, tersor_type src_type, int64_t ic, int64_t oc, int64_t kh, int64_t kw,
                                    int64_t stride_h, int64_t stride_w, int64_t pad_top, int64_t pad_left,
                                    int64_t pad_bottom, int64_t pad_right, int64_t dilation_h, int64_t dilation_w,
                                    int64_t groups, const int8_t *weights, int32_t src_zero_point,
                                    const int32_t *weights_zero_points, const int32_t *bias, void *packed,
                                    int64_t packed_bytes) {
    const isa_kernels *kernels;
    conv2d_layout l;
    RETURN_IF_ERROR(select_kernels(isa, src_type, &kernels));
    const gemm_kernel *kernel = kernels_i8_gemm(kernels, src_type);
    const depthwise_kernel *depthwise = kernels_i8_depthwise(kernels, src_type);
    const conv2d_geometry g = {ic,      oc,       kh,         kw,        groups,     stride_h,  stride_w,
                               pad_top, pad_left, pad_bottom, pad_right, dilation_h, dilation_w};
    RETURN_IF_ERROR(conv2d_check_geometry(&g));
    RETURN_IF_ERROR(conv2d_lay_out(kernel, depthwise, &g, &l));
    /* oc * k is below 2^62. */
    RETURN_IF_ERROR(check_range(weights, oc * conv2d_k(&g), 1));
    RETURN_IF_ERROR(check_zero_point(src_type, src_zero_point));
    const quantization q = {src_zero_point, weights_zero_points, bias};
    bool has_zero_points;
    RETURN_IF_ERROR(gemm_check_quantization(&q, oc, &has_zero_points));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, l.bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_I8_CONV2D, isa, src_type, l.bytes);
    head->k = conv2d_k(&g);
    head->n = conv2d_n(&g);
    head->scratch_bytes = conv2d_scratch_bytes(kernel, depthwise, &g);
    head->kernel_name = l.depthwise ? depthwise->name : kernel->name;
    head->src_zero_point = src_zero_point;
    head->has_zero_points = has_zero_points;
    head->geometry = g;
    if (l.depthwise) {
        pack_depthwise(&l, &g, weights, &q, packed);
    } else {
        pack_groups(kernel, &l, &g, weights, &q, packed);
    }
    return TERSOR_OK;
}

tersor_status tersor_i8_conv2d(uint32_t isa, tersor_type src_type, int64_t n, int64_t h, int64_t w, int64_t first,
                               int64_t count, const void *src, const void *packed, int64_t packed_bytes,
                               const float *multiplier, const float *offset, float lo, float hi, tersor_type dst_type,
                               int32_t dst_zero_point, void *dst, void *scratch, int64_t scratch_bytes) {
    const isa_kernels *kernels;
    conv2d_layout l;
    epilogue e;
    RETURN_IF_ERROR(select_kernels(isa, src_type, &kernels));
    RETURN_IF_ERROR(packed_check_for(packed, packed_bytes, PACKED_I8_CONV2D, isa, src_type));
    const packed_head *head = packed;
    const gemm_kernel *kernel = kernels_i8_gemm(kernels, src_type);
    const depthwise_kernel *depthwise = kernels_i8_depthwise(kernels, src_type);
    RETURN_IF_ERROR(conv2d_lay_out(kernel, depthwise, &head->geometry, &l));
    RETURN_IF_ERROR(epilogue_prepare_i8(head->geometry.oc, multiplier, offset, lo, hi, dst_type, dst_zero_point, &e));
    const conv2d_operands operands = {
        .n = n,
        .h = h,
        .w = w,
        .first = first,
        .count = count,
        .src = src,
        .padding = head->src_zero_point & 0xff,
        .e = &e,
        .store = epilogue_select(kernels->epilogue, true, dst_type),
        .dst = dst,
        .dst_bytes = type_bytes(dst_type),
    };
    RETURN_IF_ERROR(conv2d_check_operands(&head->geometry, &operands, 1));
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    conv2d_run(kernel, depthwise, packed, &l, &operands, scratch);
    return TERSOR_OK;
}
