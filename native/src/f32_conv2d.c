/* The public f32 convolution: checks, the packed buffer, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "conv2d.h"
#include "kernels.h"

tersor_status tersor_f32_conv2d_packed_bytes(uint32_t isa, int64_t ic, int64_t oc, int64_t kh, int64_t kw,
                                             int64_t groups, int64_t *bytes) {
    conv2d_layout l;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(conv2d_check_channels(ic, oc, kh, kw, groups));
    const conv2d_geometry g = {.ic = ic, .oc = oc, .kh = kh, .kw = kw, .groups = groups};
    RETURN_IF_ERROR(conv2d_lay_out(kernels->f32_gemm, kernels->f32_depthwise, &g, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

tersor_status tersor_f32_conv2d_pack(uint32_t isa, int64_t ic, int64_t oc, int64_t kh, int64_t kw, int64_t stride_h,
                                     int64_t stride_w, int64_t pad_top, int64_t pad_left, int64_t pad_bottom,
                                     int64_t pad_right, int64_t dilation_h, int64_t dilation_w, int64_t groups,
                                     const float *weights, void *packed, int64_t packed_bytes) {
    conv2d_layout l;
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    const gemm_kernel *kernel = kernels->f32_gemm;
    const conv2d_geometry g = {ic,      oc,       kh,         kw,        groups,     stride_h,  stride_w,
                               pad_top, pad_left, pad_bottom, pad_right, dilation_h, dilation_w};
    RETURN_IF_ERROR(conv2d_check_geometry(&g));
    RETURN_IF_ERROR(conv2d_lay_out(kernel, kernels->f32_depthwise, &g, &l));
    int64_t weights_bytes;
    if (__builtin_mul_overflow(oc * conv2d_k(&g), (int64_t) 4, &weights_bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    RETURN_IF_ERROR(check_range(weights, weights_bytes, 4));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, l.bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_F32_CONV2D, isa, TERSOR_F32, l.bytes);
    head->k = conv2d_k(&g);
    head->n = conv2d_n(&g);
    head->scratch_bytes = conv2d_scratch_bytes(kernel, kernels->f32_depthwise, &g);
    head->kernel_name = l.depthwise ? kernels->f32_depthwise->name : kernel->name;
    head->geometry = g;
    if (l.depthwise) {
        depthwise_pack_f32(&g, weights, row_of(packed, 1, l.panels));
        return TERSOR_OK;
    }
    for (int64_t group = 0; group < groups; group++) {
        const weights_view view = conv2d_weights(&g, weights, 4, group);
        gemm_pack_panels(kernel, &view, row_of(packed, 1, l.panels + group * l.group_panels_bytes));
    }
    return TERSOR_OK;
}

tersor_status tersor_f32_conv2d(uint32_t isa, int64_t n, int64_t h, int64_t w, int64_t first, int64_t count,
                                const float *src, const void *packed, int64_t packed_bytes, const float *bias, float lo,
                                float hi, float *dst, void *scratch, int64_t scratch_bytes) {
    conv2d_layout l;
    epilogue e;
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(packed_check_for(packed, packed_bytes, PACKED_F32_CONV2D, isa, TERSOR_F32));
    const packed_head *head = packed;
    RETURN_IF_ERROR(conv2d_lay_out(kernels->f32_gemm, kernels->f32_depthwise, &head->geometry, &l));
    RETURN_IF_ERROR(epilogue_prepare_f32(head->geometry.oc, bias, lo, hi, &e));
    const conv2d_operands operands = {
        .n = n,
        .h = h,
        .w = w,
        .first = first,
        .count = count,
        .src = src,
        .e = &e,
        .store = kernels->epilogue->f32_from_f32,
        .dst = dst,
        .dst_bytes = 4,
    };
    RETURN_IF_ERROR(conv2d_check_operands(&head->geometry, &operands, 4));
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    conv2d_run(kernels->f32_gemm, kernels->f32_depthwise, packed, &l, &operands, scratch);
    return TERSOR_OK;
}
