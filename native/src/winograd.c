#include "winograd.h"

#include "compiler.h"
#include "row_block.h"

enum {
    MIN_CHANNELS = 16, /* fewer do not pay for the transformations */
    MIN_EXACT_IC = 32, /* with fewer input channels plain sums of bytes are up to a sixth faster (Zen 3) */
    MAX_RUN = 16,      /* tiles side by side that are stored together */
    MIN_TILES = 6,     /* fewer do not pay for the transformation of weights */
    TAPS = 9,
    WEIGHTS_BYTES = 128 * 1024 /* of weights that are transformed at once */
};

/* 4x4 tiles have weights 4 times as large as they were, 2x2 tiles 16/9 times, which have to come from memory. */
static const int64_t MAX_WEIGHTS_4X4 = 128 * 128, MAX_WEIGHTS_2X2 = 512 * 512;

/* Input channels of bytes: 4 times the largest sum, of 9 products of at most 255 * 255 for each, is below 2^31. */
static const int64_t MAX_EXACT_CHANNELS = INT32_MAX / (4 * 9 * 255 * 255);


static int64_t places(const winograd_transforms *f) {
    return (int64_t) f->extent * f->extent;
}

static int64_t row_stride(const winograd_transforms *f, const conv2d_geometry *g) {
    return gemm_row_stride(round_up(g->ic * f->row_bytes, TERSOR_ALIGNMENT)); /* whole vectors */
}

static int64_t block_tiles(const winograd_transforms *f, const conv2d_geometry *g) {
    return min_s64(f->block_bytes / (places(f) * row_stride(f, g)), f->block_tiles);
}

static const winograd_transforms *select_exact(const gemm_kernel *kernel, const conv2d_geometry *g) {
    const bool pays = g->ic >= MIN_EXACT_IC && g->ic <= MAX_EXACT_CHANNELS;
    /* Whole k steps for each tap. */
    return pays && g->ic % kernel->step == 0 ? kernel->winograd : NULL;
}

const winograd_transforms *winograd_select(const gemm_kernel *kernel, const conv2d_geometry *g,
                                           tersor_accuracy accuracy) {
    const bool serves = kernel->winograd != NULL && g->kh == 3 && g->kw == 3 && g->stride_h == 1 && g->stride_w == 1 &&
                        g->dilation_h == 1 && g->dilation_w == 1 && g->groups == 1;
    if (!serves || g->ic < MIN_CHANNELS || g->oc < MIN_CHANNELS) {
        return NULL;
    }
    if (kernel->row_sum != NULL) {
        return select_exact(kernel, g);
    }
    if (accuracy != TERSOR_NORMWISE || g->ic * g->oc > MAX_WEIGHTS_2X2) {
        return NULL;
    }
    const winograd_transforms *f = &kernel->winograd[g->ic * g->oc > MAX_WEIGHTS_4X4 ? 0 : 1];
    return block_tiles(f, g) < kernel->rows ? NULL : f;
}

static int64_t steps_of(const winograd_transforms *f, const conv2d_geometry *g) {
    return (g->ic + f->group - 1) / f->group;
}

static int64_t step_bytes(const gemm_kernel *kernel, const winograd_transforms *f) {
    return (int64_t) f->group * kernel->columns * f->row_bytes;
}

/* k steps whose weights are transformed at once. */
static int64_t chunk_steps(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g) {
    const int64_t most = WEIGHTS_BYTES / (places(f) * step_bytes(kernel, f));
    return f->weights == NULL ? steps_of(f, g) : row_block_part(steps_of(f, g), most);
}

int64_t winograd_panel_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g) {
    const int64_t products = winograd_has_plain_weights(f) ? TAPS : places(f);
    return products * g->ic * kernel->columns * kernel->src_bytes;
}

/* G, whose first rows are those of the points 0, 1 and -1, then 2 and -2, and the last one that of infinity. */
static void transform_taps(const winograd_transforms *f, const double w[3], double to[WINOGRAD_MAX_EXTENT]) {
    if (f->step == 2) {
        to[0] = w[0];
        to[1] = (w[0] + w[1] + w[2]) / 2;
        to[2] = (w[0] - w[1] + w[2]) / 2;
    } else {
        to[0] = w[0] / 4;
        to[1] = -(w[0] + w[1] + w[2]) / 6;
        to[2] = -(w[0] - w[1] + w[2]) / 6;
        to[3] = (w[0] + 2 * w[1] + 4 * w[2]) / 24;
        to[4] = (w[0] - 2 * w[1] + 4 * w[2]) / 24;
    }
    to[f->extent - 1] = w[2];
}

