/*
 * INT8 depthwise convolution of 64 channels: vpdpbusd adds four products of each channel, whose pixels are interleaved
 * within lanes, and saturating packs of the rounded results leave the channels in their order again.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"
#include "depthwise_pixels__avx512_vnni.h"

extern const gemm_kernel u8s8_gemm_12x32__avx512_vnni, s8s8_gemm_12x32__avx512_vnni;

enum {
    AHEAD = 1,          /* pixels whose columns are interleaved before they are needed */
    PIXELS = 2,         /* at once, of windows of 3 columns 1 apart */
    WINDOW_COLUMNS = 4, /* that these see; 3 of a pixel alone */
};

/* Values of a block's channels at its positions. */
static void spread(const float *values, int64_t channels, int64_t parts, float *to) {
    __m512i v[4];
    UNROLL(4)
    for (int64_t i = 0; i < 4; i++) {
        const int64_t from = i % (4 / parts) * 16;
        const __mmask16 mask = (__mmask16) (channels <= from ? 0 : mask_of(channels - from));
        v[i] = values == 0 ? _mm512_setzero_si512() : _mm512_maskz_loadu_epi32(mask, values + from);
    }
    turn(v);
    UNROLL(4)
    for (int64_t i = 0; i < 4; i++) {
        _mm512_store_si512(to + i * 16, v[i]);
    }
}

static void scale(const epilogue *e, int64_t first, int64_t channels, int64_t parts, column_scales *scales) {
    spread(e->multiplier + first, channels, parts, scales->multiplier);
    spread(e->offset == 0 ? 0 : e->offset + first, channels, parts, scales->offset);
}

/* The sums of a pixel of each line. */
ALWAYS_INLINE void add_taps(const column_tile *t, int lines, int64_t taps, int64_t groups, const char *at,
                            __m512i acc[COLUMN_LINES][4]) {
    const __m512i *init = (const __m512i *) (const void *) t->init;
    const __m512i *weights = t->weights;
    const int64_t line_weights = taps * groups * 4;
    UNROLL(2)
    for (int line = 0; line < lines; line++) {
        UNROLL(4)
        for (int i = 0; i < 4; i++) {
            acc[line][i] = init[i];
        }
    }
    UNROLL(5)
    for (int64_t tap = 0; tap < taps; tap++) {
        UNROLL(2)
        for (int64_t group = 0; group < groups; group++) {
            const __m512i *column = (const __m512i *) (const void *) (at + tap * t->tap_stride + group * 256);
            const __m512i *of_group = weights + (tap * groups + group) * 4;
            UNROLL(4)
            for (int i = 0; i < 4; i++) {
                const __m512i pixels = _mm512_load_si512(column + i);
                UNROLL(2)
                for (int line = 0; line < lines; line++) {
                    acc[line][i] = _mm512_dpbusd_epi32(acc[line][i], pixels, of_group[line * line_weights + i]);
                }
            }
        }
    }
}

/* Interleaves what pixels up to p are the first to see. */
ALWAYS_INLINE int64_t interleave_for(const column_tile *t, int parts, int64_t groups, int64_t p, int64_t next) {
    const int64_t end = min_s64(t->inside_end, p * t->advance + t->span);
    for (; next < end; next++) {
        interleave_column(t, parts, groups, next);
    }
    return next;
}

ALWAYS_INLINE void interleave_all(const column_tile *t, int parts) {
    for (int64_t column = t->inside; column < t->inside_end; column++) {
        interleave_column(t, parts, t->groups, column);
    }
}

static void interleave(const column_tile *t) {
    if (t->parts == 1) {
        interleave_all(t, 1);
    } else if (t->parts == 2) {
        interleave_all(t, 2);
    } else {
        interleave_all(t, 4);
    }
}

ALWAYS_INLINE void sum_lines(const column_tile *given, int lines) {
    const column_tile copy = *given, *t = &copy;
    const char *at = t->columns;
    interleave(t);
    for (int64_t p = 0; p < t->pixels; p++, at += t->pixel_stride) {
        __m512i acc[COLUMN_LINES][4];
        add_taps(t, lines, t->taps, t->groups, at, acc);
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            turn(acc[line]);
            UNROLL(4)
            for (int i = 0; i < 4; i++) {
                _mm512_store_si512(t->acc + (line * t->pixels + p) * 64 + i * 16, acc[line][i]);
            }
        }
    }
}

static void sum(const column_tile *t) {
    if (t->lines == 2) {
        sum_lines(t, 2);
    } else {
        sum_lines(t, 1);
    }
}

