#include "window.h"

#include "compiler.h"
#include "scattered.h"

enum { BAND_BYTES = 384 * 1024 /* stays in L2 beside the panels */ };

/* A scattered kernel takes the rows of several tiles together, so that narrow images need not fill a tile of its own. */
static int64_t tile_rows(const gemm_kernel *kernel) {
    return kernel->scattered == NULL ? kernel->rows : min_s64(kernel->rows, kernel->scattered->lanes);
}

int64_t window_runs(const conv2d_geometry *g) {
    const bool merged = g->groups == 1 && g->dilation_w == 1;
    return merged ? g->kh : g->kh * g->kw;
}

int64_t window_run_length(const conv2d_geometry *g) {
    const bool merged = g->groups == 1 && g->dilation_w == 1;
    return (merged ? g->kw : 1) * (g->ic / g->groups);
}

static int64_t band_lines(const window *w, int64_t output_lines) {
    return (output_lines - 1) * w->output_line + w->line_span;
}

static int64_t band_columns(const window *w, int64_t output_columns) {
    return (output_columns - 1) * w->output_column + w->column_span;
}

/* What a tile reads behind the last pixel: to the end of its last step, and pixels that are not kept. */
static int64_t slack_bytes(const window *w) {
    const gemm_kernel *kernel = w->kernel;
    return w->reach * kernel->row_bytes + tile_rows(kernel) * w->output_column * w->pixel_bytes;
}

static window build(const gemm_kernel *kernel, const conv2d_geometry *g, int64_t runs, int64_t run_length, int64_t reach) {
    window w = {
        .kernel = kernel,
        .geometry = *g,
        .runs = runs,
        .run_length = run_length,
        .reach = reach,
        /* A window of one pixel needs only those that it stands on. */
        .line_step = g->kh == 1 ? g->stride_h : 1,
        .column_step = g->kw == 1 ? g->stride_w : 1,
        .output_line = g->kh == 1 ? 1 : g->stride_h,
        .output_column = g->kw == 1 ? 1 : g->stride_w,
        .line_span = g->dilation_h * (g->kh - 1) + 1,
        .column_span = g->dilation_w * (g->kw - 1) + 1,
        .pixel_bytes = g->ic * kernel->row_bytes,
    };
    w.step = gemm_step(kernel, w.run_length);
    w.run_steps = gemm_steps(kernel, w.run_length);
    const bool padded = (g->pad_top | g->pad_left | g->pad_bottom | g->pad_right) != 0;
    w.in_place = !padded && !kernel->convert_always && w.run_length % w.step == 0;
    /* Each factor is at most 2^31 * 2^31, the kernel's rows are few. */
    int64_t columns = band_columns(&w, tile_rows(kernel)), bytes;
    w.by_taps = __builtin_mul_overflow(columns, w.pixel_bytes, &bytes) ||
                __builtin_mul_overflow(bytes, w.line_span, &bytes) || bytes > BAND_BYTES;
    if (w.by_taps) {
        w.output_column = 1;
        w.pixel_bytes = w.run_length * kernel->row_bytes;
        w.block_columns = tile_rows(kernel);
    } else {
        const int64_t line_bytes = BAND_BYTES / w.line_span;
        const int64_t most = (line_bytes / w.pixel_bytes - w.column_span) / w.output_column + 1;
        w.block_columns = most > tile_rows(kernel) ? most / tile_rows(kernel) * tile_rows(kernel) : tile_rows(kernel);
    }
    if (w.block_columns > MAX_BLOCK_ROWS) {
        w.block_columns = MAX_BLOCK_ROWS / tile_rows(kernel) * tile_rows(kernel);
    }
    return w;
}

window window_of(const gemm_kernel *kernel, const conv2d_geometry *g) {
    return build(kernel, g, window_runs(g), window_run_length(g), kernel->step);
}

window window_of_channels(const gemm_kernel *kernel, const conv2d_geometry *g, int64_t reach) {
    conv2d_geometry all = *g;
    all.groups = 1;
    window w = build(kernel, &all, g->kh * g->kw, g->ic, reach);
    w.in_place = false; /* nothing may be read behind the image */
    return w;
}

int64_t window_offsets_bytes(const window *w) {
    return round_up(w->runs * (int64_t) sizeof(int64_t), TERSOR_ALIGNMENT);
}

/* Narrow lines whose pixels lie apart are brought together where tiles may walk from one to the next. */
static bool gathers(const window *w, int64_t output_columns) {
    return w->kernel->equal_tiles && w->geometry.stride_w > 1 && output_columns < w->kernel->rows;
}

int64_t window_band_bytes(const window *w) {
    if (w->in_place && !gathers(w, 1)) {
        return 0;
    }
    const int64_t pixels = w->by_taps ? w->runs * w->block_columns * w->pixel_bytes : BAND_BYTES;
    return round_up(pixels + slack_bytes(w), TERSOR_ALIGNMENT);
}

