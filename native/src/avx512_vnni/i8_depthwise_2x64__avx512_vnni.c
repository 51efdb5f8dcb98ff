/*
 * INT8 depthwise convolution of 64 channels: vpdpbusd adds four products of each channel, whose pixels are interleaved
 * within lanes, and saturating packs of the rounded results leave the channels in their order again.
 */
#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

extern const gemm_kernel u8s8_gemm_12x32__avx512_vnni, s8s8_gemm_12x32__avx512_vnni;

/* Defines interleave_<width>: a vector's taps as [channel][4]. */
#define INTERLEAVE(width, vector, mm, si, load_mask)                                                                   \
    ALWAYS_INLINE vector load_##width(bool masked, bool is_signed, const char *from, load_mask mask) {                 \
        const vector v = masked ? mm##_maskz_loadu_epi8(mask, from) : mm##_loadu_epi8(from);                           \
        return is_signed ? mm##_xor_##si(v, mm##_set1_epi8(-128)) : v;                                                 \
    }                                                                                                                  \
    ALWAYS_INLINE void interleave_##width(bool masked, bool is_signed, const column_rows *rows, load_mask mask,        \
                                          int64_t count, char *to, int64_t to_stride) {                                \
        const char *row0 = rows->row[0], *row1 = rows->row[1], *row2 = rows->row[2], *row3 = rows->row[3];             \
        for (int64_t i = 0; i < count; i++, to += to_stride) {                                                         \
            const vector a = load_##width(masked, is_signed, row0, mask);                                              \
            const vector b = load_##width(masked, is_signed, row1, mask);                                              \
            const vector c = load_##width(masked, is_signed, row2, mask);                                              \
            const vector d = load_##width(masked, is_signed, row3, mask);                                              \
            const vector ab_low = mm##_unpacklo_epi8(a, b), ab_high = mm##_unpackhi_epi8(a, b);                        \
            const vector cd_low = mm##_unpacklo_epi8(c, d), cd_high = mm##_unpackhi_epi8(c, d);                        \
            mm##_store_##si((void *) to, mm##_unpacklo_epi16(ab_low, cd_low));                                         \
            mm##_store_##si((void *) (to + 64), mm##_unpackhi_epi16(ab_low, cd_low));                                  \
            mm##_store_##si((void *) (to + 128), mm##_unpacklo_epi16(ab_high, cd_high));                               \
            mm##_store_##si((void *) (to + 192), mm##_unpackhi_epi16(ab_high, cd_high));                               \
            row0 += rows->stride[0];                                                                                   \
            row1 += rows->stride[1];                                                                                   \
            row2 += rows->stride[2];                                                                                   \
            row3 += rows->stride[3];                                                                                   \
        }                                                                                                              \
    }

INTERLEAVE(16, __m128i, _mm, si128, __mmask16)
INTERLEAVE(32, __m256i, _mm256, si256, __mmask32)
INTERLEAVE(64, __m512i, _mm512, si512, __mmask64)

ALWAYS_INLINE uint64_t mask_of(int64_t channels) {
    return channels >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << channels) - 1;
}

ALWAYS_INLINE void interleave(bool is_signed, const column_rows *rows, int64_t channels, int64_t width, int64_t count,
                              char *to, int64_t to_stride) {
    const uint64_t mask = mask_of(channels);
    const bool masked = channels < width;
    if (width == 64) {
        if (masked) {
            interleave_64(true, is_signed, rows, mask, count, to, to_stride);
        } else {
            interleave_64(false, is_signed, rows, mask, count, to, to_stride);
        }
    } else if (width == 32) {
        if (masked) {
            interleave_32(true, is_signed, rows, (__mmask32) mask, count, to, to_stride);
        } else {
            interleave_32(false, is_signed, rows, (__mmask32) mask, count, to, to_stride);
        }
    } else if (masked) {
        interleave_16(true, is_signed, rows, (__mmask16) mask, count, to, to_stride);
    } else {
        interleave_16(false, is_signed, rows, (__mmask16) mask, count, to, to_stride);
    }
}

static void interleave_u8(const column_rows *rows, int64_t channels, int64_t width, int64_t count, char *to,
                          int64_t to_stride) {
    interleave(false, rows, channels, width, count, to, to_stride);
}

static void interleave_s8(const column_rows *rows, int64_t channels, int64_t width, int64_t count, char *to,
                          int64_t to_stride) {
    interleave(true, rows, channels, width, count, to, to_stride);
}

/* From units of 4 channels of each lane to the channels in their order, and back: lane i of vector j to lane j of i. */
ALWAYS_INLINE void turn(__m512i v[4]) {
    const __m512i low01 = _mm512_shuffle_i32x4(v[0], v[1], 0x44), high01 = _mm512_shuffle_i32x4(v[0], v[1], 0xee);
    const __m512i low23 = _mm512_shuffle_i32x4(v[2], v[3], 0x44), high23 = _mm512_shuffle_i32x4(v[2], v[3], 0xee);
    v[0] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    v[1] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
    v[2] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    v[3] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
}

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

