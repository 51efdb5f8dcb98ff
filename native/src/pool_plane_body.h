/*
 * Pooling of f32 images of one channel, which planes of NCHW are, compiled once for each instruction set: neighbouring
 * windows that lie inside the image at once, and the others by themselves.
 */
#ifndef TERSOR_POOL_PLANE_BODY_H
#define TERSOR_POOL_PLANE_BODY_H

#include <math.h>

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include "average_pool_body.h"
#include "max_pool_body.h"

/* Some neighbours at once: vectors of the compiler, which makes them of what registers there are. */
#define PLANE_VECTOR(width, bytes)                                                                                     \
    typedef float plane_##width __attribute__((vector_size(bytes), aligned(4), may_alias));                            \
    typedef int32_t plane_mask_##width __attribute__((vector_size(bytes), aligned(4), may_alias));                     \
    ALWAYS_INLINE plane_##width average_of_##width(plane_##width a, plane_##width b) {                                 \
        return a + b;                                                                                                  \
    }
#define PLANE_LARGER(width)                                                                                            \
    ALWAYS_INLINE plane_##width max_of_##width(plane_##width a, plane_##width b) {                                     \
        const plane_mask_##width first = (a > b) | (a != a);                                                           \
        return (plane_##width) (((plane_mask_##width) a & first) | ((plane_mask_##width) b & ~first));                 \
    }

#if defined(__clang__)
#define PLANE_SHUFFLE(width, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PLANE_SHUFFLE(width, a, b, ...) __builtin_shuffle(a, b, (plane_mask_##width){__VA_ARGS__})
#endif
#define PLANE_EVEN_4 0, 2, 4, 6
#define PLANE_EVEN_8 PLANE_EVEN_4, 8, 10, 12, 14
#define PLANE_ODD_4 1, 3, 5, 7
#define PLANE_ODD_8 PLANE_ODD_4, 9, 11, 13, 15

