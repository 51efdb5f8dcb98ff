/* The public matrix multiplication: checks, the packed buffer's layout, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "gemm_pack.h"
#include "kernels.h"
#include "packed.h"
#include "sparse_pack.h"

typedef struct layout {
    int64_t compensation, zero_points, column_sums, panels; /* of sparse panels the table in front of them */
    int64_t sparse, bytes;
} layout;

typedef struct choice {
    const isa_kernels *kernels;
    const gemm_kernel *gemm;
    bool integers;
    quantize_row_function *quantize;
} choice;

static tersor_status choose(uint32_t isa, tersor_type src_type, tersor_type weights_type, tersor_sparsity sparsity,
                            int64_t k, choice *c) {
    c->kernels = kernels_for(isa);
    if (c->kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    c->gemm = kernels_gemm(c->kernels, src_type, weights_type, sparsity);
    if (c->gemm == NULL) {
        return TERSOR_INVALID_ARGUMENT;
    }
    c->gemm = gemm_for_depth(c->gemm, k);
    c->integers = weights_type == TERSOR_S8;
    c->quantize = c->integers && src_type == TERSOR_F32 ? c->kernels->elementwise->quantize_row : NULL;
    return TERSOR_OK;
}

/* Integer weights have what their columns need in front of the panels. sparse_bytes: of sparse panels. */
static tersor_status lay_out(const choice *c, int64_t k, int64_t n, int64_t sparse_bytes, layout *l) {
    RETURN_IF_ERROR(check_dimension(k));
    RETURN_IF_ERROR(check_dimension(n));
    int64_t panels = 0, table = 0;
    if (c->gemm->form == PANEL_DENSE) {
        RETURN_IF_ERROR(gemm_panels_bytes(c->gemm, k, n, &panels));
    } else {
        table = sparse_table_bytes(sparse_panels(c->gemm, n));
    }
    const int64_t columns = c->integers ? gemm_columns_bytes(c->gemm, n) : 0;
    l->compensation = sizeof(packed_head);
    l->zero_points = l->compensation + columns;
    l->column_sums = l->zero_points + columns;
    l->panels = l->column_sums + columns;
    l->sparse = l->panels + table;
    return __builtin_add_overflow(l->sparse + panels, sparse_bytes, &l->bytes) ? TERSOR_INVALID_SIZE : TERSOR_OK;
}

/* Bytes of sparse panels; dense ones do not depend on the weights. */
static tersor_status sparse_bytes_of(const choice *c, const weights_view *view, int64_t *bytes) {
    const sparse_weights w = {view, 1, view->k};
    *bytes = 0;
    if (c->gemm->form == PANEL_DENSE) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(check_dimension(view->k));
    RETURN_IF_ERROR(check_dimension(view->n));
    RETURN_IF_ERROR(gemm_check_weights(c->gemm, view));
    return sparse_panels_bytes(c->gemm, &w, bytes);
}

/* Of a run, in front of what parameters of the source need: the columns' start and factors. */
static int64_t run_scratch(const choice *c, int64_t k, int64_t src_bytes) {
    return round_up(gemm_scratch_bytes(c->gemm, k, src_bytes), TERSOR_ALIGNMENT);
}

static weights_view view_of(int64_t k, int64_t n, const void *weights, int64_t k_stride, int64_t n_stride) {
    return (weights_view){.data = weights, .k = k, .n = n, .k_run = 1, .k_stride = k_stride, .n_stride = n_stride};
}

tersor_status tersor_gemm_packed_bytes(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                       tersor_sparsity sparsity, int64_t k, int64_t n, const void *weights,
                                       int64_t k_stride, int64_t n_stride, int64_t *bytes) {
    choice c;
    layout l;
    int64_t sparse_bytes;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    RETURN_IF_ERROR(choose(isa, src_type, weights_type, sparsity, k, &c));
    const weights_view view = view_of(k, n, weights, k_stride, n_stride);
    RETURN_IF_ERROR(sparse_bytes_of(&c, &view, &sparse_bytes));
    RETURN_IF_ERROR(lay_out(&c, k, n, sparse_bytes, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

tersor_status tersor_gemm_pack(uint32_t isa, tersor_type src_type, tersor_type weights_type, tersor_sparsity sparsity,
                               int64_t k, int64_t n, const void *weights, int64_t k_stride, int64_t n_stride,
                               int32_t src_zero_point, const int32_t *weights_zero_points, const int32_t *bias,
                               void *packed, int64_t packed_bytes) {
    choice c;
    layout l;
    int64_t sparse_bytes;
    RETURN_IF_ERROR(choose(isa, src_type, weights_type, sparsity, k, &c));
    RETURN_IF_ERROR(check_dimension(k));
    RETURN_IF_ERROR(check_dimension(n));
    const weights_view view = view_of(k, n, weights, k_stride, n_stride);
    RETURN_IF_ERROR(gemm_check_weights(c.gemm, &view));
    RETURN_IF_ERROR(check_zero_point(src_type, src_zero_point));
    const bool is_quantized = weights_zero_points != NULL || bias != NULL;
    if (!c.integers && is_quantized) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const quantization q = {src_zero_point, weights_zero_points, bias};
    bool has_zero_points;
    RETURN_IF_ERROR(gemm_check_quantization(&q, n, &has_zero_points));
    if (sparsity != TERSOR_DENSE && has_zero_points) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(sparse_bytes_of(&c, &view, &sparse_bytes));
    RETURN_IF_ERROR(lay_out(&c, k, n, sparse_bytes, &l));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, l.bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_GEMM, isa, src_type, l.bytes);
    head->weights_type = weights_type;
    head->k = k;
    head->n = n;
    head->scratch_bytes =
        run_scratch(&c, k, type_bytes(src_type)) + (c.integers ? 2 * gemm_columns_bytes(c.gemm, n) : 0);
    head->kernel_name = c.gemm->name;
    head->src_zero_point = src_zero_point;
    head->has_zero_points = has_zero_points;
    head->sparsity = sparsity;
    head->sparse_bytes = sparse_bytes;
    if (c.integers) {
        gemm_pack_columns(c.gemm, &view, &q, row_of(packed, 1, l.compensation), row_of(packed, 1, l.zero_points),
                          row_of(packed, 1, l.column_sums));
    }
    if (c.gemm->form == PANEL_DENSE) {
        gemm_pack_panels(c.gemm, &view, row_of(packed, 1, l.panels),
                         gemm_padded_k(c.gemm, k) * c.gemm->columns * c.gemm->src_bytes);
    } else {
        int64_t *table = row_of(packed, 1, l.panels);
        sparse_pack_panels(c.gemm, &(sparse_weights){&view, 1, k}, (const char *) table, table,
                           row_of(packed, 1, l.sparse));
    }
    return TERSOR_OK;
}

/* The range of a source whose rows, or whose columns, have neighbours side by side. */
static tersor_status check_source(const void *src, int64_t m, int64_t k, int64_t row_stride, int64_t column_stride,
                                  int64_t element_bytes) {
    if (column_stride == 1) {
        return check_matrix(src, m, k, row_stride, element_bytes);
    }
    if (row_stride != 1) {
        return TERSOR_INVALID_SIZE;
    }
    return check_matrix(src, k, m, column_stride, element_bytes);
}

tersor_status tersor_gemm(const void *packed, int64_t packed_bytes, const tersor_epilogue *given, int64_t m,
                          int64_t first_row, int64_t rows, int64_t first_column, int64_t columns, const void *src,
                          int64_t src_row_stride, int64_t src_column_stride, float src_scale, int32_t src_zero_point,
                          int32_t backwards, const void *residual, int64_t ld_residual, void *dst, int64_t ld_dst,
                          void *scratch, int64_t scratch_bytes) {
    choice c;
    layout l;
    epilogue e;
    RETURN_IF_ERROR(packed_check(packed, packed_bytes, PACKED_GEMM));
    const packed_head *head = packed;
    RETURN_IF_ERROR(choose(head->isa, head->src_type, head->weights_type, head->sparsity, head->k, &c));
    RETURN_IF_ERROR(lay_out(&c, head->k, head->n, head->sparse_bytes, &l));
    if (l.bytes != head->bytes) {
        return TERSOR_INVALID_PACKED;
    }
    const int64_t k = head->k, n = head->n;
    const int64_t src_bytes = type_bytes(head->src_type);
    RETURN_IF_ERROR(check_source(src, m, k, src_row_stride, src_column_stride, src_bytes));
    RETURN_IF_ERROR(check_part(first_row, rows, m));
    RETURN_IF_ERROR(check_part(first_column, columns, n));
    if (first_column % TERSOR_COLUMNS != 0) {
        return TERSOR_INVALID_SIZE;
    }
    RETURN_IF_ERROR(epilogue_prepare(n, given, c.integers, &e));
    if (c.quantize != NULL && !is_float(given->dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const bool has_parameters = src_zero_point != 0 || !(src_scale == 1.0f);
    RETURN_IF_ERROR(check_zero_point(head->src_type, src_zero_point));
    if (has_parameters && (!is_i8(head->src_type) || is_i8(given->dst_type))) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const int64_t dst_bytes = type_bytes(given->dst_type);
    const int64_t residual_bytes = e.residual_type == 0 ? 0 : type_bytes(e.residual_type);
    RETURN_IF_ERROR(check_matrix(dst, m, n, ld_dst, dst_bytes));
    if (e.residual_type != 0) {
        RETURN_IF_ERROR(check_matrix(residual, m, n, ld_residual, residual_bytes));
    }
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    if (rows == 0 || columns == 0) {
        return TERSOR_OK;
    }
    /* All arrays of columns from the first of them on. */
    e.multiplier = e.multiplier == NULL ? NULL : e.multiplier + first_column;
    e.offset = e.offset == NULL ? NULL : e.offset + first_column;
    const int32_t *compensation = (const int32_t *) const_row_of(packed, 1, l.compensation) + first_column;
    const int32_t *zero_points = (const int32_t *) const_row_of(packed, 1, l.zero_points) + first_column;
    if (has_parameters) {
        int32_t *start = row_of(scratch, 1, run_scratch(&c, k, src_bytes));
        float *factors = row_of(start, 1, gemm_columns_bytes(c.gemm, n));
        const product_columns source = {
            .count = columns,
            .compensation = compensation,
            .sums = (const int32_t *) const_row_of(packed, 1, l.column_sums) + first_column,
            .multiplier = e.multiplier,
        };
        c.kernels->elementwise->source_columns(&source, gemm_padded_n(c.gemm, columns), src_scale, src_zero_point,
                                               start, factors);
        compensation = start;
        e.multiplier = e.multiplier == NULL ? NULL : factors;
    }
    const bool dense = c.gemm->form == PANEL_DENSE;
    const int64_t first_bytes = dense ? gemm_padded_k(c.gemm, k) * first_column * c.gemm->src_bytes : 0;
    const int64_t *table = const_row_of(packed, 1, l.panels);
    const gemm_operands operands = {
        .m = rows,
        .k = k,
        .n = columns,
        .backwards = c.integers && backwards != 0,
        .src =
            {
                .data = k == 0 ? packed : const_row_of(src, first_row, src_row_stride * src_bytes),
                .row_stride = k == 0 ? 0 : src_row_stride * src_bytes,
                .column_stride = src_column_stride * src_bytes,
                .element_bytes = src_bytes,
                .quantize = c.quantize,
            },
        .weights =
            {
                .panels = const_row_of(packed, 1, l.panels + first_bytes),
                .panel_offsets = dense ? NULL : table + first_column / c.gemm->columns,
                .compensation = c.integers ? compensation : NULL,
                .zero_points = head->has_zero_points ? zero_points : NULL,
            },
        .e = &e,
        .store = epilogue_select(c.kernels->epilogue, c.integers, given->dst_type),
        .dst = row_of(dst, first_row * ld_dst + first_column, dst_bytes),
        .dst_stride = ld_dst * dst_bytes,
        .residual = e.residual_type == 0
                        ? NULL
                        : const_row_of(residual, first_row * ld_residual + first_column, residual_bytes),
        .residual_stride = ld_residual * residual_bytes,
    };
    gemm_run(c.gemm, &operands, scratch);
    return TERSOR_OK;
}
