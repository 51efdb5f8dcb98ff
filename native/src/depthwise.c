#include "conv2d.h"

#include "check.h"
#include "compiler.h"

static int64_t steps_of(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return (g->kh * g->kw + kernel->taps_per_step - 1) / kernel->taps_per_step;
}

static int64_t padded_channels(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return round_up(g->oc, kernel->block);
}

tersor_status depthwise_weights_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes) {
    if (kernel->line != NULL) {
        return lines_weights_bytes(kernel, g, bytes);
    }
    if (kernel->columns != NULL) {
        return column_weights_bytes(g, bytes);
    }
    const int64_t factors[] = {steps_of(kernel, g), padded_channels(kernel, g), 4};
    return checked_product(factors, 3, bytes);
}

int64_t depthwise_columns_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    return round_up(padded_channels(kernel, g) * 4, TERSOR_ALIGNMENT);
}

/* The channel at a position of a block. */
static int64_t channel_at(const depthwise_kernel *kernel, int64_t position) {
    const int64_t lane_channels = kernel->block / kernel->lanes;
    const int64_t lane = position / 4 % kernel->lanes, unit = position / 4 / kernel->lanes;
    return lane * lane_channels + unit * 4 + position % 4;
}

static void pack_channel(const depthwise_kernel *kernel, const int8_t *weights, int64_t taps, int32_t zero_point,
                         void *to, int64_t step_bytes, int32_t *sum) {
    for (int64_t tap = 0; tap < taps; tap++) {
        const int32_t weight = weights[tap] - zero_point;
        char *step = row_of(to, tap / kernel->taps_per_step, step_bytes);
        const int64_t slot = tap % kernel->taps_per_step;
        ((int16_t *) (void *) step)[slot] = (int16_t) weight;
        *sum = (int32_t) ((uint32_t) *sum + (uint32_t) weight);
    }
}

void depthwise_pack(const depthwise_kernel *kernel, const conv2d_geometry *g, const void *weights,
                    const quantization *q, void *packed, int32_t *compensation) {
    if (kernel->line != NULL) {
        lines_pack(kernel, g, weights, packed);
        return;
    }
    if (kernel->columns != NULL) {
        column_pack(g, weights, q, kernel->format->src_shift, packed, compensation);
        return;
    }
    const int64_t taps = g->kh * g->kw, steps = steps_of(kernel, g);
    const int64_t step_bytes = (int64_t) kernel->block * 4;
    const uint32_t src_zero_point = (uint32_t) (q->src_zero_point + kernel->format->src_shift);
    memset(packed, 0, (size_t) (padded_channels(kernel, g) * steps * 4));
    memset(compensation, 0, (size_t) depthwise_columns_bytes(kernel, g));
    for (int64_t block = 0; block < g->oc; block += kernel->block) {
        const int64_t count = min_s64(kernel->block, g->oc - block);
        for (int64_t position = 0; position < kernel->block; position++) {
            const int64_t in_block = channel_at(kernel, position), c = block + in_block;
            if (in_block >= count) {
                continue;
            }
            char *to = row_of(packed, block * steps + position, 4);
            const int32_t zero_point = q->weights_zero_points == NULL ? 0 : q->weights_zero_points[c];
            int32_t sum = 0;
            pack_channel(kernel, (const int8_t *) weights + c * taps, taps, zero_point, to, step_bytes, &sum);
            const uint32_t bias = q->bias == NULL ? 0 : (uint32_t) q->bias[c];
            compensation[block + position] = (int32_t) (bias - src_zero_point * (uint32_t) sum);
        }
    }
}

/* Parts of the scratch. */
typedef struct depthwise_scratch {
    int64_t *offsets; /* of the taps, and those that fill the last step up */
    int32_t *acc;
    char *band;
} depthwise_scratch;

static depthwise_scratch scratch_at(const depthwise_kernel *kernel, const conv2d_geometry *g, void *scratch) {
    depthwise_scratch s;
    const int64_t offsets = steps_of(kernel, g) * kernel->taps_per_step * (int64_t) sizeof(int64_t);
    s.offsets = scratch;
    s.acc = row_of(scratch, 1, round_up(offsets, TERSOR_ALIGNMENT));
    s.band = row_of(s.acc, kernel->format->rows, (int64_t) kernel->block * 4);
    return s;
}

int64_t depthwise_scratch_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g) {
    if (kernel->line != NULL) {
        return lines_scratch_bytes(kernel, g);
    }
    if (kernel->columns != NULL) {
        return column_scratch_bytes(g);
    }
    const window w = window_of_channels(kernel->format, g, kernel->block);
    return (int64_t) (uintptr_t) scratch_at(kernel, g, NULL).band + window_band_bytes(&w);
}

/* All channels of the block's pixels. */
static void run_block(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                      const conv2d_operands *o, const depthwise_scratch *s, const row_block *block) {
    const conv2d_geometry *g = &head->geometry;
    const int64_t row_bytes = kernel->format->row_bytes;
    const bool requantizes = kernel->requantizes && epilogue_is_requantization(o->e);
    for (int64_t c = 0; c < g->oc; c += kernel->block) {
        const int64_t channels = min_s64(kernel->block, g->oc - c);
        depthwise_tile sums = {
            .src_stride = block->src_stride,
            .offsets = s->offsets,
            .steps = steps_of(kernel, g),
            .init = const_row_of(head, 1, l->compensation + c * 4),
            .acc = s->acc,
            .e = o->e,
        };
        sums.weights = const_row_of(head, 1, l->panels + c * sums.steps * 4);
        for (int64_t t = 0; t < block->count; t++) {
            const row_tile *rows = &block->tiles[t];
            sums.pixels = rows->kept;
            sums.src = rows->src + c * row_bytes;
            const epilogue_tile tile = {
                .acc = s->acc,
                .acc_stride = kernel->block,
                .rows = rows->kept,
                .first = c,
                .columns = channels,
                .dst = row_of(o->dst, rows->dst_row * g->oc, o->dst_bytes),
                .dst_stride = g->oc * o->dst_bytes,
                .residual =
                    o->residual == NULL ? NULL : const_row_of(o->residual, rows->dst_row * g->oc, o->residual_bytes),
                .residual_stride = g->oc * o->residual_bytes,
            };
            sums.results = requantizes && channels == kernel->block ? &tile : NULL;
            kernel->sum(&sums);
            if (sums.results == NULL) {
                o->store(o->e, &tile);
            }
        }
    }
}

void depthwise_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                   const conv2d_operands *o, void *scratch) {
    if (kernel->line != NULL) {
        lines_run(kernel, head, l, o, scratch);
        return;
    }
    if (kernel->columns != NULL) {
        column_run(kernel, head, l, o, scratch);
        return;
    }
    const conv2d_geometry *g = &head->geometry;
    const window w = window_of_channels(kernel->format, g, kernel->block);
    const depthwise_scratch s = scratch_at(kernel, g, scratch);
    const int64_t taps = g->kh * g->kw, all = steps_of(kernel, g) * kernel->taps_per_step;
    row_block block;
    row_block_init(&block);
    for (window_part p = window_first(&w, &o->source, o->first_line, o->lines); p.lines > 0; window_next(&p)) {
        window_block(&w, &p, 0, false, s.offsets, s.band, &block);
        for (int64_t i = taps; i < all; i++) {
            s.offsets[i] = s.offsets[0]; /* anything readable: the weight is 0 */
        }
        run_block(kernel, head, l, o, &s, &block);
    }
}