static bool scale(const epilogue *e, const int32_t *init, float bound, int64_t first, int64_t channels, int64_t parts,
                  column_scales *scales) {
    spread(e->multiplier + first, channels, parts, scales->multiplier);
    spread(e->offset == 0 ? 0 : e->offset + first, channels, parts, scales->offset);
    const __m512 most = _mm512_set1_ps(0x1p31f), limit = _mm512_set1_ps(0x1p30f);
    bool bounded = true;
    UNROLL(4)
    for (int64_t i = 0; i < 64; i += 16) {
        const __m512 start = _mm512_abs_ps(_mm512_cvtepi32_ps(_mm512_load_si512(init + i)));
        const __m512 sum = _mm512_min_ps(_mm512_add_ps(start, _mm512_set1_ps(bound)), most);
        const __m512 product = _mm512_mul_ps(_mm512_abs_ps(_mm512_load_ps(scales->multiplier + i)), sum);
        const __m512 value = _mm512_add_ps(product, _mm512_abs_ps(_mm512_load_ps(scales->offset + i)));
        bounded &= _mm512_cmp_ps_mask(value, limit, _CMP_LE_OQ) == 0xffff;
    }
    return bounded;
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
    UNROLL(3)
    for (int64_t tap = 0; tap < taps; tap++) {
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

ALWAYS_INLINE void sum_lines(const column_tile *t, int lines) {
    const char *at = t->columns;
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

ALWAYS_INLINE void store_bytes(const column_tile *t, __mmask64 mask, int line, int64_t offset, __m512i bytes) {
    if (t->parts == 1) {
        _mm512_mask_storeu_epi8(t->dst[0][line] + offset, mask, bytes);
    } else if (t->parts == 2) {
        if (t->dst[0][line] != 0) {
            _mm256_mask_storeu_epi8(t->dst[0][line] + offset, (__mmask32) mask, _mm512_castsi512_si256(bytes));
        }
        if (t->dst[1][line] != 0) {
            _mm256_mask_storeu_epi8(t->dst[1][line] + offset, (__mmask32) mask, _mm512_extracti64x4_epi64(bytes, 1));
        }
    } else {
        UNROLL(4)
        for (int part = 0; part < 4; part++) {
            if (t->dst[part][line] != 0) {
                _mm_mask_storeu_epi8(t->dst[part][line] + offset, (__mmask16) mask,
                                     part == 0   ? _mm512_castsi512_si128(bytes)
                                     : part == 1 ? _mm512_extracti32x4_epi32(bytes, 1)
                                     : part == 2 ? _mm512_extracti32x4_epi32(bytes, 2)
                                                 : _mm512_extracti32x4_epi32(bytes, 3));
            }
        }
    }
}

ALWAYS_INLINE void finish_lines(const column_tile *t, int lines, int64_t taps, int64_t groups) {
    __m512 multiplier[4], offset[4];
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        multiplier[i] = _mm512_load_ps(t->scales->multiplier + i * 16);
        offset[i] = _mm512_load_ps(t->scales->offset + i * 16);
    }
    const __m512i zero_point = _mm512_set1_epi16((int16_t) t->zero_point);
    const __m512i lo = _mm512_set1_epi8((char) t->lo), hi = _mm512_set1_epi8((char) t->hi);
    const __mmask64 mask = mask_of(t->channels);
    const char *at = t->columns;
    for (int64_t p = 0; p < t->pixels; p++, at += t->pixel_stride) {
        __m512i acc[COLUMN_LINES][4];
        add_taps(t, lines, taps, groups, at, acc);
        UNROLL(2)
        for (int line = 0; line < lines; line++) {
            __m512i r[4];
            UNROLL(4)
            for (int i = 0; i < 4; i++) {
                const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[line][i]), multiplier[i]);
                r[i] = _mm512_cvtps_epi32(_mm512_add_ps(product, offset[i]));
            }
            const __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(r[0], r[1]), zero_point);
            const __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(r[2], r[3]), zero_point);
            const __m512i bytes = t->is_unsigned
                                      ? _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), lo), hi)
                                      : _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(low, high), lo), hi);
            store_bytes(t, mask, line, p * t->dst_stride, bytes);
        }
    }
}

static void finish(const column_tile *t) {
    const bool is_3x3 = t->taps == 3 && t->groups == 1;
    if (t->lines == 2) {
        if (is_3x3) {
            finish_lines(t, 2, 3, 1);
        } else {
            finish_lines(t, 2, t->taps, t->groups);
        }
    } else if (is_3x3) {
        finish_lines(t, 1, 3, 1);
    } else {
        finish_lines(t, 1, t->taps, t->groups);
    }
}

#define KERNEL(types, src)                                                                                             \
    static const column_kernel types##_columns = {                                                                     \
        .interleave = interleave_##src,                                                                                \
        .scale = scale,                                                                                                \
        .sum = sum,                                                                                                    \
        .finish = finish,                                                                                              \
    };                                                                                                                 \
    const depthwise_kernel types##_depthwise_2x64__avx512_vnni = {                                                     \
        .name = #types "_depthwise_2x64__avx512_vnni",                                                                 \
        .format = &types##_gemm_12x32__avx512_vnni,                                                                    \
        .block = COLUMN_CHANNELS,                                                                                      \
        .columns = &types##_columns,                                                                                   \
    };

KERNEL(u8s8, u8)
KERNEL(s8s8, s8)
