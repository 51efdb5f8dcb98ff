/* The public convolution: checks, the packed buffer, and the call of the driver. */
#include "check.h"
#include "compiler.h"
#include "conv2d.h"
#include "kernels.h"

/* What serves an instruction set and a pair of types. */
typedef struct choice {
    const isa_kernels *kernels;
    const gemm_kernel *gemm;
    const depthwise_kernel *depthwise;
    bool integers;
} choice;

static tersor_status choose(uint32_t isa, tersor_type src_type, tersor_type weights_type, tersor_sparsity sparsity,
                            bool has_zero_points, choice *c) {
    c->kernels = kernels_for(isa);
    if (c->kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    c->integers = is_i8(src_type) && weights_type == TERSOR_S8;
    if (!c->integers && !(src_type == TERSOR_F32 && weights_type == TERSOR_F32)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    c->gemm = kernels_gemm(c->kernels, src_type, weights_type, sparsity);
    if (c->gemm == NULL || (sparsity != TERSOR_DENSE && has_zero_points)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    c->depthwise = c->integers ? kernels_i8_depthwise(c->kernels, src_type, has_zero_points) : c->kernels->f32_depthwise;
    return TERSOR_OK;
}

static tersor_status check_geometry(const conv2d_geometry *g) {
    RETURN_IF_ERROR(check_range(g, sizeof *g, _Alignof(conv2d_geometry)));
    return conv2d_check_geometry(g);
}

static tersor_status lay_out(const choice *c, const conv2d_geometry *g, tersor_accuracy accuracy, bool has_zero_points,
                             int64_t sparse_bytes, conv2d_layout *l) {
    RETURN_IF_ERROR(check_geometry(g));
    if (accuracy != TERSOR_COMPONENTWISE && accuracy != TERSOR_NORMWISE) {
        return TERSOR_INVALID_ARGUMENT;
    }
    return conv2d_lay_out(c->gemm, c->depthwise, g, accuracy, c->integers, has_zero_points, sparse_bytes, l);
}

static tersor_status check_weights(const choice *c, const conv2d_geometry *g, const void *weights) {
    int64_t bytes;
    if (__builtin_mul_overflow(g->oc * conv2d_k(g), (int64_t) c->gemm->src_bytes, &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(weights, bytes, (size_t) c->gemm->src_bytes);
}

/* Bytes of sparse panels; dense ones do not depend on the weights. */
static tersor_status sparse_bytes_of(const choice *c, const conv2d_geometry *g, const void *weights, int64_t *bytes) {
    *bytes = 0;
    if (c->gemm->form == PANEL_DENSE) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(check_geometry(g));
    RETURN_IF_ERROR(check_weights(c, g, weights));
    return conv2d_sparse_bytes(c->gemm, g, weights, bytes);
}

tersor_status tersor_conv2d_packed_bytes(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                         tersor_sparsity sparsity, tersor_accuracy accuracy,
                                         const tersor_conv2d_geometry *geometry, int32_t has_zero_points,
                                         const void *weights, int64_t *bytes) {
    choice c;
    conv2d_layout l;
    int64_t sparse_bytes;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    RETURN_IF_ERROR(choose(isa, src_type, weights_type, sparsity, has_zero_points != 0, &c));
    RETURN_IF_ERROR(sparse_bytes_of(&c, geometry, weights, &sparse_bytes));
    RETURN_IF_ERROR(lay_out(&c, geometry, accuracy, has_zero_points != 0, sparse_bytes, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

tersor_status tersor_conv2d_pack(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                 tersor_sparsity sparsity, tersor_accuracy accuracy, const tersor_conv2d_geometry *g,
                                 const void *weights, int32_t src_zero_point, const int32_t *weights_zero_points,
                                 const int32_t *bias, void *packed, int64_t packed_bytes) {
    choice c;
    conv2d_layout l;
    int64_t sparse_bytes;
    RETURN_IF_ERROR(choose(isa, src_type, weights_type, sparsity, false, &c));
    RETURN_IF_ERROR(check_geometry(g));
    if (!c.integers && (weights_zero_points != NULL || bias != NULL)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_weights(&c, g, weights));
    RETURN_IF_ERROR(check_zero_point(src_type, src_zero_point));
    const quantization q = {src_zero_point, weights_zero_points, bias};
    bool has_zero_points;
    RETURN_IF_ERROR(gemm_check_quantization(&q, g->oc, &has_zero_points));
    RETURN_IF_ERROR(choose(isa, src_type, weights_type, sparsity, has_zero_points, &c));
    RETURN_IF_ERROR(sparse_bytes_of(&c, g, weights, &sparse_bytes));
    RETURN_IF_ERROR(lay_out(&c, g, accuracy, has_zero_points, sparse_bytes, &l));
    RETURN_IF_ERROR(check_buffer(packed, packed_bytes, l.bytes));
    packed_head *head = packed;
    packed_init(head, PACKED_CONV2D, isa, src_type, l.bytes);
    head->weights_type = weights_type;
    head->k = conv2d_k(g);
    head->n = conv2d_n(g);
    head->scratch_bytes = conv2d_scratch_bytes(c.gemm, c.depthwise, g, &l);
    head->kernel_name = l.method == CONV2D_DEPTHWISE ? c.depthwise->name
                        : l.winograd != NULL         ? l.winograd->name
                                                     : c.gemm->name;
    head->src_zero_point = src_zero_point;
    head->has_zero_points = has_zero_points;
    head->sparsity = sparsity;
    head->accuracy = accuracy;
    head->sparse_bytes = sparse_bytes;
    head->geometry = *g;
    conv2d_pack(c.gemm, c.depthwise, g, &l, weights, &q, packed);
    return TERSOR_OK;
}

static tersor_status check_images(const void *address, int64_t n, int64_t h, int64_t w, int64_t c, int64_t bytes) {
    int64_t total;
    if (n == 0 || h == 0 || w == 0) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(checked_product((const int64_t[]){n, h, w, c, bytes}, 5, &total));
    return check_range(address, total, (size_t) bytes);
}

/* The ranges of the images and the part of them; sets the output's extents. */
static tersor_status check_operands(const conv2d_geometry *g, int64_t n, conv2d_operands *o) {
    image *s = &o->source;
    RETURN_IF_ERROR(check_dimension(n));
    RETURN_IF_ERROR(check_dimension(s->h));
    RETURN_IF_ERROR(check_dimension(s->w));
    RETURN_IF_ERROR(check_images(s->data, n, s->h, s->w, g->ic, s->element_bytes));
    s->oh = conv2d_out(s->h, g->pad_top + g->pad_bottom, g->kh, g->stride_h, g->dilation_h);
    s->ow = conv2d_out(s->w, g->pad_left + g->pad_right, g->kw, g->stride_w, g->dilation_w);
    RETURN_IF_ERROR(check_images(o->dst, n, s->oh, s->ow, g->oc, o->dst_bytes));
    if (o->residual_bytes != 0) {
        RETURN_IF_ERROR(check_images(o->residual, n, s->oh, s->ow, g->oc, o->residual_bytes));
    }
    int64_t lines;
    RETURN_IF_ERROR(checked_product((const int64_t[]){n, s->oh}, 2, &lines));
    RETURN_IF_ERROR(check_part(o->first_line, o->lines, lines));
    RETURN_IF_ERROR(check_part(o->first_channel, o->channels, g->oc));
    const bool whole = o->first_channel == 0 && o->channels == g->oc;
    return whole || (g->groups == 1 && o->first_channel % TERSOR_CHANNELS == 0) ? TERSOR_OK : TERSOR_INVALID_SIZE;
}

tersor_status tersor_conv2d(const void *packed, int64_t packed_bytes, const tersor_epilogue *given, int64_t n,
                            int64_t h, int64_t w, int64_t first_line, int64_t lines, int64_t first_channel,
                            int64_t channels, const void *src, const void *residual, void *dst, void *scratch,
                            int64_t scratch_bytes) {
    choice c;
    conv2d_layout l;
    epilogue e;
    RETURN_IF_ERROR(packed_check(packed, packed_bytes, PACKED_CONV2D));
    const packed_head *head = packed;
    const conv2d_geometry *g = &head->geometry;
    RETURN_IF_ERROR(
        choose(head->isa, head->src_type, head->weights_type, head->sparsity, head->has_zero_points != 0, &c));
    RETURN_IF_ERROR(lay_out(&c, g, head->accuracy, head->has_zero_points != 0, head->sparse_bytes, &l));
    if (l.bytes != head->bytes) {
        return TERSOR_INVALID_PACKED;
    }
    RETURN_IF_ERROR(epilogue_prepare(g->oc, given, c.integers, &e));
    if (given->dst_type == TERSOR_BF16) {
        return TERSOR_INVALID_ARGUMENT;
    }
    conv2d_operands operands = {
        .source =
            {
                .data = src,
                .h = h,
                .w = w,
                .element_bytes = c.gemm->src_bytes,
                .padding = head->src_zero_point,
            },
        .first_line = first_line,
        .lines = lines,
        .first_channel = first_channel,
        .channels = channels,
        .e = &e,
        .store = epilogue_select(c.kernels->epilogue, c.integers, given->dst_type),
        .dst = dst,
        .dst_type = given->dst_type,
        .dst_bytes = type_bytes(given->dst_type),
        .residual = e.residual_type == 0 ? NULL : residual,
        .residual_bytes = e.residual_type == 0 ? 0 : type_bytes(e.residual_type),
    };
    RETURN_IF_ERROR(check_operands(g, n, &operands));
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, head->scratch_bytes));
    if (lines > 0 && channels > 0 && operands.source.ow > 0) {
        conv2d_run(c.gemm, c.depthwise, packed, &l, &operands, scratch);
    }
    return TERSOR_OK;
}
