#include "depthwise_lines.h"

#include "check.h"
#include "compiler.h"
#include "conv2d.h"

enum { STRIP = 16 /* pixels whose sums wait for the common epilogue */ };

/* The channels as whole vectors, and as many as keep the buffer's end aligned. */
static int64_t padded_channels(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return round_up(g->oc, kernel->block < 16 ? 16 : kernel->block);
}

tersor_status lines_weights_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes) {
    const int64_t factors[] = {g->kh, g->kw, padded_channels(kernel, g), 4};
    return checked_product(factors, 4, bytes);
}

void lines_pack(const depthwise_kernel *kernel, const conv2d_geometry *g, const float *weights, float *packed) {
    const int64_t taps = g->kh * g->kw, lanes = kernel->block;
    memset(packed, 0, (size_t) (taps * padded_channels(kernel, g) * 4));
    for (int64_t c = 0; c < g->oc; c++) {
        for (int64_t tap = 0; tap < taps; tap++) {
            packed[(c / lanes * taps + tap) * lanes + c % lanes] = weights[c * taps + tap];
        }
    }
}

int64_t lines_scratch_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return STRIP * padded_channels(kernel, g) * 4;
}

/* The rows of taps that are inside the image, and where they read. */
static void place(const packed_head *head, const conv2d_operands *o, int64_t line, line_tile *t, int64_t *first_row) {
    const conv2d_geometry *g = &head->geometry;
    const image *s = &o->source;
    const int64_t n = line / s->oh, h = line % s->oh * g->stride_h - g->pad_top;
    const int64_t first = h >= 0 ? 0 : min_s64(g->kh, (-h + g->dilation_h - 1) / g->dilation_h);
    const int64_t end = h >= s->h ? 0 : min_s64(g->kh, (s->h - h + g->dilation_h - 1) / g->dilation_h);
    t->rows = end > first ? end - first : 0;
    /* No row: no address is formed outside the image. */
    t->src = t->rows == 0 ? s->data : const_row_of(s->data, (n * s->h + h + first * g->dilation_h) * s->w * g->ic, 4);
    *first_row = first;
}

void lines_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
               const conv2d_operands *o, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    const image *s = &o->source;
    const epilogue *e = o->e;
    const bool finishes = e->residual_type == 0 && e->function == TERSOR_IDENTITY;
    line_tile t = {
        .channels = g->oc,
        .row_stride = g->dilation_h * s->w * g->ic,
        .pixel_stride = g->ic,
        .width = s->w,
        .column = -g->pad_left,
        .taps = g->kw,
        .stride = g->stride_w,
        .dilation = g->dilation_w,
        .dst = scratch,
        .dst_stride = g->oc,
        .all_taps = g->kh * g->kw,
        .offset = finishes ? e->offset : NULL,
        .clamps = finishes && e->clamps,
        .lo = e->lo,
        .hi = e->hi,
    };
    for (int64_t line = o->first_line; line < o->first_line + o->lines; line++) {
        int64_t first_row;
        place(head, o, line, &t, &first_row);
        t.weights = (const float *) const_row_of(head, 1, l->panels) + first_row * g->kw * kernel->block;
        if (finishes) {
            t.pixels = s->ow;
            t.dst = (float *) o->dst + line * s->ow * g->oc;
            kernel->line(&t);
            continue;
        }
        for (t.first = 0; t.first < s->ow; t.first += STRIP) {
            t.pixels = min_s64(STRIP, s->ow - t.first);
            kernel->line(&t);
            const int64_t row = line * s->ow + t.first;
            const epilogue_tile results = {
                .acc = t.dst,
                .acc_stride = t.dst_stride,
                .rows = t.pixels,
                .columns = g->oc,
                .dst = row_of(o->dst, row * g->oc, o->dst_bytes),
                .dst_stride = g->oc * o->dst_bytes,
                .residual = o->residual == NULL ? NULL : const_row_of(o->residual, row * g->oc, o->residual_bytes),
                .residual_stride = g->oc * o->residual_bytes,
            };
            o->store(e, &results);
        }
    }
}