/* G g G^T of one pair of channels. */
static void transform_weights(const winograd_transforms *f, const float *taps, double to[WINOGRAD_MAX_PLACES]) {
    double columns[3][WINOGRAD_MAX_EXTENT];
    for (int j = 0; j < 3; j++) {
        transform_taps(f, (const double[]){(double) taps[j], (double) taps[3 + j], (double) taps[6 + j]}, columns[j]);
    }
    for (int i = 0; i < f->extent; i++) {
        transform_taps(f, (const double[]){columns[0][i], columns[1][i], columns[2][i]}, to + i * f->extent);
    }
}

void winograd_pack(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                   const float *weights, void *panels) {
    const int64_t panel_bytes = winograd_panel_bytes(kernel, f, g);
    memset(panels, 0, (size_t) (gemm_padded_n(kernel, g->oc) / kernel->columns * panel_bytes));
    for (int64_t oc = 0; oc < g->oc; oc++) {
        float *to = (float *) row_of(panels, oc / kernel->columns, panel_bytes) + oc % kernel->columns;
        for (int64_t ic = 0; ic < g->ic; ic++) {
            double transformed[WINOGRAD_MAX_PLACES];
            transform_weights(f, weights + (oc * g->ic + ic) * TAPS, transformed);
            for (int64_t place = 0; place < places(f); place++) {
                to[(place * g->ic + ic) * kernel->columns] = (float) transformed[place];
            }
        }
    }
}

/* Transformed patches [place][tile][channel] and the sums of a panel [place][tile][column]; a pixel of padding;
 * of bytes also transformed weights. */
typedef struct winograd_scratch {
    int64_t row_bytes, place_bytes, sum_bytes, weights_bytes; /* between tiles; places of patches, sums and weights */
    void *patches, *sums, *weights, *padding;
} winograd_scratch;

static winograd_scratch scratch_at(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                                   int64_t tiles, void *scratch) {
    winograd_scratch s;
    s.row_bytes = row_stride(f, g);
    s.place_bytes = gemm_row_stride(tiles * s.row_bytes);
    s.sum_bytes = gemm_row_stride(tiles * kernel->columns * 4);
    s.patches = scratch;
    s.sums = row_of(s.patches, places(f), s.place_bytes);
    s.weights_bytes = f->weights == NULL ? 0 : gemm_row_stride(chunk_steps(kernel, f, g) * step_bytes(kernel, f));
    s.weights = row_of(s.sums, places(f), s.sum_bytes);
    s.padding = row_of(s.weights, places(f), s.weights_bytes);
    return s;
}

int64_t winograd_scratch_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g) {
    const winograd_scratch s = scratch_at(kernel, f, g, block_tiles(f, g), NULL);
    return (int64_t) (uintptr_t) s.padding + round_up(g->ic * kernel->src_bytes, TERSOR_ALIGNMENT);
}

/* A tile of outputs from line y and column x of image n on, of which `lines` are wanted. */
typedef struct winograd_tile {
    int64_t n, y, x, lines;
} winograd_tile;

typedef struct winograd_walk {
    const winograd_transforms *f;
    const image *source;
    int64_t line, end, x;
} winograd_walk;

/* The next tiles, at most `most`. */
static int64_t next_tiles(winograd_walk *w, int64_t most, winograd_tile *tiles) {
    const int64_t oh = w->source->oh, step = w->f->step;
    int64_t count = 0;
    while (count < most && w->line < w->end) {
        const int64_t n = w->line / oh, y = w->line % oh;
        const int64_t lines = min_s64(min_s64(step, oh - y), w->end - w->line);
        tiles[count++] = (winograd_tile){n, y, w->x, lines};
        w->x += step;
        if (w->x >= w->source->ow) {
            w->x = 0;
            w->line += lines;
        }
    }
    return count;
}

/* Tiles of output lines [first, first + lines). */
static int64_t count_tiles(const winograd_transforms *f, const image *s, int64_t first, int64_t lines) {
    int64_t rows = 0;
    for (int64_t line = first, inside; line < first + lines; line += inside) {
        inside = min_s64(first + lines - line, s->oh - line % s->oh);
        rows += (inside + f->step - 1) / f->step;
    }
    return rows * ((s->ow + f->step - 1) / f->step);
}

