#include "conv2d.h"

#include "check.h"
#include "compiler.h"

enum { PIXELS = 8 /* per call of the epilogue */ };

int64_t depthwise_padded_channels(int64_t channels) {
    return round_up(channels, DEPTHWISE_BLOCK);
}

int64_t depthwise_steps(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return (g->kh * g->kw + kernel->taps_per_step - 1) / kernel->taps_per_step;
}

tersor_status depthwise_weights_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes) {
    /* Two int16 or one float. */
    const int64_t factors[] = {depthwise_steps(kernel, g), depthwise_padded_channels(g->oc), 4};
    return checked_product(factors, 3, bytes);
}

static int64_t addresses_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    const int64_t addresses = depthwise_steps(kernel, g) * kernel->taps_per_step;
    return round_up(addresses * (int64_t) sizeof(void *), TERSOR_ALIGNMENT);
}

int64_t depthwise_scratch_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    const int64_t channels = depthwise_padded_channels(g->oc);
    return addresses_bytes(kernel, g) + round_up(channels * kernel->src_bytes, TERSOR_ALIGNMENT) +
           PIXELS * channels * 4;
}

static void pack_i8(const conv2d_geometry *g, const int8_t *weights, const quantization *q, int16_t *packed,
                    int32_t *compensation) {
    const int64_t taps = g->kh * g->kw;
    const int64_t channels = depthwise_padded_channels(g->oc);
    memset(packed, 0, (size_t) ((taps + 1) / 2 * channels * 4));
    memset(compensation, 0, (size_t) (channels * 4));
    for (int64_t c = 0; c < g->oc; c++) {
        const int32_t zero_point = q->weights_zero_points == NULL ? 0 : q->weights_zero_points[c];
        int32_t sum = 0;
        for (int64_t tap = 0; tap < taps; tap++) {
            const int32_t weight = weights[c * taps + tap] - zero_point;
            packed[(tap / 2 * channels + c) * 2 + tap % 2] = (int16_t) weight;
            sum = (int32_t) ((uint32_t) sum + (uint32_t) weight);
        }
        const uint32_t bias = q->bias == NULL ? 0 : (uint32_t) q->bias[c];
        compensation[c] = (int32_t) (bias - (uint32_t) q->src_zero_point * (uint32_t) sum);
    }
}

static void pack_f32(const conv2d_geometry *g, const float *weights, float *packed) {
    const int64_t taps = g->kh * g->kw;
    const int64_t channels = depthwise_padded_channels(g->oc);
    memset(packed, 0, (size_t) (taps * channels * 4));
    for (int64_t c = 0; c < g->oc; c++) {
        for (int64_t tap = 0; tap < taps; tap++) {
            packed[tap * channels + c] = weights[c * taps + tap];
        }
    }
}

void depthwise_pack(const conv2d_geometry *g, const void *weights, int64_t element_bytes, const quantization *q,
                    void *packed, int32_t *compensation) {
    if (element_bytes == 1) {
        pack_i8(g, weights, q, packed, compensation);
    } else {
        pack_f32(g, weights, packed);
    }
}

/* The addresses under the window of one output pixel; those outside the image are the padding pixel's. */
static void collect(const conv2d_geometry *g, const image *s, int64_t pixel, const void *padding,
                    const void **addresses) {
    const int64_t ow = pixel % s->ow;
    const int64_t oh = pixel / s->ow % s->oh;
    const int64_t n = pixel / s->ow / s->oh;
    for (int64_t kh = 0; kh < g->kh; kh++) {
        const int64_t h = oh * g->stride_h - g->pad_top + kh * g->dilation_h;
        for (int64_t kw = 0; kw < g->kw; kw++) {
            const int64_t w = ow * g->stride_w - g->pad_left + kw * g->dilation_w;
            const bool inside = h >= 0 && h < s->h && w >= 0 && w < s->w;
            const int64_t at = ((n * s->h + h) * s->w + w) * g->ic;
            *addresses++ = inside ? const_row_of(s->data, at, s->element_bytes) : padding;
        }
    }
}

void depthwise_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                   const conv2d_operands *o, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    const image *s = &o->source;
    const int64_t end = (o->first_line + o->lines) * s->ow;
    const int64_t channels = depthwise_padded_channels(g->oc);
    const int64_t steps = depthwise_steps(kernel, g);
    const void **addresses = scratch;
    void *padding = row_of(scratch, 1, addresses_bytes(kernel, g));
    const int64_t padding_bytes = round_up(channels * kernel->src_bytes, TERSOR_ALIGNMENT);
    int32_t *acc = row_of(padding, 1, padding_bytes);
    memset(padding, s->padding, (size_t) padding_bytes);
    for (int64_t i = 0; i < steps * kernel->taps_per_step; i++) {
        addresses[i] = padding;
    }
    depthwise_sum sum = {
        .taps = addresses,
        .steps = steps,
        .channels = g->oc,
        .weights = const_row_of(head, 1, l->panels),
        .init = l->compensation == 0 ? NULL : const_row_of(head, 1, l->compensation),
    };
    for (int64_t first = o->first_line * s->ow; first < end; first += PIXELS) {
        const int64_t count = min_s64(PIXELS, end - first);
        for (int64_t i = 0; i < count; i++) {
            collect(g, s, first + i, padding, addresses);
            sum.acc = acc + i * channels;
            kernel->sum(&sum);
        }
        const epilogue_tile tile = {
            .acc = acc,
            .acc_stride = channels,
            .rows = count,
            .columns = g->oc,
            .dst = row_of(o->dst, first * g->oc, o->dst_bytes),
            .dst_stride = g->oc * o->dst_bytes,
            .residual = o->residual == NULL ? NULL : const_row_of(o->residual, first * g->oc, o->residual_bytes),
            .residual_stride = g->oc * o->residual_bytes,
        };
        o->store(o->e, &tile);
    }
}