/* Lines of a block of so many columns, at most. */
static int64_t most_lines(const window *w, int64_t columns) {
    /* Pairs of lines take as many rows as a tile has for each, at most. */
    const int64_t rows = w->kernel->equal_tiles && columns < w->kernel->rows ? w->kernel->rows : columns;
    if (w->by_taps) {
        return 1;
    }
    const int64_t line_bytes = band_columns(w, columns) * w->pixel_bytes;
    return min_s64(MAX_BLOCK_ROWS / rows, (BAND_BYTES / line_bytes - w->line_span) / w->output_line + 1);
}

static void start_lines(window_part *p) {
    const int64_t rest = p->end_line - p->next_line;
    p->n = p->next_line / p->source->oh;
    p->line = p->next_line % p->source->oh;
    const int64_t most = most_lines(p->w, p->block_columns), inside = min_s64(rest, p->source->oh - p->line);
    p->lines = inside == 0 ? 0 : row_block_part(inside, most < 1 ? 1 : most);
    p->column = 0;
    p->columns = p->block_columns;
}

window_part window_first(const window *w, const image *s, int64_t first_line, int64_t lines) {
    window_part p = {
        .w = w,
        .source = s,
        .next_line = first_line,
        .end_line = first_line + lines,
        .block_columns = min_s64(s->ow, w->block_columns),
    };
    start_lines(&p);
    return p;
}

void window_next(window_part *p) {
    p->column += p->columns;
    if (p->column < p->source->ow) {
        p->columns = min_s64(p->block_columns, p->source->ow - p->column);
        return;
    }
    p->next_line += p->lines;
    start_lines(p);
}

/* Elements of padding as the kernel reads them. */
static void fill(const gemm_kernel *kernel, char *to, int64_t bytes, int32_t padding) {
    if (kernel->row_bytes == 1) {
        memset(to, (uint8_t) (padding + kernel->src_shift), (size_t) bytes);
    } else if (kernel->row_bytes == 2) {
        int16_t *elements = (int16_t *) (void *) to;
        for (int64_t i = 0; i < bytes / 2; i++) {
            elements[i] = (int16_t) padding;
        }
    } else {
        memset(to, 0, (size_t) bytes);
    }
}

/*
 * `count` pixels of `elements` elements each, from line h and column c on, `step` columns apart; those outside the image
 * are padding. In the band they are one behind the other.
 */
static void fill_line(const window *w, const image *s, int64_t n, int64_t h, int64_t c, int64_t step, int64_t count,
                      int64_t channel, int64_t elements, char *to) {
    const gemm_kernel *kernel = w->kernel;
    const int64_t bytes = elements * kernel->row_bytes;
    if (h < 0 || h >= s->h) {
        fill(kernel, to, count * bytes, s->padding);
        return;
    }
    const int64_t before = c >= 0 ? 0 : min_s64(count, (-c + step - 1) / step);
    const int64_t room = s->w - c;
    const int64_t end = room <= 0 ? 0 : min_s64(count, (room + step - 1) / step);
    const int64_t inside = end > before ? end - before : 0;
    const int64_t left = inside == 0 ? count : before;
    fill(kernel, to, left * bytes, s->padding);
    to += left * bytes;
    if (inside == 0) {
        return;
    }
    const int64_t ic = w->geometry.ic;
    const int64_t first = ((n * s->h + h) * s->w + c + before * step) * ic + channel;
    const char *from = const_row_of(s->data, first, s->element_bytes);
    if (step == 1 && elements == ic) {
        kernel->convert(from, inside * ic, to);
    } else {
        for (int64_t i = 0; i < inside; i++) {
            kernel->convert(from + i * step * ic * s->element_bytes, elements, to + i * bytes);
        }
    }
    fill(kernel, to + inside * bytes, (count - end) * bytes, s->padding);
}

static void fill_band(const window *w, const image *s, int64_t n, int64_t line, int64_t lines, int64_t column,
                      int64_t columns, char *band) {
    const conv2d_geometry *g = &w->geometry;
    const int64_t width = band_columns(w, columns);
    const int64_t line_bytes = width * w->pixel_bytes;
    const int64_t h = line * g->stride_h - g->pad_top, c = column * g->stride_w - g->pad_left;
    for (int64_t i = 0; i < band_lines(w, lines); i++) {
        fill_line(w, s, n, h + i * w->line_step, c, w->column_step, width, 0, g->ic, band + i * line_bytes);
    }
}

