#include "depthwise_columns.h"

#include "check.h"
#include "compiler.h"
#include "conv2d.h"
#include "scalar.h"

enum {
    GROUP_BYTES = COLUMN_CHANNELS * COLUMN_GROUP,
    COLUMNS_BYTES = 16 * 1024, /* stay in L1 beside the image lines */
    MAX_PIXELS = 64
};

/* How a geometry's windows are walked. */
typedef struct walk {
    const conv2d_geometry *g;
    int64_t line_step;     /* image lines from one pixel of a column to the next */
    int64_t lines, groups; /* output lines that share columns, and groups of a column */
    bool by_taps;          /* columns are not shared by neighbouring windows */
    int64_t pixels;        /* at most, in a strip */
} walk;

static int64_t shared_columns(const conv2d_geometry *g, int64_t pixels) {
    return (pixels - 1) * g->stride_w + g->dilation_w * (g->kw - 1) + 1;
}

static int64_t columns_of(const conv2d_geometry *g, int64_t pixels) {
    return min_s64(shared_columns(g, pixels), pixels * g->kw);
}

static int64_t column_bytes(const walk *w) {
    return w->groups * GROUP_BYTES;
}

static walk walk_of(const conv2d_geometry *g) {
    walk w = {.g = g, .line_step = g->kh == 1 ? g->stride_h : g->dilation_h};
    /* A second line needs one pixel more of a column, which must not cost a group. */
    w.lines = w.line_step == g->stride_h && g->kh % COLUMN_GROUP != 0 ? 2 : 1;
    w.groups = (g->kh + COLUMN_GROUP - 1) / COLUMN_GROUP;
    for (w.pixels = MAX_PIXELS; w.pixels > 1 && columns_of(g, w.pixels) > COLUMNS_BYTES / column_bytes(&w);) {
        w.pixels--;
    }
    w.by_taps = shared_columns(g, w.pixels) > w.pixels * g->kw;
    return w;
}

static int64_t blocks_of(const conv2d_geometry *g) {
    return (g->oc + COLUMN_CHANNELS - 1) / COLUMN_CHANNELS;
}

static int64_t block_channels(const conv2d_geometry *g, int64_t block) {
    return min_s64(COLUMN_CHANNELS, g->oc - block * COLUMN_CHANNELS);
}

static int64_t parts_of(int64_t channels) {
    return channels > COLUMN_CHANNELS / 2 ? 1 : channels > COLUMN_CHANNELS / 4 ? 2 : 4;
}

/* The channel at a position of a block. */
static int64_t channel_at(int64_t position, int64_t parts) {
    const int64_t lane = position / 4 % 4 % (4 / parts), unit = position / 16;
    return lane * 16 + unit * 4 + position % 4;
}

static int64_t block_weights_bytes(const walk *w) {
    return w->lines * w->g->kw * column_bytes(w);
}

tersor_status column_weights_bytes(const conv2d_geometry *g, int64_t *bytes) {
    const walk w = walk_of(g);
    const int64_t factors[] = {blocks_of(g), w.lines, g->kw, w.groups, GROUP_BYTES};
    return checked_product(factors, 5, bytes);
}

static void pack_position(const walk *w, const int8_t *weights, int64_t position, int8_t *block) {
    for (int64_t line = 0; line < w->lines; line++) {
        for (int64_t tap = 0; tap < w->g->kh * w->g->kw; tap++) {
            const int64_t row = tap / w->g->kw + line, column = line * w->g->kw + tap % w->g->kw;
            block[(column * w->groups + row / COLUMN_GROUP) * GROUP_BYTES + position * COLUMN_GROUP +
                  row % COLUMN_GROUP] = weights[tap];
        }
    }
}

void column_pack(const conv2d_geometry *g, const int8_t *weights, const quantization *q, int32_t src_shift,
                 int8_t *packed, int32_t *compensation) {
    const walk w = walk_of(g);
    const int64_t taps = g->kh * g->kw;
    const uint32_t src_zero_point = (uint32_t) (q->src_zero_point + src_shift);
    memset(packed, 0, (size_t) (blocks_of(g) * block_weights_bytes(&w)));
    memset(compensation, 0, (size_t) (blocks_of(g) * COLUMN_CHANNELS * 4));
    for (int64_t block = 0; block < blocks_of(g); block++) {
        const int64_t channels = block_channels(g, block);
        for (int64_t position = 0; position < COLUMN_CHANNELS; position++) {
            const int64_t in_block = channel_at(position, parts_of(channels)), c = block * COLUMN_CHANNELS + in_block;
            if (in_block >= channels) {
                continue;
            }
            pack_position(&w, weights + c * taps, position, packed + block * block_weights_bytes(&w));
            uint32_t sum = 0;
            for (int64_t tap = 0; tap < taps; tap++) {
                sum += (uint32_t) weights[c * taps + tap];
            }
            const uint32_t bias = q->bias == NULL ? 0 : (uint32_t) q->bias[c];
            compensation[block * COLUMN_CHANNELS + position] = (int32_t) (bias - src_zero_point * sum);
        }
    }
}

