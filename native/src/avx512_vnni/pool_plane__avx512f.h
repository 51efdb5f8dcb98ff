/*
 * Pooling of f32 images of one channel as pool_plane_body.h has it, for windows of neighbouring columns: 16 of them one
 * or two columns apart at once. Loads leave out what is beside the image, so that there are no edges; the rows are
 * combined first, and what comes of them is shifted for each of a window's columns.
 */
#include <immintrin.h>
#include <math.h>

#include "../pool_plane_body.h"

/* The columns under 16 windows take at most three vectors. */
enum { PLANE_LANES = 16, PLANE_COLUMNS = 17 };

ALWAYS_INLINE __m512 plane_larger(__m512 a, __m512 b) {
    /* The instruction takes b where one is a NaN. */
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

/* What is taken over windows; the maximum of what is known to be without NaN is one instruction. */
typedef enum plane_kind { PLANE_MAX, PLANE_MAX_OF_NUMBERS, PLANE_AVERAGE } plane_kind;

ALWAYS_INLINE __m512 plane_combined(plane_kind kind, __m512 a, __m512 b) {
    return kind == PLANE_AVERAGE ? _mm512_add_ps(a, b) : kind == PLANE_MAX ? plane_larger(a, b) : _mm512_max_ps(a, b);
}

static bool plane_has_nan(const float *from, int64_t count) {
    __mmask16 any = 0;
    for (; count >= 32; count -= 32, from += 32) {
        any |= _mm512_cmp_ps_mask(_mm512_loadu_ps(from), _mm512_loadu_ps(from + 16), _CMP_UNORD_Q);
    }
    for (; count > 0; count -= 16, from += 16) {
        const __mmask16 mask = (__mmask16) (count >= 16 ? 0xffff : (1u << count) - 1);
        const __m512 x = _mm512_maskz_loadu_ps(mask, from);
        any |= _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    }
    return any != 0;
}

/* The lanes from `start` on that lie in [0, end). */
ALWAYS_INLINE __mmask16 plane_mask(int64_t start, int64_t end) {
    const uint32_t first = start >= 0 ? 0 : start > -PLANE_LANES ? (uint32_t) -start : PLANE_LANES;
    const int64_t left = end - start;
    const uint32_t last = left <= 0 ? 0 : left < PLANE_LANES ? (uint32_t) left : PLANE_LANES;
    return (__mmask16) (((1u << last) - 1) & ~((1u << first) - 1));
}

/* Columns from `start` on over the rows; what is not in the mask is neutral. */
ALWAYS_INLINE __m512 plane_rows(plane_kind kind, const pool2d *p, const float *first, int64_t rows, int64_t start,
                                __mmask16 mask) {
    const __m512 neutral = _mm512_set1_ps(kind == PLANE_AVERAGE ? 0.0f : -INFINITY);
    __m512 all = neutral;
    for (int64_t r = 0; mask != 0 && r < rows; r++) {
        /* No pointer to beside the plane, which would be none in C. */
        const float *row = (const float *) ((uintptr_t) (first + r * p->window.dilation_h * p->w)
                                            + (uintptr_t) (start * (int64_t) sizeof(float)));
        const __m512 next = _mm512_mask_loadu_ps(neutral, mask, row);
        all = r == 0 ? next : plane_combined(kind, all, next);
    }
    return all;
}

/* Windows one (step 1) or two columns apart, the first of which starts at `start`. */
ALWAYS_INLINE __m512 plane_windows(plane_kind kind, int64_t step, const pool2d *p, const float *first, int64_t rows,
                                   int64_t kw, int64_t start) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i places = step == 1 ? lanes : _mm512_add_epi32(lanes, lanes);
    const int64_t columns = (PLANE_LANES - 1) * step + kw;
    const int64_t end = p->w < start + columns ? p->w : start + columns;
    const __m512 low = plane_rows(kind, p, first, rows, start, plane_mask(start, end));
    const __m512 middle = plane_rows(kind, p, first, rows, start + 16, plane_mask(start + 16, end));
    const bool long_reach = columns > 32;
    const __m512 high = long_reach ? plane_rows(kind, p, first, rows, start + 32, plane_mask(start + 32, end)) : low;
    __m512 all = step == 1 ? low : _mm512_permutex2var_ps(low, places, middle);
    for (int64_t j = 1; j < kw; j++) {
        const __m512i at = _mm512_add_epi32(places, _mm512_set1_epi32((int32_t) j));
        __m512 next = _mm512_permutex2var_ps(low, at, middle);
        if (long_reach) {
            const __mmask16 beyond = _mm512_cmpge_epi32_mask(at, _mm512_set1_epi32(32));
            next = _mm512_mask_permutexvar_ps(next, beyond, at, high);
        }
        all = plane_combined(kind, all, next);
    }
    return all;
}