bool winograd_pays(const winograd_transforms *f, const image *source, int64_t lines) {
    return count_tiles(f, source, 0, lines) >= MIN_TILES;
}

static void transform_patch(const winograd_transforms *f, const conv2d_geometry *g, const image *s,
                            const winograd_tile *tile, const winograd_scratch *to, int64_t number) {
    const int64_t pixel_bytes = g->ic * s->element_bytes;
    const void *pixels[WINOGRAD_MAX_PLACES];
    for (int64_t i = 0; i < f->extent; i++) {
        const int64_t h = tile->y - g->pad_top + i;
        for (int64_t j = 0; j < f->extent; j++) {
            const int64_t w = tile->x - g->pad_left + j;
            const bool inside = h >= 0 && h < s->h && w >= 0 && w < s->w;
            pixels[i * f->extent + j] =
                inside ? const_row_of(s->data, (tile->n * s->h + h) * s->w + w, pixel_bytes) : to->padding;
        }
    }
    f->source(pixels, g->ic, row_of(to->patches, number, to->row_bytes), to->place_bytes);
}

/* A part of the k steps of a panel. */
typedef struct winograd_chunk {
    const char *weights; /* transformed */
    int64_t place_bytes; /* from one place's to the next */
    int64_t step, steps;
    const char *ahead; /* what comes next: as many bytes, ahead_stride apart, for each of the first places */
    int64_t ahead_bytes, ahead_stride, ahead_places;
} winograd_chunk;

/* The products of all places with a chunk. */
static void multiply_chunk(const gemm_kernel *kernel, const winograd_transforms *f, const winograd_scratch *s,
                           int64_t tiles, const winograd_chunk *chunk) {
    const int64_t part = row_block_part(tiles, kernel->rows), parts = (tiles + part - 1) / part;
    const int64_t acc_row_bytes = (int64_t) kernel->columns * 4;
    void (*const multiply)(const gemm_tile *) = f->tile == NULL ? kernel->tile : f->tile;
    gemm_tile tile = {
        .columns = kernel->columns,
        .src_stride = s->row_bytes,
        .src_step = f->group * f->row_bytes,
        .runs = 1,
        .run_offsets = &gemm_no_offset,
        .steps = chunk->steps,
        .init_stride = chunk->step == 0 ? 0 : acc_row_bytes,
    };
    for (int64_t place = 0; place < places(f); place++) {
        const int64_t share = place < chunk->ahead_places ? round_up(chunk->ahead_bytes / parts, 64) : 0;
        tile.panel = chunk->weights + place * chunk->place_bytes;
        tile.ahead_bytes = share;
        for (int64_t i = 0; i < parts; i++) {
            const int64_t first = i * part;
            tile.rows = min_s64(part, tiles - first);
            tile.src = (const char *) row_of(s->patches, place, s->place_bytes) + first * s->row_bytes +
                       chunk->step * tile.src_step;
            tile.acc = (char *) row_of(s->sums, place, s->sum_bytes) + first * acc_row_bytes;
            tile.init = chunk->step == 0 ? gemm_zeros : tile.acc;
            tile.ahead = chunk->ahead + place * chunk->ahead_stride + i * share;
            multiply(&tile);
        }
    }
}

/* All products with a panel of plain weights, chunk by chunk. */
static void multiply_plain(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                           const winograd_scratch *s, int64_t tiles, const char *panel, const int32_t *zero_points,
                           bool is_last) {
    const int64_t steps = steps_of(f, g), most = chunk_steps(kernel, f, g);
    const int64_t bytes = (int64_t) f->group * kernel->columns; /* of a step of a tap */
    winograd_chunk chunk = {.weights = s->weights, .place_bytes = s->weights_bytes, .ahead_stride = steps * bytes};
    for (; chunk.step < steps; chunk.step += chunk.steps) {
        const bool ends = chunk.step + most >= steps;
        chunk.steps = min_s64(most, steps - chunk.step);
        chunk.ahead = panel + (ends ? TAPS * steps : chunk.step + most) * bytes;
        chunk.ahead_bytes = min_s64(most, ends ? steps : steps - chunk.step - most) * bytes;
        chunk.ahead_places = ends && is_last ? 0 : TAPS;
        f->weights(panel + chunk.step * bytes, steps * bytes, chunk.steps, zero_points, s->weights, s->weights_bytes);
        multiply_chunk(kernel, f, s, tiles, &chunk);
    }
}