/* Parts of the scratch. */
typedef struct column_scratch {
    char *padding; /* a block of it */
    column_scales *scales;
    int32_t *acc;
    char *columns;
} column_scratch;

static column_scratch scratch_at(const conv2d_geometry *g, void *scratch) {
    column_scratch s;
    s.padding = scratch;
    s.scales = row_of(scratch, 1, COLUMN_CHANNELS);
    s.acc = row_of(s.scales, blocks_of(g), sizeof *s.scales);
    s.columns = row_of(s.acc, COLUMN_LINES * MAX_PIXELS, COLUMN_CHANNELS * 4);
    return s;
}

int64_t column_scratch_bytes(const conv2d_geometry *g) {
    const walk w = walk_of(g);
    return (int64_t) (uintptr_t) scratch_at(g, NULL).columns + columns_of(g, w.pixels) * column_bytes(&w);
}

/* Output lines that share columns. */
typedef struct line_set {
    int64_t n, line, lines;
} line_set;

/* What all strips have in common. */
typedef struct column_pass {
    const depthwise_kernel *kernel;
    walk w;
    const conv2d_operands *o;
    column_scratch s;
    const char *weights;
    const int32_t *init;
    bool finishes;
} column_pass;

/* Pixels of an image line from column c on, or of padding. */
static void row_at(const column_pass *p, const line_set *set, int64_t row, int64_t column, int64_t step, int64_t first,
                   const char **at, int64_t *stride) {
    const image *s = &p->o->source;
    const conv2d_geometry *g = p->w.g;
    const int64_t h = set->line * g->stride_h - g->pad_top + row * p->w.line_step;
    if (row >= g->kh + set->lines - 1 || h < 0 || h >= s->h) {
        *at = p->s.padding;
        *stride = 0;
    } else {
        *at = const_row_of(s->data, ((set->n * s->h + h) * s->w + column) * g->ic + first, 1);
        *stride = step * g->ic;
    }
}

/* `count` columns of a part, from the image's column c on, `step` apart. */
static void fill_columns(const column_pass *p, const line_set *set, const column_tile *t, int64_t first, int64_t part,
                         int64_t c, int64_t step, int64_t count, char *to) {
    const image *s = &p->o->source;
    const int64_t bytes = column_bytes(&p->w), width = COLUMN_CHANNELS / t->parts;
    const int64_t before = c >= 0 ? 0 : min_s64(count, (-c + step - 1) / step);
    const int64_t room = s->w - c;
    const int64_t end = room <= 0 ? before : min_s64(count, (room + step - 1) / step);
    if (part == 0) {
        const int padding = (uint8_t) (s->padding + p->kernel->format->src_shift);
        memset(to, padding, (size_t) (before * bytes));
        memset(to + end * bytes, padding, (size_t) ((count - end) * bytes));
    }
    if (end <= before || s->h == 0) {
        return;
    }
    for (int64_t group = 0; group < p->w.groups; group++) {
        column_rows rows;
        for (int64_t i = 0; i < COLUMN_GROUP; i++) {
            row_at(p, set, group * COLUMN_GROUP + i, c + before * step, step, first, &rows.row[i], &rows.stride[i]);
        }
        p->kernel->columns->interleave(&rows, t->channels, width, end - before,
                                       to + before * bytes + group * GROUP_BYTES + part * width, bytes);
    }
}

static void fill_strip(const column_pass *p, const line_set *set, const column_tile *t, int64_t first, int64_t part,
                       int64_t pixel) {
    const conv2d_geometry *g = p->w.g;
    const int64_t c = pixel * g->stride_w - g->pad_left;
    if (!p->w.by_taps) {
        fill_columns(p, set, t, first, part, c, 1, shared_columns(g, t->pixels), p->s.columns);
        return;
    }
    for (int64_t tap = 0; tap < g->kw; tap++) {
        fill_columns(p, set, t, first, part, c + tap * g->dilation_w, g->stride_w, t->pixels,
                     p->s.columns + tap * t->tap_stride);
    }
}

static int64_t dst_row(const column_pass *p, const line_set *set, int64_t line, int64_t pixel) {
    const image *s = &p->o->source;
    return (set->n * s->oh + set->line + line) * s->ow + pixel;
}