/* How many pixels, or places of the padding, 16 windows are averaged over. */
ALWAYS_INLINE __m512 plane_divisors(const pool2d *p, int64_t start, int64_t rows, int64_t end) {
    const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i from = _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(p->window.stride_w)),
                                          _mm512_set1_epi32((int32_t) start));
    const __m512i to = _mm512_min_epi32(_mm512_add_epi32(from, _mm512_set1_epi32(p->window.kw)),
                                        _mm512_set1_epi32((int32_t) end));
    const __m512i first = p->counts_padding ? from : _mm512_max_epi32(from, _mm512_setzero_si512());
    const __m512i columns = _mm512_max_epi32(_mm512_sub_epi32(to, first), _mm512_setzero_si512());
    return _mm512_cvtepi32_ps(_mm512_mullo_epi32(columns, _mm512_set1_epi32((int32_t) rows)));
}

ALWAYS_INLINE void pool_line(plane_kind kind, int64_t step, const pool2d *p, int64_t y, const float *image,
                             float *line) {
    const tersor_pool2d_window *k = &p->window;
    const int64_t row = y * k->stride_h - k->pad_top;
    const taps rows = taps_inside(row, k->dilation_h, k->kh, p->h);
    const int64_t padded = taps_before(row, k->dilation_h, k->kh, p->h + k->pad_bottom);
    const int64_t counted = p->counts_padding ? padded : rows.count, inside = rows.count > 0 ? rows.count : 0;
    const float *first = image + (inside > 0 ? rows.first * p->w : 0);
    const int64_t end = p->counts_padding ? p->w + k->pad_right : p->w;
    for (int64_t x = 0; x < p->ow; x += PLANE_LANES) {
        const int64_t start = x * step - k->pad_left;
        /* The usual windows by themselves: their loops are unrolled. */
        __m512 all = inside == 3 && k->kw == 3   ? plane_windows(kind, step, p, first, 3, 3, start)
                     : inside == 2 && k->kw == 2 ? plane_windows(kind, step, p, first, 2, 2, start)
                     : inside == 5 && k->kw == 5 ? plane_windows(kind, step, p, first, 5, 5, start)
                                                 : plane_windows(kind, step, p, first, inside, k->kw, start);
        if (kind == PLANE_AVERAGE) {
            const __m512 divisors = plane_divisors(p, start, counted, end);
            const __mmask16 any = _mm512_cmp_ps_mask(divisors, _mm512_setzero_ps(), _CMP_GT_OQ);
            all = _mm512_maskz_div_ps(any, all, divisors);
        }
        _mm512_mask_storeu_ps(line + x, plane_mask(0, p->ow - x), all);
    }
}

/* The columns of the image and its padding are numbers of 32 bits; sums of these must be, too. */
ALWAYS_INLINE bool plane_serves(const pool2d *p) {
    const tersor_pool2d_window *k = &p->window;
    return k->dilation_w == 1 && k->kw <= PLANE_COLUMNS && k->stride_w <= 2 && p->w <= INT32_MAX / 4
        && k->pad_left <= INT32_MAX / 4 && k->pad_right <= INT32_MAX / 4;
}

ALWAYS_INLINE void plane_lines(plane_kind kind, const pool2d *p, int64_t y, int64_t lines, const float *image,
                               float *to) {
    for (int64_t i = 0; i < lines; i++) {
        if (p->window.stride_w == 1) {
            pool_line(kind, 1, p, y + i, image, to + i * p->ow);
        } else {
            pool_line(kind, 2, p, y + i, image, to + i * p->ow);
        }
    }
}

static void max_pool_plane_512(const pool2d *p, int64_t y, int64_t lines, const float *image, float *to) {
    const tersor_pool2d_window *k = &p->window;
    if (!plane_serves(p)) {
        max_pool_plane(p, y, lines, image, to);
        return;
    }
    const int64_t above = y * k->stride_h - k->pad_top, start = above < 0 ? 0 : above < p->h ? above : p->h;
    const int64_t below = (y + lines - 1) * k->stride_h - k->pad_top + (k->kh - 1) * (int64_t) k->dilation_h + 1;
    const int64_t end = below < start ? start : below < p->h ? below : p->h;
    if (plane_has_nan(image + start * p->w, (end - start) * p->w)) {
        plane_lines(PLANE_MAX, p, y, lines, image, to);
    } else {
        plane_lines(PLANE_MAX_OF_NUMBERS, p, y, lines, image, to);
    }
}

static void average_pool_plane_512(const pool2d *p, int64_t y, int64_t lines, const float *image, float *to) {
    if (plane_serves(p)) {
        plane_lines(PLANE_AVERAGE, p, y, lines, image, to);
    } else {
        average_pool_plane(p, y, lines, image, to);
    }
}
