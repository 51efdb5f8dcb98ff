/*
 * Lines of f32 depthwise convolutions, one vector of channels at a time. Sums of 8 pixels side by side hide the latency of the
 * additions, and where the windows' columns lie side by side each pixel is loaded once for all windows of its row.
 * Every instruction set includes this file once, after it has defined
 *
 *   LANES                       floats in a vector
 *   floats                      type of a vector
 *   lanes_mask                  which of its lanes count
 *   mask_of(channels)
 *   zero(), broadcast(x)
 *   load(from), load_aligned(from), store_all(to, v)
 *   load_part(from, mask), store_part(to, v, mask)
 *   multiply_add(a, b, acc), add(a, b)
 *   larger(a, b), smaller(a, b) the second one where one is NaN
 */
#include "compiler.h"
#include "depthwise.h"

enum { PIXELS = 8 };

/* What a loop knows when it is compiled; taps 0: nothing. */
typedef struct line_form {
    bool whole; /* all lanes count */
    int64_t taps, stride;
} line_form;

ALWAYS_INLINE floats load_lanes(line_form f, const float *from, lanes_mask mask) {
    return f.whole ? load(from) : load_part(from, mask);
}

/*
 * Sums of 8 windows, the first of which begins with the image's `column`, for the channels from c on. `edge`: some of
 * their columns may be outside the image; nothing is added then.
 */
ALWAYS_INLINE void add_rows(const line_tile *t, line_form f, bool edge, int64_t column, int64_t c, lanes_mask mask,
                            floats acc[PIXELS]) {
    const int64_t stride = f.taps != 0 ? f.stride : t->stride, dilation = f.taps != 0 ? 1 : t->dilation;
    const uint64_t width = (uint64_t) t->width;
    const float *src = t->src + c, *weights = t->weights + c * t->all_taps;
    UNROLL(8)
    for (int p = 0; p < PIXELS; p++) {
        acc[p] = zero();
    }
    for (int64_t row = 0; row < t->rows; row++, src += t->row_stride, weights += t->taps * LANES) {
        if (f.taps == 0) {
            for (int64_t tap = 0; tap < t->taps; tap++) {
                const floats w = load_aligned(weights + tap * LANES);
                UNROLL(8)
                for (int p = 0; p < PIXELS; p++) {
                    const int64_t at = column + p * stride + tap * dilation;
                    if (!edge || (uint64_t) at < width) {
                        acc[p] = multiply_add(load_lanes(f, src + at * t->pixel_stride, mask), w, acc[p]);
                    }
                }
            }
            continue;
        }
        floats w[5];
        UNROLL(5)
        for (int tap = 0; tap < f.taps; tap++) {
            w[tap] = load_aligned(weights + tap * LANES);
        }
        UNROLL(20)
        for (int i = 0; i < (PIXELS - 1) * f.stride + f.taps; i++) {
            if (edge && (uint64_t) (column + i) >= width) {
                continue;
            }
            const floats a = load_lanes(f, src + (column + i) * t->pixel_stride, mask);
            UNROLL(8)
            for (int p = 0; p < PIXELS; p++) {
                const int64_t tap = i - p * f.stride;
                if (tap >= 0 && tap < f.taps) {
                    acc[p] = multiply_add(a, w[tap], acc[p]);
                }
            }
        }
    }
}

/* 8 pixels from x on, of the channels from c on. */
ALWAYS_INLINE void do_lanes(const line_tile *t, line_form f, bool edge, int64_t x, int64_t c, lanes_mask mask) {
    floats acc[PIXELS];
    add_rows(t, f, edge, t->column + (t->first + x) * t->stride, c, mask, acc);
    const floats lo = broadcast(t->lo), hi = broadcast(t->hi);
    const floats offset = t->offset == 0 ? zero() : load_lanes(f, t->offset + c, mask);
    float *to = t->dst + x * t->dst_stride + c;
    UNROLL(8)
    for (int p = 0; p < PIXELS; p++) {
        floats r = acc[p];
        if (t->offset != 0) {
            r = add(r, offset);
        }
        if (t->clamps) {
            r = smaller(larger(r, lo), hi);
        }
        if (edge && x + p >= t->pixels) {
            break;
        }
        if (f.whole) {
            store_all(to + p * t->dst_stride, r);
        } else {
            store_part(to + p * t->dst_stride, r, mask);
        }
    }
}

ALWAYS_INLINE void do_pixels(const line_tile *t, line_form f, bool edge, int64_t x) {
    int64_t c = 0;
    f.whole = true;
    for (; c + LANES <= t->channels; c += LANES) {
        do_lanes(t, f, edge, x, c, mask_of(LANES));
    }
    f.whole = false;
    if (c < t->channels) {
        do_lanes(t, f, edge, x, c, mask_of(t->channels - c));
    }
}

ALWAYS_INLINE void do_line(const line_tile *given, line_form f) {
    const line_tile copy = *given, *t = &copy; /* which no store can change */
    const int64_t span = (PIXELS - 1) * t->stride + (t->taps - 1) * t->dilation;
    for (int64_t x = 0; x < t->pixels; x += PIXELS) {
        const int64_t column = t->column + (t->first + x) * t->stride;
        if (x + PIXELS <= t->pixels && column >= 0 && column + span < t->width) {
            do_pixels(t, f, false, x);
        } else {
            do_pixels(t, f, true, x);
        }
    }
}

static void line(const line_tile *t) {
    if (t->taps == 3 && t->dilation == 1 && t->stride == 1) {
        do_line(t, (line_form){.taps = 3, .stride = 1});
    } else if (t->taps == 3 && t->dilation == 1 && t->stride == 2) {
        do_line(t, (line_form){.taps = 3, .stride = 2});
    } else if (t->taps == 5 && t->dilation == 1 && t->stride == 1) {
        do_line(t, (line_form){.taps = 5, .stride = 1});
    } else {
        do_line(t, (line_form){0});
    }
}