/* By the epilogue that all kernels share. */
static void store_sums(const column_pass *p, const line_set *set, const column_tile *t, int64_t first, int64_t part,
                       int64_t pixel) {
    const conv2d_operands *o = p->o;
    const int64_t oc = p->w.g->oc;
    for (int64_t line = 0; line < set->lines; line++) {
        const int64_t row = dst_row(p, set, line, pixel);
        const epilogue_tile tile = {
            .acc = t->acc + line * t->pixels * COLUMN_CHANNELS + part * (COLUMN_CHANNELS / t->parts),
            .acc_stride = COLUMN_CHANNELS,
            .rows = t->pixels,
            .first = first,
            .columns = t->channels,
            .dst = row_of(o->dst, row * oc, o->dst_bytes),
            .dst_stride = oc * o->dst_bytes,
            .residual = o->residual == NULL ? NULL : const_row_of(o->residual, row * oc, o->residual_bytes),
            .residual_stride = oc * o->residual_bytes,
        };
        o->store(o->e, &tile);
    }
}

/* The lines of `count` sets, at most one for each part of the block. */
static void run_sets(const column_pass *p, const line_set *sets, int64_t count, int64_t block) {
    const conv2d_operands *o = p->o;
    const conv2d_geometry *g = p->w.g;
    const int64_t first = block * COLUMN_CHANNELS, bytes = column_bytes(&p->w);
    column_tile t = {
        .channels = block_channels(g, block),
        .columns = p->s.columns,
        .pixel_stride = (p->w.by_taps ? 1 : g->stride_w) * bytes,
        .taps = g->kw,
        .groups = p->w.groups,
        .weights = p->weights + block * block_weights_bytes(&p->w),
        .init = p->init + first,
        .acc = p->s.acc,
        .scales = p->s.scales + block,
        .zero_point = o->e->zero_point,
        .is_unsigned = o->dst_type == TERSOR_U8,
        .dst_stride = g->oc,
    };
    t.parts = parts_of(t.channels);
    for (int64_t i = 0; i < count; i++) {
        t.lines = i == 0 || sets[i].lines > t.lines ? sets[i].lines : t.lines;
    }
    if (p->finishes) {
        t.lo = scalar_round(o->e->lo, t.zero_point);
        t.hi = scalar_round(o->e->hi, t.zero_point);
    }
    const int64_t part_pixels = row_block_part(o->source.ow, p->w.pixels);
    for (int64_t pixel = 0; pixel < o->source.ow; pixel += part_pixels) {
        t.pixels = min_s64(part_pixels, o->source.ow - pixel);
        t.tap_stride = (p->w.by_taps ? t.pixels : g->dilation_w) * bytes;
        for (int64_t i = 0; i < count; i++) {
            fill_strip(p, &sets[i], &t, first, i, pixel);
            for (int64_t line = 0; p->finishes && line < sets[i].lines; line++) {
                t.dst[i][line] = row_of(o->dst, dst_row(p, &sets[i], line, pixel) * g->oc + first, 1);
            }
        }
        if (p->finishes) {
            p->kernel->columns->finish(&t);
            continue;
        }
        p->kernel->columns->sum(&t);
        for (int64_t i = 0; i < count; i++) {
            store_sums(p, &sets[i], &t, first, i, pixel);
        }
    }
}

/* Whether the kernel's own epilogue does; lays its scales out. */
static bool prepare_finish(const column_pass *p) {
    const conv2d_operands *o = p->o;
    const conv2d_geometry *g = p->w.g;
    const epilogue *e = o->e;
    bool finishes =
        (o->dst_type == TERSOR_U8 || o->dst_type == TERSOR_S8) && e->residual_type == 0 && e->function == TERSOR_IDENTITY;
    const float bound = (float) (g->kh * g->kw) * 255.0f * 128.0f;
    for (int64_t block = 0; finishes && block < blocks_of(g); block++) {
        const int64_t first = block * COLUMN_CHANNELS, channels = block_channels(g, block);
        finishes = p->kernel->columns->scale(e, p->init + first, bound, first, channels, parts_of(channels),
                                             p->s.scales + block);
    }
    return finishes;
}

void column_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                const conv2d_operands *o, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    column_pass p = {
        .kernel = kernel,
        .w = walk_of(g),
        .o = o,
        .s = scratch_at(g, scratch),
        .weights = const_row_of(head, 1, l->panels),
        .init = const_row_of(head, 1, l->compensation),
    };
    p.finishes = prepare_finish(&p);
    memset(p.s.padding, (uint8_t) o->source.padding, COLUMN_CHANNELS);
    const int64_t most = parts_of(block_channels(g, blocks_of(g) - 1));
    const int64_t end = o->first_line + o->lines;
    for (int64_t next = o->first_line; next < end;) {
        line_set sets[COLUMN_PARTS];
        int64_t count = 0;
        for (; count < most && next < end; next += sets[count++].lines) {
            const int64_t line = next % o->source.oh;
            sets[count] = (line_set){next / o->source.oh, line,
                                     min_s64(p.w.lines, min_s64(end - next, o->source.oh - line))};
        }
        for (int64_t block = 0; block < blocks_of(g); block++) {
            const int64_t parts = parts_of(block_channels(g, block));
            for (int64_t i = 0; i < count; i += parts) {
                run_sets(&p, sets + i, min_s64(parts, count - i), block);
            }
        }
    }
}
