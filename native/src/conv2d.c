#include "conv2d.h"

#include "check.h"
#include "compiler.h"
#include "depthwise_run.h"
#include "im2col.h"

tersor_status conv2d_check_channels(int64_t ic, int64_t oc, int64_t kh, int64_t kw, int64_t groups) {
    const int64_t values[] = {ic, oc, kh, kw, groups};
    for (int i = 0; i < 5; i++) {
        if (values[i] < 1 || values[i] > MAX_DIMENSION) {
            return TERSOR_INVALID_SIZE;
        }
    }
    if (ic % groups != 0 || oc % groups != 0) {
        return TERSOR_INVALID_SIZE;
    }
    /* The sum's length is a dimension too, which also keeps every product below in range. */
    int64_t k;
    if (__builtin_mul_overflow(kh * kw, ic / groups, &k)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_dimension(k);
}

tersor_status conv2d_check_geometry(const conv2d_geometry *g) {
    RETURN_IF_ERROR(conv2d_check_channels(g->ic, g->oc, g->kh, g->kw, g->groups));
    const int64_t positive[] = {g->stride_h, g->stride_w, g->dilation_h, g->dilation_w};
    const int64_t paddings[] = {g->pad_top, g->pad_left, g->pad_bottom, g->pad_right};
    for (int i = 0; i < 4; i++) {
        RETURN_IF_ERROR(check_dimension(positive[i]));
        RETURN_IF_ERROR(check_dimension(paddings[i]));
        if (positive[i] == 0) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return TERSOR_OK;
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

static bool is_depthwise(const conv2d_geometry *g) {
    return g->groups > 1 && g->groups == g->ic && g->groups == g->oc;
}

static bool is_pointwise(const conv2d_geometry *g) {
    return g->kh == 1 && g->kw == 1 && g->stride_h == 1 && g->stride_w == 1 &&
           (g->pad_top | g->pad_left | g->pad_bottom | g->pad_right) == 0;
}

tersor_status conv2d_lay_out(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             conv2d_layout *l) {
    memset(l, 0, sizeof *l);
    const bool is_f32 = kernel->src_bytes == 4;
    l->depthwise = is_depthwise(g);
    int64_t groups = g->groups;
    if (l->depthwise) {
        groups = 1;
        RETURN_IF_ERROR(depthwise_weights_bytes(depthwise, g, &l->group_panels_bytes));
        l->group_columns_bytes = depthwise_padded_channels(g->oc) * 4;
    } else {
        RETURN_IF_ERROR(gemm_panels_bytes(kernel, conv2d_k(g), conv2d_n(g), &l->group_panels_bytes));
        l->group_columns_bytes = gemm_columns_bytes(kernel, conv2d_n(g));
    }
    const int64_t columns = is_f32 ? 0 : groups * l->group_columns_bytes;
    l->compensation = is_f32 ? 0 : (int64_t) sizeof(packed_head);
    l->zero_points = l->compensation + columns;
    l->panels = (int64_t) sizeof(packed_head) + 2 * columns;
    int64_t panels;
    if (__builtin_mul_overflow(groups, l->group_panels_bytes, &panels) ||
        __builtin_add_overflow(panels, l->panels, &l->bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return TERSOR_OK;
}

static int64_t patch_stride(const gemm_kernel *kernel, const conv2d_geometry *g) {
    return gemm_row_stride(gemm_padded_k(kernel, conv2d_k(g)) * kernel->src_bytes);
}

static int64_t patches_bytes(const gemm_kernel *kernel, const conv2d_geometry *g) {
    if (is_pointwise(g)) {
        return 0;
    }
    return round_up(gemm_block_rows(kernel, conv2d_k(g)) * patch_stride(kernel, g), TERSOR_ALIGNMENT);
}

int64_t conv2d_scratch_bytes(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g) {
    if (is_depthwise(g)) {
        return depthwise_scratch_bytes(depthwise, g);
    }
    return patches_bytes(kernel, g) + gemm_scratch_bytes(kernel, conv2d_k(g), 0);
}

weights_view conv2d_weights(const conv2d_geometry *g, const void *weights, int64_t element_bytes, int64_t group) {
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

static tersor_status check_images(const void *address, int64_t n, int64_t h, int64_t w, int64_t c, int64_t bytes) {
    int64_t total;
    if (n == 0 || h == 0 || w == 0) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(checked_product((const int64_t[]){n, h, w, c, bytes}, 5, &total));
    return check_range(address, total, (size_t) bytes);
}

tersor_status conv2d_check_operands(const conv2d_geometry *g, const conv2d_operands *o, int64_t src_bytes) {
    RETURN_IF_ERROR(check_dimension(o->n));
    RETURN_IF_ERROR(check_dimension(o->h));
    RETURN_IF_ERROR(check_dimension(o->w));
    RETURN_IF_ERROR(check_images(o->src, o->n, o->h, o->w, g->ic, src_bytes));
    const int64_t oh = conv2d_out(o->h, g->pad_top + g->pad_bottom, g->kh, g->stride_h, g->dilation_h);
    const int64_t ow = conv2d_out(o->w, g->pad_left + g->pad_right, g->kw, g->stride_w, g->dilation_w);
    RETURN_IF_ERROR(check_images(o->dst, o->n, oh, ow, g->oc, o->dst_bytes));
    int64_t pixels;
    RETURN_IF_ERROR(checked_product((const int64_t[]){o->n, oh, ow}, 3, &pixels));
    return check_part(o->first, o->count, pixels);
}

/* One group of pixels [first, first + count); src holds their rows, whole k steps each if padded. */
static void multiply(const gemm_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                     const conv2d_operands *o, int64_t group, int64_t first, int64_t count, const void *src,
                     int64_t src_stride, bool padded, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    const int64_t columns_offset = group * l->group_columns_bytes;
    const int64_t channel = group * conv2d_n(g);
    epilogue e = *o->e;
    e.multiplier = e.multiplier == NULL ? NULL : e.multiplier + channel;
    e.offset = e.offset == NULL ? NULL : e.offset + channel;
    const gemm_operands operands = {
        .m = count,
        .k = conv2d_k(g),
        .n = conv2d_n(g),
        .src =
            {
                .data = src,
                .row_stride = src_stride,
                .column_stride = kernel->src_bytes,
                .element_bytes = kernel->src_bytes,
                .padded = padded,
            },
        .weights =
            {
                .panels = const_row_of(head, 1, l->panels + group * l->group_panels_bytes),
                .compensation = l->compensation == 0 ? NULL : const_row_of(head, 1, l->compensation + columns_offset),
                .zero_points = head->has_zero_points ? const_row_of(head, 1, l->zero_points + columns_offset) : NULL,
            },
        .e = &e,
        .store = o->store,
        .dst = row_of(o->dst, first * g->oc + channel, o->dst_bytes),
        .dst_stride = g->oc * o->dst_bytes,
    };
    gemm_run(kernel, &operands, scratch);
}

void conv2d_run(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const void *packed,
                const conv2d_layout *l, const conv2d_operands *o, void *scratch) {
    const packed_head *head = packed;
    const conv2d_geometry *g = &head->geometry;
    if (o->count == 0) {
        return;
    }
    const image source = {
        .data = o->src,
        .h = o->h,
        .w = o->w,
        .oh = conv2d_out(o->h, g->pad_top + g->pad_bottom, g->kh, g->stride_h, g->dilation_h),
        .ow = conv2d_out(o->w, g->pad_left + g->pad_right, g->kw, g->stride_w, g->dilation_w),
        .element_bytes = kernel->src_bytes,
        .padding = o->padding,
    };
    if (l->depthwise) {
        depthwise_run(depthwise, packed, l, &source, o, scratch);
        return;
    }
    if (is_pointwise(g)) {
        for (int64_t group = 0; group < g->groups; group++) {
            const int64_t offset = o->first * g->ic + group * (g->ic / g->groups);
            multiply(kernel, head, l, o, group, o->first, o->count, const_row_of(o->src, offset, kernel->src_bytes),
                     g->ic * kernel->src_bytes, false, scratch);
        }
        return;
    }
    const int64_t block = gemm_block_rows(kernel, conv2d_k(g));
    const int64_t stride = patch_stride(kernel, g);
    const int64_t row_bytes = gemm_padded_k(kernel, conv2d_k(g)) * kernel->src_bytes;
    void *gemm_scratch = row_of(scratch, 1, patches_bytes(kernel, g));
    for (int64_t first = o->first; first < o->first + o->count; first += block) {
        const int64_t count = min_s64(block, o->first + o->count - first);
        for (int64_t group = 0; group < g->groups; group++) {
            im2col(g, &source, group, first, count, scratch, stride, row_bytes);
            multiply(kernel, head, l, o, group, first, count, scratch, stride, true, gemm_scratch);
        }
    }
}
