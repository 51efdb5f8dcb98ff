#include "conv2d.h"

#include "check.h"
#include "compiler.h"
#include "sparse_block.h"
#include "sparse_pack.h"

tersor_status conv2d_check_geometry(const conv2d_geometry *g) {
    const int64_t positive[] = {g->ic,       g->oc,       g->kh,         g->kw,        g->groups,
                                g->stride_h, g->stride_w, g->dilation_h, g->dilation_w};
    const int64_t paddings[] = {g->pad_top, g->pad_left, g->pad_bottom, g->pad_right};
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++) {
        if (positive[i] < 1 || positive[i] > MAX_DIMENSION) {
            return TERSOR_INVALID_SIZE;
        }
    }
    for (int i = 0; i < 4; i++) {
        RETURN_IF_ERROR(check_dimension(paddings[i]));
    }
    if (g->ic % g->groups != 0 || g->oc % g->groups != 0) {
        return TERSOR_INVALID_SIZE;
    }
    /* The sum's length is a dimension too, which also keeps every product below in range. */
    int64_t k;
    if (__builtin_mul_overflow(g->kh * g->kw, g->ic / g->groups, &k)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_dimension(k);
}

int64_t conv2d_k(const conv2d_geometry *g) {
    return g->kh * g->kw * (g->ic / g->groups);
}

int64_t conv2d_n(const conv2d_geometry *g) {
    return g->oc / g->groups;
}

int64_t conv2d_out(int64_t extent, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation) {
    const int64_t room = extent + padding - (dilation * (kernel - 1) + 1);
    return room < 0 ? 0 : room / stride + 1;
}

static conv2d_method method_of(const gemm_kernel *kernel, const conv2d_geometry *g) {
    if (kernel->form == PANEL_DENSE && g->groups > 1 && g->groups == g->ic && g->groups == g->oc) {
        return CONV2D_DEPTHWISE;
    }
    const bool pointwise = g->kh == 1 && g->kw == 1 && g->stride_h == 1 && g->stride_w == 1 &&
                           (g->pad_top | g->pad_left | g->pad_bottom | g->pad_right) == 0;
    return pointwise ? CONV2D_POINTWISE : CONV2D_DIRECT;
}

/* k with every run padded to whole steps. */
static int64_t padded_k(const gemm_kernel *kernel, const conv2d_geometry *g, conv2d_method method) {
    return method == CONV2D_POINTWISE ? gemm_padded_k(kernel, conv2d_k(g))
                                      : window_runs(g) * gemm_padded_k(kernel, window_run_length(g));
}

