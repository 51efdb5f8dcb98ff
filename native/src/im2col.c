#include "im2col.h"

#include "compiler.h"

/* The half-open range of taps whose pixel lies inside [0, extent), the first pixel being `start`. */
typedef struct tap_range {
    int64_t begin, end;
} tap_range;

static tap_range taps_inside(int64_t start, int64_t taps, int64_t dilation, int64_t extent) {
    tap_range r = {0, taps};
    while (r.begin < taps && start + r.begin * dilation < 0) {
        r.begin++;
    }
    while (r.end > r.begin && start + (r.end - 1) * dilation >= extent) {
        r.end--;
    }
    return r;
}

/* memcpy without a call for the few bytes that a tap of a first layer has; copies may overlap themselves. */
ALWAYS_INLINE void copy(char *to, const char *from, int64_t bytes) {
    if (bytes > 32 || bytes < 4) {
        memcpy(to, from, (size_t) bytes);
    } else if (bytes >= 16) {
        memcpy(to, from, 16);
        memcpy(to + bytes - 16, from + bytes - 16, 16);
    } else if (bytes >= 8) {
        memcpy(to, from, 8);
        memcpy(to + bytes - 8, from + bytes - 8, 8);
    } else {
        memcpy(to, from, 4);
        memcpy(to + bytes - 4, from + bytes - 4, 4);
    }
}

static void gather(const conv2d_geometry *g, const image *s, const char *image_data, int64_t start_h, int64_t start_w,
                   char *to) {
    const int64_t tap_bytes = g->ic / g->groups * s->element_bytes;
    const int64_t pixel_bytes = g->ic * s->element_bytes;
    const int64_t line_bytes = g->kw * tap_bytes;
    const tap_range rows = taps_inside(start_h, g->kh, g->dilation_h, s->h);
    const tap_range columns = taps_inside(start_w, g->kw, g->dilation_w, s->w);
    const bool whole_lines = g->groups == 1 && g->dilation_w == 1;
    for (int64_t kh = 0; kh < g->kh; kh++, to += line_bytes) {
        if (kh < rows.begin || kh >= rows.end || columns.begin >= columns.end) {
            memset(to, s->padding, (size_t) line_bytes);
            continue;
        }
        const int64_t line = (start_h + kh * g->dilation_h) * s->w;
        if (columns.begin > 0) {
            memset(to, s->padding, (size_t) (columns.begin * tap_bytes));
        }
        if (columns.end < g->kw) {
            memset(to + columns.end * tap_bytes, s->padding, (size_t) ((g->kw - columns.end) * tap_bytes));
        }
        if (whole_lines) {
            const char *from = image_data + (line + start_w + columns.begin) * pixel_bytes;
            copy(to + columns.begin * tap_bytes, from, (columns.end - columns.begin) * tap_bytes);
            continue;
        }
        for (int64_t kw = columns.begin; kw < columns.end; kw++) {
            const char *from = image_data + (line + start_w + kw * g->dilation_w) * pixel_bytes;
            copy(to + kw * tap_bytes, from, tap_bytes);
        }
    }
}

void im2col(const conv2d_geometry *g, const image *s, int64_t group, int64_t first, int64_t count, char *rows,
            int64_t row_stride, int64_t row_bytes) {
    const int64_t used = g->kh * g->kw * (g->ic / g->groups) * s->element_bytes;
    int64_t ow = first % s->ow;
    int64_t oh = first / s->ow % s->oh;
    int64_t n = first / s->ow / s->oh;
    const int64_t group_offset = group * (g->ic / g->groups) * s->element_bytes;
    const bool empty = s->h == 0 || s->w == 0;
    for (int64_t i = 0; i < count; i++, rows += row_stride) {
        const int64_t image_offset = n * s->h * s->w * g->ic * s->element_bytes + group_offset;
        const char *image_data = empty ? NULL : (const char *) s->data + image_offset;
        gather(g, s, image_data, oh * g->stride_h - g->pad_top, ow * g->stride_w - g->pad_left, rows);
        memset(rows + used, 0, (size_t) (row_bytes - used));
        if (++ow == s->ow) {
            ow = 0;
            if (++oh == s->oh) {
                oh = 0;
                n++;
            }
        }
    }
}