PLANE_VECTOR(narrow, 16)
#define PLANE_EVEN_narrow PLANE_EVEN_4
#define PLANE_ODD_narrow PLANE_ODD_4
#if defined(__AVX__)
PLANE_VECTOR(wide, 32)
#define PLANE_EVEN_wide PLANE_EVEN_8
#define PLANE_ODD_wide PLANE_ODD_8
ALWAYS_INLINE plane_wide max_of_wide(plane_wide a, plane_wide b) {
    const __m256 x = (__m256) a;
    return (plane_wide) _mm256_blendv_ps(_mm256_max_ps(x, (__m256) b), x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}
#else
PLANE_VECTOR(wide, 16)
#define PLANE_EVEN_wide PLANE_EVEN_4
#define PLANE_ODD_wide PLANE_ODD_4
PLANE_LARGER(wide)
#endif
#if defined(__AVX__)
ALWAYS_INLINE plane_narrow max_of_narrow(plane_narrow a, plane_narrow b) {
    const __m128 x = (__m128) a;
    return (plane_narrow) _mm_blendv_ps(_mm_max_ps(x, (__m128) b), x, _mm_cmpunord_ps(x, x));
}
#else
PLANE_LARGER(narrow)
#endif

/* What lies under windows: rows so far apart, and columns so far from each other. */
typedef struct plane_taps {
    int64_t rows, row_step, columns, dilation, stride;
    float divisor; /* of averages */
} plane_taps;

/* Without a branch, which nothing could predict. */
ALWAYS_INLINE float max_of_1(float a, float b) {
    const plane_narrow x = {a}, y = {b};
    return max_of_narrow(x, y)[0];
}

#define max_finished(value, divisor) (value)
#define average_finished(value, divisor) ((value) / (divisor))

ALWAYS_INLINE float average_of_1(float a, float b) {
    return a + b;
}

#define PLANE_STRIPS(name, width)                                                                                      \
    /* The rows of neighbouring columns. */                                                                            \
    ALWAYS_INLINE plane_##width name##_plane_rows_##width(const float *from, int64_t rows, int64_t row_step) {         \
        plane_##width all = *(const plane_##width *) from;                                                             \
        for (int64_t r = 1; r < rows; r++) {                                                                           \
            all = name##_of_##width(all, *(const plane_##width *) (from + r * row_step));                              \
        }                                                                                                              \
        return all;                                                                                                    \
    }                                                                                                                  \
    /* Windows one column apart. */                                                                                    \
    ALWAYS_INLINE plane_##width name##_plane_strip_##width(const plane_taps *t, const float *from) {                   \
        plane_##width all = name##_plane_rows_##width(from, t->rows, t->row_step);                                     \
        for (int64_t j = 1; j < t->columns; j++) {                                                                     \
            all = name##_of_##width(all, name##_plane_rows_##width(from + j * t->dilation, t->rows, t->row_step));     \
        }                                                                                                              \
        return all;                                                                                                    \
    }                                                                                                                  \
    /* Windows two columns apart, of two taps and more: nothing behind the last one is read. */                        \
    ALWAYS_INLINE plane_##width name##_plane_second_##width(const plane_taps *t, const float *from) {                  \
        enum { LANES = sizeof(plane_##width) / sizeof(float) };                                                        \
        plane_##width low = name##_plane_rows_##width(from, t->rows, t->row_step);                                     \
        plane_##width high = name##_plane_rows_##width(from + LANES, t->rows, t->row_step);                            \
        plane_##width all = PLANE_SHUFFLE(width, low, high, PLANE_EVEN_##width);                                       \
        for (int64_t j = 1; j < t->columns; j++) {                                                                     \
            const int64_t at = j * t->dilation;                                                                        \
            if (at != 1) {                                                                                             \
                low = name##_plane_rows_##width(from + at - 1, t->rows, t->row_step);                                  \
                high = name##_plane_rows_##width(from + at - 1 + LANES, t->rows, t->row_step);                         \
            }                                                                                                          \
            all = name##_of_##width(all, PLANE_SHUFFLE(width, low, high, PLANE_ODD_##width));                          \
        }                                                                                                              \
        return all;                                                                                                    \
    }                                                                                                                  \
    /* `count` of at least a vector's windows, the last vector of which overlaps the one before. */                    \
    ALWAYS_INLINE void name##_plane_run_##width(const plane_taps *t, const float *from, int64_t count, float *to) {    \
        enum { LANES = sizeof(plane_##width) / sizeof(float) };                                                        \
        for (int64_t next = 0; next < count; next += LANES) {                                                          \
            const int64_t i = next < count - LANES ? next : count - LANES;                                             \
            const plane_##width all = t->stride == 1 ? name##_plane_strip_##width(t, from + i)                         \
                                                     : name##_plane_second_##width(t, from + 2 * i);                   \
            *(plane_##width *) (to + i) = name##_finished(all, t->divisor);                                            \
        }                                                                                                              \
    }

#define PLANE(name)                                                                                                    \
    PLANE_STRIPS(name, wide)                                                                                           \
    PLANE_STRIPS(name, narrow)                                                                                         \
    /* A window's pixels. */                                                                                           \
    ALWAYS_INLINE float name##_plane_window(const plane_taps *t, const float *from, int64_t columns) {                 \
        float all = *from;                                                                                             \
        for (int64_t r = 0; r < t->rows; r++) {                                                                        \
            for (int64_t j = r == 0 ? 1 : 0; j < columns; j++) {                                                       \
                all = name##_of_1(all, from[r * t->row_step + j * t->dilation]);                                       \
            }                                                                                                          \
        }                                                                                                              \
        return all;                                                                                                    \
    }                                                                                                                  \
    /* Some columns of a window from `first` on: the rows of four columns at once where the image has so many. */      \
    ALWAYS_INLINE float name##_plane_edge(const plane_taps *t, const float *row, int64_t w, taps columns) {            \
        const int64_t start = columns.first < w - 4 ? columns.first : w - 4;                                           \
        if (w < 4 || t->dilation != 1 || columns.first + columns.count > start + 4) {                                  \
            return name##_plane_window(t, row + columns.first, columns.count);                                         \
        }                                                                                                              \
        const plane_narrow all = name##_plane_rows_narrow(row + start, t->rows, t->row_step);                          \
        float value = all[columns.first - start];                                                                      \
        for (int64_t j = 1; j < columns.count; j++) {                                                                  \
            value = name##_of_1(value, all[columns.first - start + j]);                                                \
        }                                                                                                              \
        return value;                                                                                                  \
    }                                                                                                                  \
    /* `count` windows that are inside as a whole, the first of which starts here. */                                  \
    static void name##_plane_inside(const plane_taps *t, const float *from, int64_t count, float *to) {                \
        const bool vectors = t->stride == 1 || (t->stride == 2 && t->columns > 1);                                     \
        if (vectors && count >= (int64_t) (sizeof(plane_wide) / sizeof(float))) {                                      \
            if (t->rows == 3 && t->columns == 3 && t->dilation == 1) {                                                 \
                const plane_taps three = {3, t->row_step, 3, 1, t->stride, t->divisor};                                \
                name##_plane_run_wide(&three, from, count, to);                                                        \
            } else {                                                                                                   \
                name##_plane_run_wide(t, from, count, to);                                                             \
            }                                                                                                          \
        } else if (vectors && count >= (int64_t) (sizeof(plane_narrow) / sizeof(float))) {                             \
            name##_plane_run_narrow(t, from, count, to);                                                               \
        } else {                                                                                                       \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                to[i] = name##_finished(name##_plane_window(t, from + i * t->stride, t->columns), t->divisor);         \
            }                                                                                                          \
        }                                                                                                              \
    }

