/* The public INT8 matrix multiplication: checks, the packed buffer's layout, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "gemm_pack.h"
#include "kernels.h"
#include "packed.h"

typedef struct layout {
    int64_t compensation, zero_points, panels, bytes;
} layout;

static tersor_status select_kernel(uint32_t isa, tersor_type src_type, int64_t k, const isa_kernels **kernels,
                                   const gemm_kernel **kernel) {
    if (!is_i8(src_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_dimension(k));
    *kernels = kernels_for(isa);
    if (*kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    *kernel = kernels_i8_gemm(*kernels, src_type);
    return TERSOR_OK;
}

static tersor_status lay_out(const gemm_kernel *kernel, int64_t k, int64_t n, layout *l) {
    RETURN_IF_ERROR(check_dimension(n));
    int64_t panels;
    RETURN_IF_ERROR(gemm_panels_bytes(kernel, k, n, &panels));
    l->compensation = sizeof(packed_head);
    l->zero_points = l->compensation + gemm_columns_bytes(kernel, n);
    l->panels = l->zero_points + gemm_columns_bytes(kernel, n);
    l->bytes = l->panels + panels;
    return TERSOR_OK;
}

tersor_status tersor_i8_gemm_packed_bytes(uint32_t isa, tersor_type src_type, int64_t k, int64_t n, int64_t *bytes) {
    const isa_kernels *kernels;
    const gemm_kernel *kernel;
    layout l;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    RETURN_IF_ERROR(select_kernel(isa, src_type, k, &kernels, &kernel));
    RETURN_IF_ERROR(lay_out(kernel, k, n, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

tersor_status tersor_i8_gemm_pack(uint32_t isa, tersor_type src_type, int64_t k, int64_t n, const int8_t *weights,
                                  int64_t k_stride, int64_t n_stride, int32_t src_zero_point,
                                  const int32_t *weights_zero_points, const int32_t *bias, void *packed,
                                  int64_t packed_bytes) {
    const isa_kernels *kernels;
    const gemm_kernel *kernel;
    layout l;
    RETURN_IF_ERROR(select_kernel(isa, src_type, k, &kernels, &kernel));
    RETURN_IF_ERROR(lay_out(kernel, k, n, &l));
    const weights_view view = {.data = weights, .k = k, .n = n, .k_run = 1, .k_stride = k_stride, .n_stride = n_stride};
    RETURN_IF_ERROR(gemm_check_weights(kernel, &view));
    RETURN_IF_ERROR(check_zero_point(src_type, src_zero_point));
    const quantization q = {src_zero_point, weights_zero_points, bias};
    bool has_zero_points;
    RETURN_IF_ERROR(gemm_check_quantization(&q, n, &has_zero_points));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, l.bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_I8_GEMM, isa, src_type, l.bytes);
    head->k = k;
    head->n = n;
    head->scratch_bytes = gemm_scratch_bytes(kernel, k);
    head->kernel_name = kernel->name;
    head->src_zero_point = src_zero_point;
    head->has_zero_points = has_zero_points;
    gemm_pack_columns(kernel, &view, &q, row_of(packed, 1, l.compensation), row_of(packed, 1, l.zero_points));
    gemm_pack_panels(kernel, &view, row_of(packed, 1, l.panels));
    return TERSOR_OK;
}

tersor_status tersor_i8_gemm(uint32_t isa, tersor_type src_type, int64_t m, int64_t k, int64_t n, int64_t first,
                             int64_t count, const void *src, int64_t ld_src, const void *packed, int64_t packed_bytes,
                             const float *multiplier, const float *offset, float lo, float hi, tersor_type dst_type,
                             int32_t dst_zero_point, void *dst, int64_t ld_dst, void *scratch, int64_t scratch_bytes) {
    const isa_kernels *kernels;
    const gemm_kernel *kernel;
    layout l;
    epilogue e;
    RETURN_IF_ERROR(select_kernel(isa, src_type, k, &kernels, &kernel));
    RETURN_IF_ERROR(lay_out(kernel, k, n, &l));
    RETURN_IF_ERROR(packed_check(packed, packed_bytes, PACKED_I8_GEMM, isa, src_type));
    const packed_head *head = packed;
    if (head->k != k || head->n != n) {
        return TERSOR_INVALID_PACKED;
    }
    RETURN_IF_ERROR(check_matrix(src, m, k, ld_src, 1));
    RETURN_IF_ERROR(check_part(first, count, m));
    RETURN_IF_ERROR(epilogue_prepare(n, multiplier, offset, lo, hi, dst_type, dst_zero_point, &e));
    RETURN_IF_ERROR(check_matrix(dst, m, n, ld_dst, type_bytes(dst_type)));
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    if (count == 0 || n == 0) {
        return TERSOR_OK;
    }
    const gemm_operands operands = {
        .m = count,
        .k = k,
        .n = n,
        .src = k == 0 ? packed : const_row_of(src, first, ld_src),
        .src_stride = k == 0 ? 0 : ld_src,
        .weights =
            {
                .panels = const_row_of(packed, 1, l.panels),
                .compensation = const_row_of(packed, 1, l.compensation),
                .zero_points = head->has_zero_points ? const_row_of(packed, 1, l.zero_points) : NULL,
            },
        .e = &e,
        .store = epilogue_select(kernels->epilogue, dst_type),
        .dst = row_of(dst, first, ld_dst * type_bytes(dst_type)),
        .dst_stride = ld_dst * type_bytes(dst_type),
    };
    gemm_run(kernel, &operands, scratch);
    return TERSOR_OK;
}