tersor_status conv2d_lay_out(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             tersor_accuracy accuracy, bool integers, bool has_zero_points, int64_t sparse_bytes,
                             conv2d_layout *l) {
    memset(l, 0, sizeof *l);
    l->method = method_of(kernel, g);
    l->winograd = winograd_select(kernel, g, accuracy);
    if (l->winograd != NULL && !winograd_has_plain_weights(l->winograd)) {
        l->method = CONV2D_WINOGRAD;
    }
    int64_t groups = g->groups;
    int64_t ones_bytes = 0;
    if (l->method == CONV2D_DEPTHWISE) {
        groups = 1;
        RETURN_IF_ERROR(depthwise_weights_bytes(depthwise, g, &l->group_panels_bytes));
        l->group_columns_bytes = depthwise_columns_bytes(depthwise, g);
    } else if (l->method == CONV2D_WINOGRAD) {
        l->group_panel_bytes = winograd_panel_bytes(kernel, l->winograd, g);
        l->group_panels_bytes = gemm_padded_n(kernel, g->oc) / kernel->columns * l->group_panel_bytes;
    } else if (kernel->form != PANEL_DENSE) {
        l->group_columns_bytes = gemm_columns_bytes(kernel, conv2d_n(g));
        l->group_panels = sparse_panels(kernel, conv2d_n(g));
        sparse_bytes += sparse_table_bytes(groups * l->group_panels);
    } else {
        const int64_t k = padded_k(kernel, g, l->method);
        RETURN_IF_ERROR(gemm_panels_bytes(kernel, k, conv2d_n(g), &l->group_panels_bytes));
        l->group_panel_bytes = k * kernel->columns * kernel->src_bytes;
        l->group_columns_bytes = gemm_columns_bytes(kernel, conv2d_n(g));
        ones_bytes = has_zero_points && l->method == CONV2D_DIRECT ? l->group_panel_bytes : 0;
    }
    const int64_t columns = integers ? groups * l->group_columns_bytes : 0;
    l->compensation = integers ? (int64_t) sizeof(packed_head) : 0;
    l->zero_points = l->compensation + columns;
    l->panels = (int64_t) sizeof(packed_head) + 2 * columns;
    int64_t panels;
    if (__builtin_mul_overflow(groups, l->group_panels_bytes, &panels) ||
        __builtin_add_overflow(panels, l->panels, &l->bytes) ||
        __builtin_add_overflow(l->bytes, round_up(ones_bytes, TERSOR_ALIGNMENT), &l->bytes) ||
        __builtin_add_overflow(l->bytes, sparse_bytes, &l->bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    l->ones = ones_bytes == 0 ? 0 : l->panels + panels;
    return TERSOR_OK;
}

/* Parts of the scratch of a direct convolution. */
typedef struct direct_scratch {
    int64_t *offsets;
    int32_t *sums;
    void *sparse;
    void *accumulators;
    char *band;
} direct_scratch;

static direct_scratch direct_scratch_at(const window *w, void *scratch) {
    const gemm_kernel *kernel = w->kernel;
    const bool chunked = row_block_is_chunked(kernel, w->runs, w->run_steps);
    direct_scratch s;
    s.offsets = scratch;
    s.sums = row_of(scratch, 1, window_offsets_bytes(w));
    s.sparse = row_of(s.sums, MAX_BLOCK_ROWS, 4);
    s.accumulators = row_of(s.sparse, 1, sparse_block_bytes(kernel, w->runs * w->run_steps));
    s.band = row_of(s.accumulators, chunked ? row_block_sums(kernel, MAX_BLOCK_ROWS) : 0, (int64_t) kernel->columns * 4);
    return s;
}

int64_t conv2d_scratch_bytes(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             const conv2d_layout *l) {
    switch (l->method) {
    case CONV2D_WINOGRAD:
        return winograd_scratch_bytes(kernel, l->winograd, g);
    case CONV2D_DEPTHWISE:
        return depthwise_scratch_bytes(depthwise, g);
    case CONV2D_POINTWISE:
        return gemm_scratch_bytes(kernel, conv2d_k(g), 0);
    default: {
        const window w = window_of(kernel, g);
        const int64_t bytes = (int64_t) (uintptr_t) direct_scratch_at(&w, NULL).band + window_band_bytes(&w);
        const int64_t filtered = l->winograd == NULL ? 0 : winograd_scratch_bytes(kernel, l->winograd, g);
        return filtered > bytes ? filtered : bytes;
    }
    }
}

/* Weights [oc, ic / groups, kh, kw] of one group in the order [kh, kw, ic / groups]. */
static weights_view view_of(const conv2d_geometry *g, const void *weights, int64_t element_bytes, int64_t group) {
    const int64_t taps = g->kh * g->kw;
    const int64_t channels = g->ic / g->groups;
    return (weights_view){
        .data = const_row_of(weights, group * conv2d_n(g) * conv2d_k(g), element_bytes),
        .k = conv2d_k(g),
        .n = conv2d_n(g),
        .k_run = channels,
        .k_stride = 1,
        .run_stride = taps,
        .n_stride = taps * channels,
    };
}

/* Run after run, each padded to whole steps. */
static void pack_runs(const gemm_kernel *kernel, const conv2d_geometry *g, const weights_view *all, void *panels) {
    const int64_t runs = window_runs(g), length = window_run_length(g);
    const int64_t run_bytes = gemm_padded_k(kernel, length) * kernel->columns * kernel->src_bytes;
    for (int64_t run = 0; run < runs; run++) {
        weights_view view = *all;
        view.data = const_row_of(all->data, weights_offset(all, run * length), kernel->src_bytes);
        view.k = length;
        gemm_pack_panels(kernel, &view, row_of(panels, run, run_bytes), runs * run_bytes);
    }
}

/* A group's weights as runs of k. */
static sparse_weights sparse_view_of(const gemm_kernel *kernel, const conv2d_geometry *g, const weights_view *view) {
    const bool pointwise = method_of(kernel, g) == CONV2D_POINTWISE;
    return (sparse_weights){
        .view = view,
        .runs = pointwise ? 1 : window_runs(g),
        .run_length = pointwise ? view->k : window_run_length(g),
    };
}

tersor_status conv2d_sparse_bytes(const gemm_kernel *kernel, const conv2d_geometry *g, const void *weights,
                                  int64_t *bytes) {
    *bytes = 0;
    for (int64_t group = 0; kernel->form != PANEL_DENSE && group < g->groups; group++) {
        const weights_view view = view_of(g, weights, kernel->src_bytes, group);
        const sparse_weights w = sparse_view_of(kernel, g, &view);
        int64_t group_bytes;
        RETURN_IF_ERROR(sparse_panels_bytes(kernel, &w, &group_bytes));
        if (__builtin_add_overflow(*bytes, group_bytes, bytes)) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return TERSOR_OK;
}

static void pack_ones(const gemm_kernel *kernel, const conv2d_geometry *g, void *panel) {
    static const int8_t one = 1;
    const weights_view view = {.data = &one, .k = conv2d_k(g), .n = 1, .k_run = 1};
    pack_runs(kernel, g, &view, panel);
}

void conv2d_pack(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                 const conv2d_layout *l, const void *weights, const quantization *q, void *packed) {
    if (l->method == CONV2D_DEPTHWISE) {
        depthwise_pack(depthwise, g, weights, q, row_of(packed, 1, l->panels), row_of(packed, 1, l->compensation));
        return;
    }
    if (l->method == CONV2D_WINOGRAD) {
        winograd_pack(kernel, l->winograd, g, weights, row_of(packed, 1, l->panels));
        return;
    }
    int64_t *table = row_of(packed, 1, l->panels);
    char *sparse = row_of(table, 1, sparse_table_bytes(g->groups * l->group_panels));
    for (int64_t group = 0; group < g->groups; group++) {
        const weights_view view = view_of(g, weights, kernel->src_bytes, group);
        void *panels = row_of(packed, 1, l->panels + group * l->group_panels_bytes);
        if (l->group_panels != 0) {
            const sparse_weights w = sparse_view_of(kernel, g, &view);
            sparse = sparse_pack_panels(kernel, &w, (const char *) table, table + group * l->group_panels, sparse);
        } else if (l->method == CONV2D_POINTWISE) {
            gemm_pack_panels(kernel, &view, panels, l->group_panel_bytes);
        } else {
            pack_runs(kernel, g, &view, panels);
        }
        if (l->compensation != 0) {
            const int64_t channel = group * conv2d_n(g), columns = group * l->group_columns_bytes;
            const quantization of_group = {
                q->src_zero_point,
                q->weights_zero_points == NULL ? NULL : q->weights_zero_points + channel,
                q->bias == NULL ? NULL : q->bias + channel,
            };
            gemm_pack_columns(kernel, &view, &of_group, row_of(packed, 1, l->compensation + columns),
                              row_of(packed, 1, l->zero_points + columns), NULL);
        }
    }
    if (l->ones != 0) {
        pack_ones(kernel, g, row_of(packed, 1, l->ones));
    }
}

/* Everything but the source of the multiplication of one group, into the output row that dst_row 0 means. */
static gemm_operands operands_of(const gemm_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                                 const conv2d_operands *o, int64_t group, int64_t row, epilogue *e) {
    const conv2d_geometry *g = &head->geometry;
    /* Several groups are computed whole, channels of one in part. */
    const int64_t channel = group * conv2d_n(g) + o->first_channel;
    const int64_t columns = group * l->group_columns_bytes + o->first_channel * 4;
    const bool has_zero_points = head->has_zero_points != 0;
    const int64_t panel = o->first_channel / kernel->columns;
    const int64_t *table = const_row_of(head, 1, l->panels);
    *e = *o->e;
    e->multiplier = e->multiplier == NULL ? NULL : e->multiplier + channel;
    e->offset = e->offset == NULL ? NULL : e->offset + channel;
    return (gemm_operands){
        .k = conv2d_k(g),
        .n = g->groups == 1 ? o->channels : conv2d_n(g),
        .weights =
            {
                .panels = const_row_of(head, 1,
                                       l->panels + group * l->group_panels_bytes + panel * l->group_panel_bytes),
                .panel_offsets = l->group_panels == 0 ? NULL : table + group * l->group_panels + panel,
                .compensation = l->compensation == 0 ? NULL : const_row_of(head, 1, l->compensation + columns),
                .zero_points = has_zero_points ? const_row_of(head, 1, l->zero_points + columns) : NULL,
            },
        .e = e,
        .store = o->store,
        .dst = row_of(o->dst, row * g->oc + channel, o->dst_bytes),
        .dst_stride = g->oc * o->dst_bytes,
        .residual = o->residual == NULL ? NULL : const_row_of(o->residual, row * g->oc + channel, o->residual_bytes),
        .residual_stride = g->oc * o->residual_bytes,
    };
}

static void run_pointwise(const gemm_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                          const conv2d_operands *o, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    const int64_t first = o->first_line * o->source.ow;
    for (int64_t group = 0; group < g->groups; group++) {
        epilogue e;
        gemm_operands operands = operands_of(kernel, head, l, o, group, first, &e);
        operands.m = o->lines * o->source.ow;
        operands.src = (gemm_source){
            .data = const_row_of(o->source.data, first * g->ic + group * (g->ic / g->groups), kernel->src_bytes),
            .row_stride = g->ic * kernel->src_bytes,
            .column_stride = kernel->src_bytes,
            .element_bytes = kernel->src_bytes,
        };
        gemm_run(kernel, &operands, scratch);
    }
}

static void run_direct(const gemm_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                       const conv2d_operands *o, void *scratch) {
    _Alignas(64) int32_t tile_accumulators[MAX_TILE];
    const conv2d_geometry *g = &head->geometry;
    const window w = window_of(kernel, g);
    const direct_scratch parts = direct_scratch_at(&w, scratch);
    row_block block;
    row_block_init(&block);
    block.sums = parts.sums;
    block.sparse = parts.sparse;
    block.chunked = row_block_is_chunked(kernel, w.runs, w.run_steps);
    block.accumulators = block.chunked ? parts.accumulators : tile_accumulators;
    for (window_part p = window_first(&w, &o->source, o->first_line, o->lines); p.lines > 0; window_next(&p)) {
        for (int64_t group = 0; group < g->groups; group++) {
            epilogue e;
            const gemm_operands operands = operands_of(kernel, head, l, o, group, 0, &e);
            window_block(&w, &p, group, group > 0, parts.offsets, parts.band, &block);
            if (l->ones != 0) {
                row_block_sum(kernel, &block, const_row_of(head, 1, l->ones), parts.sums);
            }
            row_block_multiply(kernel, &operands, &block);
        }
    }
    row_block_finish(kernel, &block);
}

static void run_winograd(const gemm_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                         const conv2d_operands *o, void *scratch) {
    epilogue e;
    const gemm_operands operands = operands_of(kernel, head, l, o, 0, 0, &e);
    winograd_run(kernel, l->winograd, &head->geometry, &operands, &o->source, o->first_line, o->lines, scratch);
}

void conv2d_run(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const void *packed,
                const conv2d_layout *l, const conv2d_operands *o, void *scratch) {
    switch (l->method) {
    case CONV2D_POINTWISE:
        run_pointwise(kernel, packed, l, o, scratch);
        break;
    case CONV2D_DEPTHWISE:
        depthwise_run(depthwise, packed, l, o, scratch);
        break;
    case CONV2D_WINOGRAD:
        run_winograd(kernel, packed, l, o, scratch);
        break;
    default:
        if (l->winograd != NULL && winograd_pays(l->winograd, &o->source, o->lines)) {
            run_winograd(kernel, packed, l, o, scratch);
        } else {
            run_direct(kernel, packed, l, o, scratch);
        }
        break;
    }
}
