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
    const char **rows; /* [group * 4 + place][part] */
    column_scales *scales;
    int32_t *acc;
    char *columns;
    char *padding; /* an image line of it */
} column_scratch;

/* Bytes of padding that take an image line's place. */
static int64_t padding_bytes(const walk *w, int64_t pixels) {
    const int64_t columns = w->by_taps ? 1 : shared_columns(w->g, pixels);
    return round_up(columns * w->g->ic + COLUMN_CHANNELS, TERSOR_ALIGNMENT);
}

static column_scratch scratch_at(const walk *w, void *scratch) {
    column_scratch s;
    s.rows = scratch;
    s.scales = row_of(scratch, w->groups, round_up(sizeof *s.rows * COLUMN_GROUP * COLUMN_PARTS, TERSOR_ALIGNMENT));
    s.acc = row_of(s.scales, blocks_of(w->g), sizeof *s.scales);
    s.columns = row_of(s.acc, COLUMN_LINES * MAX_PIXELS, COLUMN_CHANNELS * 4);
    s.padding = row_of(s.columns, columns_of(w->g, w->pixels), column_bytes(w));
    return s;
}

int64_t column_scratch_bytes(const conv2d_geometry *g) {
    const walk w = walk_of(g);
    return (int64_t) (uintptr_t) scratch_at(&w, NULL).padding + padding_bytes(&w, w.pixels);
}

/* Output lines that share columns. */
typedef struct line_set {
    int64_t n, line, lines;
} line_set;

/* What is the same for a strip: the same output pixels of all lines. */
typedef struct column_pass {
    const depthwise_kernel *kernel;
    walk w;
    const conv2d_operands *o;
    column_scratch s;
    const char *weights;
    const int32_t *init;
    bool finishes;
    int64_t pixel, column; /* the first one's, and the image's column that its window begins with */
    column_tile tile;
} column_pass;

/* The rows of up to 4 sets, from the image's column on that lies inside. */
static void place_rows(column_pass *p, const line_set *sets, int64_t count, int64_t column) {
    const image *s = &p->o->source;
    const conv2d_geometry *g = p->w.g;
    for (int64_t i = 0; i < p->w.groups * COLUMN_GROUP; i++) {
        for (int64_t part = 0; part < COLUMN_PARTS; part++) {
            const char **row = &p->s.rows[i * COLUMN_PARTS + part];
            if (part >= count) {
                *row = p->s.padding;
                continue;
            }
            const line_set *set = &sets[part];
            /* What fills a group up has the weight 0. */
            const int64_t place = min_s64(i, g->kh + set->lines - 2);
            const int64_t h = set->line * g->stride_h - g->pad_top + place * p->w.line_step;
            const bool outside = h < 0 || h >= s->h || column < 0 || column >= s->w;
            *row = outside ? p->s.padding : const_row_of(s->data, (set->n * s->h + h) * s->w + column, g->ic);
        }
    }
}

/* Columns that a window of the strip sees outside the image. */
static void fill_padding(const column_pass *p) {
    const column_tile *t = &p->tile;
    const int64_t bytes = column_bytes(&p->w), all = shared_columns(p->w.g, t->pixels);
    const int value = (uint8_t) (p->o->source.padding + p->kernel->format->src_shift);
    memset(t->columns, value, (size_t) (t->inside * bytes));
    memset(t->columns + t->inside_end * bytes, value, (size_t) ((all - t->inside_end) * bytes));
}

/* Columns of windows that share none, one by one. */
static void fill_taps(column_pass *p, const line_set *sets, int64_t count, int64_t part, const column_tile *strip) {
    const conv2d_geometry *g = p->w.g;
    column_tile t = *strip;
    for (int64_t tap = 0; tap < g->kw; tap++) {
        for (int64_t i = 0; i < t.pixels; i++) {
            const int64_t column = p->column + i * g->stride_w + tap * g->dilation_w;
            t.inside = tap * t.pixels + i;
            t.inside_end = t.inside + 1;
            if (column >= 0 && column < p->o->source.w) {
                place_rows(p, sets, count, column);
                t.rows = (const char *const (*)[COLUMN_PARTS]) (void *) (p->s.rows + part);
                p->kernel->columns->interleave(&t);
            } else {
                memset(t.columns + t.inside * column_bytes(&p->w),
                       (uint8_t) (p->o->source.padding + p->kernel->format->src_shift), (size_t) column_bytes(&p->w));
            }
        }
    }
}

static int64_t dst_row(const column_pass *p, const line_set *set, int64_t line) {
    const image *s = &p->o->source;
    return (set->n * s->oh + set->line + line) * s->ow + p->pixel;
}

/* By the epilogue that all kernels share. */
static void store_sums(const column_pass *p, const line_set *set, int64_t part) {
    const conv2d_operands *o = p->o;
    const column_tile *t = &p->tile;
    const int64_t oc = p->w.g->oc;
    for (int64_t line = 0; line < set->lines; line++) {
        const int64_t row = dst_row(p, set, line);
        const epilogue_tile tile = {
            .acc = t->acc + line * t->pixels * COLUMN_CHANNELS + part * (COLUMN_CHANNELS / t->parts),
            .acc_stride = COLUMN_CHANNELS,
            .rows = t->pixels,
            .first = t->first,
            .columns = t->channels,
            .dst = row_of(o->dst, row * oc, o->dst_bytes),
            .dst_stride = oc * o->dst_bytes,
            .residual = o->residual == NULL ? NULL : const_row_of(o->residual, row * oc, o->residual_bytes),
            .residual_stride = oc * o->residual_bytes,
        };
        o->store(o->e, &tile);
    }
}