PLANE(max)
PLANE(average)

/* The windows of a line that are inside as a whole. */
typedef struct plane_line {
    taps rows;
    plane_taps under;
    int64_t first, end;
} plane_line;

ALWAYS_INLINE plane_line plane_line_of(const pool2d *p, int64_t y) {
    const tersor_pool2d_window *k = &p->window;
    plane_line line = {.rows = taps_inside(y * k->stride_h - k->pad_top, k->dilation_h, k->kh, p->h)};
    line.under = (plane_taps){line.rows.count, k->dilation_h * p->w, k->kw, k->dilation_w, k->stride_w, 1.0f};
    const int64_t room = p->w + k->pad_left - ((k->kw - 1) * (int64_t) k->dilation_w + 1);
    const int64_t end = room < 0 || line.rows.count <= 0 ? 0 : (k->stride_w == 1 ? room : room / k->stride_w) + 1;
    line.first = steps_over(k->pad_left, k->stride_w);
    line.end = end < p->ow ? end : p->ow;
    line.first = line.first < line.end ? line.first : line.end;
    return line;
}

static void max_plane_line(const pool2d *p, int64_t y, const float *image, float *to) {
    const tersor_pool2d_window *k = &p->window;
    const plane_line l = plane_line_of(p, y);
    const float *row = image + l.rows.first * p->w;
    if (l.first < l.end) {
        max_plane_inside(&l.under, row + l.first * k->stride_w - k->pad_left, l.end - l.first, to + l.first);
    }
    for (int64_t x = 0; x < p->ow; x++) {
        x = x == l.first ? l.end : x;
        if (x < p->ow) {
            const taps columns = taps_inside(x * k->stride_w - k->pad_left, k->dilation_w, k->kw, p->w);
            to[x] = l.rows.count > 0 && columns.count > 0
                        ? max_plane_edge(&l.under, row, p->w, columns)
                        : -INFINITY;
        }
    }
}

static void average_plane_line(const pool2d *p, int64_t y, const float *image, float *to) {
    const tersor_pool2d_window *k = &p->window;
    plane_line l = plane_line_of(p, y);
    const float *row = image + l.rows.first * p->w;
    const int64_t padded = taps_before(y * k->stride_h - k->pad_top, k->dilation_h, k->kh, p->h + k->pad_bottom);
    const int64_t counted = p->counts_padding ? padded : l.rows.count;
    l.under.divisor = (float) (counted * k->kw);
    if (l.first < l.end) {
        average_plane_inside(&l.under, row + l.first * k->stride_w - k->pad_left, l.end - l.first, to + l.first);
    }
    for (int64_t x = 0; x < p->ow; x++) {
        x = x == l.first ? l.end : x;
        if (x < p->ow) {
            const int64_t column = x * k->stride_w - k->pad_left;
            const taps columns = taps_inside(column, k->dilation_w, k->kw, p->w);
            const int64_t taken = counted * (p->counts_padding
                                                 ? taps_before(column, k->dilation_w, k->kw, p->w + k->pad_right)
                                                 : columns.count);
            to[x] = l.rows.count > 0 && columns.count > 0
                        ? average_plane_edge(&l.under, row, p->w, columns) / (float) taken
                        : 0.0f;
        }
    }
}

static void max_pool_plane(const pool2d *p, int64_t y, int64_t lines, const float *image, float *to) {
    for (int64_t i = 0; i < lines; i++) {
        max_plane_line(p, y + i, image, to + i * p->ow);
    }
}

static void average_pool_plane(const pool2d *p, int64_t y, int64_t lines, const float *image, float *to) {
    for (int64_t i = 0; i < lines; i++) {
        average_plane_line(p, y + i, image, to + i * p->ow);
    }
}

#undef max_finished
#undef average_finished
#undef PLANE
#undef PLANE_STRIPS
#undef PLANE_LARGER
#undef PLANE_VECTOR

#endif