/* [run][column][run_length]: merged runs are whole lines of taps. */
static void fill_taps(const window *w, const image *s, int64_t n, int64_t line, int64_t column, int64_t columns,
                      int64_t group, char *band) {
    const conv2d_geometry *g = &w->geometry;
    const int64_t group_ic = g->ic / g->groups;
    const int64_t taps = w->run_length / group_ic;
    const int64_t c = column * g->stride_w - g->pad_left;
    for (int64_t run = 0; run < w->runs; run++) {
        const int64_t kh = taps > 1 ? run : run / g->kw, kw = taps > 1 ? 0 : run % g->kw;
        const int64_t h = line * g->stride_h - g->pad_top + kh * g->dilation_h;
        for (int64_t i = 0; i < columns; i++, band += w->pixel_bytes) {
            fill_line(w, s, n, h, c + i * g->stride_w + kw * g->dilation_w, 1, taps, group * group_ic, group_ic, band);
        }
    }
}

/* Two lines a tile, `pitch` rows apart; an odd last line comes with the one before again. */
static void cut_pairs(row_block *block, row_span line, int64_t lines, int64_t pitch) {
    for (int64_t i = 0; i < lines; i += 2) {
        const bool is_pair = i + 1 < lines;
        const int64_t from = is_pair ? i : i - 1;
        block->tiles[block->count++] = (row_tile){
            .src = line.src + from * pitch * block->src_stride,
            .rows = pitch + line.rows,
            .skip = is_pair ? 0 : pitch,
            .kept = line.rows,
            .second_at = is_pair ? pitch : 0,
            .second_kept = is_pair ? line.rows : 0,
            .first = line.first + from * pitch,
            .dst_row = line.dst_row + i * line.rows,
        };
    }
}

/* Tiles of lines that start line_bytes apart and follow one another in the destination if they are whole. */
static void cut_lines(const gemm_kernel *kernel, row_block *block, row_span line, int64_t lines, int64_t line_bytes,
                      int64_t line_rows, bool whole) {
    const int64_t pitch = line_bytes / block->src_stride; /* rows from line to line */
    if (kernel->equal_tiles && whole && line_bytes % block->src_stride == 0) {
        if (pitch == line.rows) {
            line.rows *= lines;
            row_block_cut(kernel, block, line);
            return;
        }
        if (pitch + line.rows <= kernel->rows && lines > 1) {
            cut_pairs(block, line, lines, pitch);
            return;
        }
    }
    for (int64_t i = 0; i < lines; i++) {
        row_block_cut(kernel, block, line);
        line.src += line_bytes;
        line.first += line.rows;
        line.dst_row += line_rows;
    }
}

void window_block(const window *w, const window_part *part, int64_t group, bool filled, int64_t *offsets, char *band,
                  row_block *block) {
    const conv2d_geometry *g = &w->geometry;
    const image *s = part->source;
    const int64_t n = part->n, line = part->line, lines = part->lines, column = part->column, columns = part->columns;
    const int64_t group_bytes = g->ic / g->groups * group;
    const char *base;
    int64_t column_bytes, line_bytes, tap_column_bytes, tap_line_bytes;
    if (w->in_place && !gathers(w, columns)) {
        const int64_t pixel = g->ic * s->element_bytes;
        base = const_row_of(s->data, ((n * s->h + line * g->stride_h) * s->w + column * g->stride_w) * g->ic + group_bytes,
                            s->element_bytes);
        column_bytes = g->stride_w * pixel;
        line_bytes = g->stride_h * s->w * pixel;
        tap_column_bytes = g->dilation_w * pixel;
        tap_line_bytes = g->dilation_h * s->w * pixel;
    } else if (w->by_taps) {
        fill_taps(w, s, n, line, column, columns, group, band);
        base = band;
        column_bytes = w->pixel_bytes;
        line_bytes = 0;
        tap_column_bytes = columns * w->pixel_bytes;
        tap_line_bytes = (w->runs == g->kh ? 1 : g->kw) * tap_column_bytes;
    } else {
        if (!filled) {
            fill_band(w, s, n, line, lines, column, columns, band);
        }
        const int64_t band_line = band_columns(w, columns) * w->pixel_bytes;
        base = const_row_of(band, group_bytes, w->kernel->row_bytes);
        column_bytes = w->output_column * w->pixel_bytes;
        line_bytes = w->output_line * band_line;
        tap_column_bytes = g->dilation_w * w->pixel_bytes;
        tap_line_bytes = g->dilation_h * band_line;
    }
    const int64_t taps = w->runs / g->kh;
    for (int64_t run = 0; run < w->runs; run++) {
        offsets[run] = run / taps * tap_line_bytes + run % taps * tap_column_bytes;
    }
    block->src_stride = column_bytes;
    block->step = w->step;
    block->src_step = w->step * w->kernel->row_bytes;
    block->runs = w->runs;
    block->run_offsets = offsets;
    block->steps = w->run_steps;
    block->count = 0;
    cut_lines(w->kernel, block, (row_span){.src = base, .rows = columns, .dst_row = (n * s->oh + line) * s->ow + column},
              lines, line_bytes, s->ow, columns == s->ow);
}