/* All channels of up to 4 sets of lines. */
static void run_sets(column_pass *p, const line_set *sets, int64_t count) {
    const conv2d_geometry *g = p->w.g;
    column_tile *t = &p->tile;
    char *dst[COLUMN_PARTS][COLUMN_LINES] = {{NULL}};
    for (int64_t i = 0; p->finishes && i < count; i++) {
        for (int64_t line = 0; line < sets[i].lines; line++) {
            dst[i][line] = row_of(p->o->dst, dst_row(p, &sets[i], line), g->oc);
        }
    }
    place_rows(p, sets, count, p->column + t->inside);
    for (int64_t block = 0; block < blocks_of(g); block++) {
        t->first = block * COLUMN_CHANNELS;
        t->channels = block_channels(g, block);
        t->parts = parts_of(t->channels);
        t->weights = p->weights + block * block_weights_bytes(&p->w);
        t->init = p->init + t->first;
        t->scales = p->s.scales + block;
        for (int64_t i = 0; i < count; i += t->parts) {
            const int64_t parts = min_s64(t->parts, count - i);
            t->lines = sets[i].lines;
            for (int64_t j = 1; j < parts; j++) {
                t->lines = sets[i + j].lines > t->lines ? sets[i + j].lines : t->lines;
            }
            t->rows = (const char *const (*)[COLUMN_PARTS]) (void *) (p->s.rows + i);
            t->dst = dst + i;
            if (p->w.by_taps) {
                fill_taps(p, sets, count, i, t);
            }
            if (p->finishes) {
                p->kernel->columns->finish(t);
                continue;
            }
            p->kernel->columns->sum(t);
            for (int64_t j = 0; j < parts; j++) {
                store_sums(p, &sets[i + j], j);
            }
        }
    }
}

/* Whether the kernel's own epilogue does; lays its scales out. */
static bool prepare_finish(const column_pass *p) {
    const conv2d_geometry *g = p->w.g;
    const epilogue *e = p->o->e;
    const bool finishes = epilogue_is_requantization(e) && e->residual_type == 0;
    for (int64_t block = 0; finishes && block < blocks_of(g); block++) {
        const int64_t channels = block_channels(g, block);
        p->kernel->columns->scale(e, block * COLUMN_CHANNELS, channels, parts_of(channels), p->s.scales + block);
    }
    return finishes;
}

/* What does not depend on the strip. */
static void prepare_tile(const column_pass *p, column_tile *t) {
    const conv2d_operands *o = p->o;
    const conv2d_geometry *g = p->w.g;
    *t = (column_tile){
        .columns = p->s.columns,
        .pixel_stride = (p->w.by_taps ? 1 : g->stride_w) * column_bytes(&p->w),
        .taps = g->kw,
        .groups = p->w.groups,
        .advance = g->stride_w,
        .span = shared_columns(g, 1),
        .row_stride = g->ic,
        .is_signed = p->kernel->format->src_shift != 0,
        .padding = (uint8_t) (o->source.padding + p->kernel->format->src_shift),
        .acc = p->s.acc,
        .dst_stride = g->oc,
    };
    if (p->finishes) {
        t->zero_point = o->e->zero_point;
        t->is_unsigned = o->dst_type == TERSOR_U8;
        t->lo = scalar_round(o->e->lo, t->zero_point);
        t->hi = scalar_round(o->e->hi, t->zero_point);
        t->clamps = t->lo > type_min(o->dst_type) || t->hi < type_max(o->dst_type);
    }
}

static void start_strip(column_pass *p, int64_t pixel, int64_t pixels) {
    const conv2d_geometry *g = p->w.g;
    const int64_t w = p->o->source.w;
    column_tile *t = &p->tile;
    p->pixel = pixel;
    p->column = pixel * g->stride_w - g->pad_left;
    t->pixels = pixels;
    t->tap_stride = (p->w.by_taps ? pixels : g->dilation_w) * column_bytes(&p->w);
    t->inside = t->inside_end = 0;
    if (!p->w.by_taps) {
        const int64_t all = shared_columns(g, pixels);
        t->inside = p->column >= 0 ? 0 : min_s64(all, -p->column);
        t->inside_end = min_s64(all, w - p->column);
        t->inside_end = t->inside_end < t->inside ? t->inside : t->inside_end;
        fill_padding(p);
    }
}

void column_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *l,
                const conv2d_operands *o, void *scratch) {
    const conv2d_geometry *g = &head->geometry;
    const image *s = &o->source;
    column_pass p = {
        .kernel = kernel,
        .w = walk_of(g),
        .o = o,
        .weights = const_row_of(head, 1, l->panels),
        .init = const_row_of(head, 1, l->compensation),
    };
    p.s = scratch_at(&p.w, scratch);
    p.finishes = prepare_finish(&p);
    prepare_tile(&p, &p.tile);
    const int64_t part_pixels = row_block_part(s->ow, p.w.pixels);
    memset(p.s.padding, (uint8_t) s->padding, (size_t) padding_bytes(&p.w, part_pixels));
    const int64_t most = parts_of(block_channels(g, blocks_of(g) - 1));
    const int64_t end = o->first_line + o->lines;
    for (int64_t pixel = 0; pixel < s->ow; pixel += part_pixels) {
        start_strip(&p, pixel, min_s64(part_pixels, s->ow - pixel));
        for (int64_t next = o->first_line; next < end;) {
            line_set sets[COLUMN_PARTS];
            int64_t count = 0;
            for (; count < most && next < end; next += sets[count++].lines) {
                const int64_t line = next % s->oh;
                sets[count] = (line_set){next / s->oh, line, min_s64(p.w.lines, min_s64(end - next, s->oh - line))};
            }
            run_sets(&p, sets, count);
        }
    }
}
