/* The public f32 matrix multiplication: checks, the packed buffer's layout, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "gemm_pack.h"
#include "kernels.h"
#include "packed.h"

static const int64_t PANELS = sizeof(packed_head);

static tersor_status check_shape(uint32_t isa, int64_t k, int64_t n, const isa_kernels **kernels, int64_t *bytes) {
    RETURN_IF_ERROR(check_dimension(k));
    RETURN_IF_ERROR(check_dimension(n));
    *kernels = kernels_for(isa);
    if (*kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(gemm_panels_bytes((*kernels)->f32_gemm, k, n, bytes));
    *bytes += PANELS;
    return TERSOR_OK;
}

tersor_status tersor_f32_gemm_packed_bytes(uint32_t isa, int64_t k, int64_t n, int64_t *bytes) {
    const isa_kernels *kernels;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    int64_t needed;
    RETURN_IF_ERROR(check_shape(isa, k, n, &kernels, &needed));
    *bytes = needed;
    return TERSOR_OK;
}

tersor_status tersor_f32_gemm_pack(uint32_t isa, int64_t k, int64_t n, const float *weights, int64_t k_stride,
                                   int64_t n_stride, void *packed, int64_t packed_bytes) {
    const isa_kernels *kernels;
    int64_t bytes;
    RETURN_IF_ERROR(check_shape(isa, k, n, &kernels, &bytes));
    const gemm_kernel *kernel = kernels->f32_gemm;
    const weights_view view = {.data = weights, .k = k, .n = n, .k_run = 1, .k_stride = k_stride, .n_stride = n_stride};
    RETURN_IF_ERROR(gemm_check_weights(kernel, &view));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_F32_GEMM, isa, TERSOR_F32, bytes);
    head->k = k;
    head->n = n;
    head->scratch_bytes = gemm_scratch_bytes(kernel, k);
    head->kernel_name = kernel->name;
    gemm_pack_panels(kernel, &view, row_of(packed, 1, PANELS));
    return TERSOR_OK;
}

tersor_status tersor_f32_gemm(uint32_t isa, int64_t m, int64_t k, int64_t n, int64_t first, int64_t count,
                              const float *src, int64_t ld_src, const void *packed, int64_t packed_bytes,
                              const float *bias, float lo, float hi, float *dst, int64_t ld_dst, void *scratch,
                              int64_t scratch_bytes) {
    const isa_kernels *kernels;
    int64_t bytes;
    epilogue e;
    RETURN_IF_ERROR(check_shape(isa, k, n, &kernels, &bytes));
    RETURN_IF_ERROR(packed_check(packed, packed_bytes, PACKED_F32_GEMM, isa, TERSOR_F32));
    const packed_head *head = packed;
    if (head->k != k || head->n != n) {
        return TERSOR_INVALID_PACKED;
    }
    RETURN_IF_ERROR(check_matrix(src, m, k, ld_src, 4));
    RETURN_IF_ERROR(check_part(first, count, m));
    RETURN_IF_ERROR(epilogue_prepare_f32(n, bias, lo, hi, &e));
    RETURN_IF_ERROR(check_matrix(dst, m, n, ld_dst, 4));
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    if (count == 0 || n == 0) {
        return TERSOR_OK;
    }
    const gemm_operands operands = {
        .m = count,
        .k = k,
        .n = n,
        .src = k == 0 ? packed : const_row_of(src, first, ld_src * 4),
        .src_stride = k == 0 ? 0 : ld_src * 4,
        .weights = {.panels = const_row_of(packed, 1, PANELS)},
        .e = &e,
        .store = kernels->epilogue->f32_from_f32,
        .dst = row_of(dst, first, ld_dst * 4),
        .dst_stride = ld_dst * 4,
    };
    gemm_run(kernels->f32_gemm, &operands, scratch);
    return TERSOR_OK;
}