ALWAYS_INLINE void store_bytes(const column_tile *t, int parts, __mmask64 mask, int line, int64_t offset,
                               __m512i bytes) {
    UNROLL(4)
    for (int part = 0; part < parts; part++) {
        char *to = t->dst[part][line];
        if (parts == 1) {
            _mm512_mask_storeu_epi8(to + offset, mask, bytes);
        } else if (to != 0 && parts == 2) {
            const __m256i half = part == 0 ? _mm512_castsi512_si256(bytes) : _mm512_extracti64x4_epi64(bytes, 1);
            _mm256_mask_storeu_epi8(to + offset, (__mmask32) mask, half);
        } else if (to != 0) {
            const __m128i quarter = part == 0   ? _mm512_castsi512_si128(bytes)
                                    : part == 1 ? _mm512_extracti32x4_epi32(bytes, 1)
                                    : part == 2 ? _mm512_extracti32x4_epi32(bytes, 2)
                                                : _mm512_extracti32x4_epi32(bytes, 3);
            _mm_mask_storeu_epi8(to + offset, (__mmask16) mask, quarter);
        }
    }
}

ALWAYS_INLINE __m512i bytes_of(const column_tile *t, __m512i low, __m512i high) {
    if (t->is_unsigned) {
        const __m512i bytes = _mm512_packus_epi16(low, high);
        const __m512i lo = _mm512_set1_epi8((char) t->lo), hi = _mm512_set1_epi8((char) t->hi);
        return t->clamps ? _mm512_min_epu8(_mm512_max_epu8(bytes, lo), hi) : bytes;
    }
    const __m512i bytes = _mm512_packs_epi16(low, high);
    const __m512i lo = _mm512_set1_epi8((char) t->lo), hi = _mm512_set1_epi8((char) t->hi);
    return t->clamps ? _mm512_min_epi8(_mm512_max_epi8(bytes, lo), hi) : bytes;
}

ALWAYS_INLINE __m512i rounded(const column_tile *t, int i, __m512i sum) {
    const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_load_ps(t->scales->multiplier + i * 16));
    return _mm512_cvtps_epi32(_mm512_add_ps(product, _mm512_load_ps(t->scales->offset + i * 16)));
}

ALWAYS_INLINE __m512i narrowed(const column_tile *t, __m512i left, __m512i right) {
    return _mm512_adds_epi16(_mm512_packs_epi32(left, right), _mm512_set1_epi16((int16_t) t->zero_point));
}

ALWAYS_INLINE __m512i finished(const column_tile *t, const __m512i acc[4]) {
    const __m512i low = narrowed(t, rounded(t, 0, acc[0]), rounded(t, 1, acc[1]));
    return bytes_of(t, low, narrowed(t, rounded(t, 2, acc[2]), rounded(t, 3, acc[3])));
}

/* A column in registers, from the image or from the columns, where padding is. */
ALWAYS_INLINE void take_column(const column_tile *t, int parts, int64_t column, __mmask64 mask, __m512i to[4]) {
    if (column >= t->inside && column < t->inside_end) {
        interleave_group(t, parts, 0, column, mask, to);
    } else {
        const __m512i padding = _mm512_set1_epi8((char) t->padding);
        UNROLL(4)
        for (int i = 0; i < 4; i++) {
            to[i] = padding;
        }
    }
}

/* Quarter i of the channels, rounded, of pixels that share its weights: each is loaded once for all of them. */
ALWAYS_INLINE void round_quarter(const column_tile *t, int i, int lines, int pixels, int stride,
                                 __m512i column[WINDOW_COLUMNS][4], __m512i to[PIXELS][COLUMN_LINES]) {
    const __m512i *init = (const __m512i *) (const void *) t->init;
    const __m512i *weights = t->weights;
    UNROLL(2)
    for (int line = 0; line < lines; line++) {
        UNROLL(2)
        for (int p = 0; p < pixels; p++) {
            to[p][line] = init[i];
        }
        UNROLL(3)
        for (int tap = 0; tap < 3; tap++) {
            const __m512i w = weights[(line * 3 + tap) * 4 + i];
            UNROLL(2)
            for (int p = 0; p < pixels; p++) {
                to[p][line] = _mm512_dpbusd_epi32(to[p][line], column[p * stride + tap][i], w);
            }
        }
    }
    UNROLL(2)
    for (int p = 0; p < pixels; p++) {
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            to[p][line] = rounded(t, i, to[p][line]);
        }
    }
}

/* Two quarters as 16-bit results, with the zero point. */
ALWAYS_INLINE void narrow_half(const column_tile *t, int half, int lines, int pixels, int stride,
                               __m512i column[WINDOW_COLUMNS][4], __m512i to[PIXELS][COLUMN_LINES]) {
    __m512i left[PIXELS][COLUMN_LINES], right[PIXELS][COLUMN_LINES];
    round_quarter(t, half * 2, lines, pixels, stride, column, left);
    round_quarter(t, half * 2 + 1, lines, pixels, stride, column, right);
    UNROLL(2)
    for (int p = 0; p < pixels; p++) {
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            to[p][line] = narrowed(t, left[p][line], right[p][line]);
        }
    }
}