/* All products with a panel, of columns from j on; what comes next is brought near meanwhile. */
static void multiply_panel(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                           const gemm_operands *o, const winograd_scratch *s, int64_t tiles, const char *panel,
                           int64_t j) {
    const bool is_last = j + kernel->columns >= o->n;
    if (winograd_has_plain_weights(f)) {
        const int32_t *zero_points = o->weights.zero_points;
        multiply_plain(kernel, f, g, s, tiles, panel, zero_points == NULL ? NULL : zero_points + j, is_last);
        return;
    }
    const int64_t bytes = g->ic * step_bytes(kernel, f);
    const winograd_chunk whole = {
        .weights = panel,
        .place_bytes = bytes,
        .steps = g->ic,
        .ahead = panel + bytes,
        .ahead_bytes = bytes,
        .ahead_stride = bytes,
        .ahead_places = places(f) - is_last,
    };
    multiply_chunk(kernel, f, s, tiles, &whole);
}

/* Tiles [first, first + count), side by side, to the destination. */
static void store_run(const gemm_kernel *kernel, const winograd_transforms *f, const gemm_operands *o, const image *source,
                      const winograd_scratch *s, const winograd_tile *tiles, int64_t first, int64_t count,
                      epilogue_tile *results) {
    _Alignas(64) int32_t lines[WINOGRAD_MAX_STEP * WINOGRAD_MAX_STEP * MAX_RUN * MAX_TILE_COLUMNS];
    const winograd_tile *tile = &tiles[first];
    const int64_t columns = kernel->columns, pixels = count * f->step;
    for (int64_t i = 0; i < count; i++) {
        f->sums(row_of(s->sums, first + i, columns * 4), s->sum_bytes, columns, row_block_start(o, results->first),
                lines + i * f->step * columns, pixels * columns * 4);
    }
    results->rows = min_s64(pixels, source->ow - tile->x);
    for (int64_t i = 0; i < tile->lines; i++) {
        const int64_t row = (tile->n * source->oh + tile->y + i) * source->ow + tile->x;
        results->acc = lines + i * pixels * columns;
        results->dst = row_of(o->dst, row, o->dst_stride);
        results->residual = o->residual == NULL ? NULL : const_row_of(o->residual, row, o->residual_stride);
        o->store(o->e, results);
    }
}

static void multiply_block(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                           const gemm_operands *o, const image *source, const winograd_scratch *s,
                           const winograd_tile *tiles, int64_t count) {
    const int64_t panel_bytes = winograd_panel_bytes(kernel, f, g);
    epilogue_tile results = {
        .acc_stride = kernel->columns,
        .dst_stride = o->dst_stride,
        .residual_stride = o->residual_stride,
    };
    const char *panel = o->weights.panels;
    for (int64_t j = 0; j < o->n; j += kernel->columns, panel += panel_bytes) {
        multiply_panel(kernel, f, g, o, s, count, panel, j);
        results.first = j;
        results.columns = min_s64(kernel->columns, o->n - j);
        for (int64_t first = 0, end; first < count; first = end) {
            for (end = first + 1; end < count && end < first + MAX_RUN && tiles[end].x != 0; end++) {
            }
            store_run(kernel, f, o, source, s, tiles, first, end - first, &results);
        }
    }
}

void winograd_run(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                  const gemm_operands *o, const image *source, int64_t first_line, int64_t lines, void *scratch) {
    winograd_tile tiles[WINOGRAD_MAX_TILES];
    winograd_walk walk = {f, source, first_line, first_line + lines, 0};
    const int64_t most = row_block_part(count_tiles(f, source, first_line, lines), block_tiles(f, g));
    const winograd_scratch s = scratch_at(kernel, f, g, block_tiles(f, g), scratch);
    memset(s.padding, source->padding, (size_t) (g->ic * source->element_bytes)); /* that of floats is 0 */
    for (int64_t count; (count = next_tiles(&walk, most, tiles)) > 0;) {
        for (int64_t i = 0; i < count; i++) {
            transform_patch(f, g, source, &tiles[i], &s, i);
        }
        multiply_block(kernel, f, g, o, source, &s, tiles, count);
    }
}