/* Pixels from number p on, whose columns are in registers. */
ALWAYS_INLINE void finish_pixels(const column_tile *t, int parts, __mmask64 mask, int lines, int pixels, int stride,
                                 __m512i column[WINDOW_COLUMNS][4], int64_t p) {
    __m512i low[PIXELS][COLUMN_LINES], high[PIXELS][COLUMN_LINES];
    narrow_half(t, 0, lines, pixels, stride, column, low);
    narrow_half(t, 1, lines, pixels, stride, column, high);
    UNROLL(2)
    for (int i = 0; i < pixels; i++) {
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            store_bytes(t, parts, mask, line, t->first + (p + i) * t->dst_stride,
                        bytes_of(t, low[i][line], high[i][line]));
        }
    }
}

/* Windows of 3 columns in registers, `stride` apart. */
ALWAYS_INLINE void finish_3(const column_tile *given, int parts, int lines, int stride) {
    const column_tile copy = *given, *t = &copy; /* which no store can change */
    const __mmask64 mask = mask_of(t->channels);
    const int kept = 3 - stride, pixels = stride == 1 ? PIXELS : 1;
    __m512i column[WINDOW_COLUMNS][4];
    UNROLL(2)
    for (int i = 0; i < kept; i++) {
        take_column(t, parts, i, mask, column[i]);
    }
    int64_t p = 0;
    for (; p + pixels <= t->pixels; p += pixels) {
        UNROLL(4)
        for (int i = kept; i < kept + pixels * stride; i++) {
            take_column(t, parts, p * stride + i, mask, column[i]);
        }
        finish_pixels(t, parts, mask, lines, pixels, stride, column, p);
        UNROLL(2)
        for (int i = 0; i < kept; i++) {
            UNROLL(4)
            for (int j = 0; j < 4; j++) {
                column[i][j] = column[i + pixels * stride][j];
            }
        }
    }
    if (p < t->pixels) {
        UNROLL(2)
        for (int i = kept; i < 3; i++) {
            take_column(t, parts, p * stride + i, mask, column[i]);
        }
        finish_pixels(t, parts, mask, lines, 1, stride, column, p);
    }
}

ALWAYS_INLINE void finish_any(const column_tile *given, int parts, int lines, int64_t taps, int64_t groups) {
    const column_tile copy = *given, *t = &copy;
    const __mmask64 mask = mask_of(t->channels);
    int64_t next = t->inside;
    const char *at = t->columns;
    for (int64_t p = 0; p < t->pixels; p++, at += t->pixel_stride) {
        __m512i acc[COLUMN_LINES][4];
        next = interleave_for(t, parts, groups, p + AHEAD, next);
        add_taps(t, lines, taps, groups, at, acc);
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            store_bytes(t, parts, mask, line, t->first + p * t->dst_stride, finished(t, acc[line]));
        }
    }
}

ALWAYS_INLINE void finish_parts(const column_tile *t, int parts) {
    const bool is_3x3 = t->taps == 3 && t->groups == 1 && t->span == 3;
    const bool is_5x5 = t->taps == 5 && t->groups == 2 && parts == 1; /* other blocks are too few */
    if (t->lines == 2) {
        if (is_3x3 && t->advance == 1) {
            finish_3(t, parts, 2, 1);
        } else if (is_5x5) {
            finish_any(t, parts, 2, 5, 2);
        } else {
            finish_any(t, parts, 2, t->taps, t->groups);
        }
    } else if (is_3x3 && t->advance == 1) {
        finish_3(t, parts, 1, 1);
    } else if (is_3x3 && t->advance == 2) {
        finish_3(t, parts, 1, 2);
    } else if (is_5x5) {
        finish_any(t, parts, 1, 5, 2);
    } else {
        finish_any(t, parts, 1, t->taps, t->groups);
    }
}

static void finish(const column_tile *t) {
    if (t->parts == 1) {
        finish_parts(t, 1);
    } else if (t->parts == 2) {
        finish_parts(t, 2);
    } else {
        finish_parts(t, 4);
    }
}

static const column_kernel COLUMNS = {
    .interleave = interleave,
    .scale = scale,
    .sum = sum,
    .finish = finish,
};

#define KERNEL(types)                                                                                                  \
    const depthwise_kernel types##_depthwise_2x64__avx512_vnni = {                                                     \
        .name = #types "_depthwise_2x64__avx512_vnni",                                                                 \
        .format = &types##_gemm_12x32__avx512_vnni,                                                                    \
        .block = COLUMN_CHANNELS,                                                                                      \
        .columns = &COLUMNS,                                                                                           \
    };

KERNEL(u8s8)
KERNEL(s8s8)
