/*
 * F(2x2, 3x3) of bytes by 16-bit values and vpmaddwd. Transformed pixels are at most 4 * 255, transformed weights with
 * zero points at most 9 * 255; sums wrap around, which 4 times the results do not.
 */
#include <immintrin.h>

#include "winograd.h"

#define TILE(name) i16_##name
#define FETCHES
#define PANEL_STEP 64
#define load_weights(panel, v) _mm256_load_si256((const __m256i *) (const void *) (panel) + (v))
#define multiply_add(acc, a, b) _mm256_add_epi32(acc, _mm256_madd_epi16(a, b))
#include "i8_sums_6x16__avx2.h"
#include "simd_tile.h"

enum {
    EXTENT = 4,
    CHANNELS = 16, /* of a vector of pixels */
    SUMS = 8,      /* in a vector */
    BLOCK_BYTES = 288 * 1024,
    BLOCK_TILES = 96
};

/* 16 channels of a pixel. */
ALWAYS_INLINE __m256i widen(bool is_signed, const void *from) {
    const __m128i bytes = _mm_loadu_si128(from);
    return is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
}

/* B^T times a column of pixels. */
ALWAYS_INLINE void transform_source(const __m256i d[EXTENT], __m256i t[EXTENT]) {
    t[0] = _mm256_sub_epi16(d[0], d[2]);
    t[1] = _mm256_add_epi16(d[1], d[2]);
    t[2] = _mm256_sub_epi16(d[2], d[1]);
    t[3] = _mm256_sub_epi16(d[1], d[3]);
}

/* 16 channels from `channel` on. */
ALWAYS_INLINE void source_lanes(bool is_signed, const void *const *pixels, int64_t channel, void *to,
                                int64_t place_bytes) {
    __m256i lines[EXTENT][EXTENT], column[EXTENT], turned[EXTENT];
    UNROLL(4)
    for (int j = 0; j < EXTENT; j++) {
        UNROLL(4)
        for (int i = 0; i < EXTENT; i++) {
            column[i] = widen(is_signed, const_row_of(pixels[i * EXTENT + j], channel, 1));
        }
        transform_source(column, turned);
        UNROLL(4)
        for (int i = 0; i < EXTENT; i++) {
            lines[i][j] = turned[i];
        }
    }
    UNROLL(4)
    for (int i = 0; i < EXTENT; i++) {
        transform_source(lines[i], turned);
        UNROLL(4)
        for (int j = 0; j < EXTENT; j++) {
            _mm256_store_si256((__m256i *) row_of(to, i * EXTENT + j, place_bytes) + channel / CHANNELS, turned[j]);
        }
    }
}

ALWAYS_INLINE void source(bool is_signed, const void *const *pixels, int64_t channels, void *to, int64_t place_bytes) {
    int64_t c = 0;
    for (; c + CHANNELS <= channels; c += CHANNELS) {
        source_lanes(is_signed, pixels, c, to, place_bytes);
    }
    if (c < channels) {
        uint8_t ends[EXTENT * EXTENT][CHANNELS] = {{0}};
        const void *last[EXTENT * EXTENT];
        for (int i = 0; i < EXTENT * EXTENT; i++) {
            memcpy(ends[i], const_row_of(pixels[i], c, 1), (size_t) (channels - c));
            last[i] = ends[i];
        }
        source_lanes(is_signed, last, 0, row_of(to, c, 2), place_bytes);
    }
}

/* 2 G times a column of taps. */
ALWAYS_INLINE void transform_taps(__m256i g0, __m256i g1, __m256i g2, __m256i t[EXTENT]) {
    const __m256i ends = _mm256_add_epi16(g0, g2);
    t[0] = _mm256_add_epi16(g0, g0);
    t[1] = _mm256_add_epi16(ends, g1);
    t[2] = _mm256_sub_epi16(ends, g1);
    t[3] = _mm256_add_epi16(g2, g2);
}

/* 8 columns of a k step, of which the panel has 16. */
ALWAYS_INLINE void weights_lanes(const char *taps, int64_t tap_bytes, __m256i zero_points, char *to,
                                 int64_t place_bytes) {
    __m256i lines[EXTENT][3], turned[EXTENT];
    UNROLL(3)
    for (int j = 0; j < 3; j++) {
        __m256i column[3];
        UNROLL(3)
        for (int i = 0; i < 3; i++) {
            column[i] = _mm256_sub_epi16(widen(true, taps + (i * 3 + j) * tap_bytes), zero_points);
        }
        transform_taps(column[0], column[1], column[2], turned);
        UNROLL(4)
        for (int i = 0; i < EXTENT; i++) {
            lines[i][j] = turned[i];
        }
    }
    UNROLL(4)
    for (int i = 0; i < EXTENT; i++) {
        transform_taps(lines[i][0], lines[i][1], lines[i][2], turned);
        UNROLL(4)
        for (int j = 0; j < EXTENT; j++) {
            _mm256_store_si256(row_of(to, i * EXTENT + j, place_bytes), turned[j]);
        }
    }
}

/* Zero points of 8 columns, each twice. */
static __m256i pairs_of(const int32_t *zero_points) {
    const __m256i low = _mm256_and_si256(_mm256_loadu_si256((const __m256i *) (const void *) zero_points),
                                         _mm256_set1_epi32(0xffff));
    return _mm256_or_si256(low, _mm256_slli_epi32(low, 16));
}

static void weights(const void *taps, int64_t tap_bytes, int64_t steps, const int32_t *zero_points, void *to,
                    int64_t place_bytes) {
    const char *from = taps;
    char *at = to;
    const __m256i none = _mm256_setzero_si256();
    const __m256i left = zero_points == NULL ? none : pairs_of(zero_points);
    const __m256i right = zero_points == NULL ? none : pairs_of(zero_points + 8);
    for (int64_t s = 0; s < steps; s++, from += 32, at += 64) {
        weights_lanes(from, tap_bytes, left, at, place_bytes);
        weights_lanes(from + 16, tap_bytes, right, at + 32, place_bytes);
    }
}

/* A^T times a column of sums. */
ALWAYS_INLINE void transform_sums(const __m256i m[EXTENT], __m256i y[2]) {
    y[0] = _mm256_add_epi32(m[0], _mm256_add_epi32(m[1], m[2]));
    y[1] = _mm256_sub_epi32(_mm256_sub_epi32(m[1], m[2]), m[3]);
}

static void sums(const void *from, int64_t place_bytes, int64_t columns, const int32_t *start, void *to,
                 int64_t line_bytes) {
    for (int64_t c = 0; c < columns; c += SUMS) {
        const __m256i first = _mm256_loadu_si256((const __m256i *) (const void *) (start + c));
        __m256i lines[2][EXTENT], column[EXTENT], turned[2];
        UNROLL(4)
        for (int j = 0; j < EXTENT; j++) {
            UNROLL(4)
            for (int i = 0; i < EXTENT; i++) {
                column[i] = _mm256_load_si256(const_row_of(const_row_of(from, i * EXTENT + j, place_bytes), c, 4));
            }
            transform_sums(column, turned);
            lines[0][j] = turned[0];
            lines[1][j] = turned[1];
        }
        UNROLL(2)
        for (int i = 0; i < 2; i++) {
            transform_sums(lines[i], turned);
            UNROLL(2)
            for (int j = 0; j < 2; j++) {
                const __m256i sum = _mm256_add_epi32(_mm256_srai_epi32(turned[j], 2), first);
                _mm256_store_si256(row_of(row_of(to, i, line_bytes), j * columns + c, 4), sum);
            }
        }
    }
}

static void source_u8(const void *const *pixels, int64_t channels, void *to, int64_t place_bytes) {
    source(false, pixels, channels, to, place_bytes);
}

static void source_s8(const void *const *pixels, int64_t channels, void *to, int64_t place_bytes) {
    source(true, pixels, channels, to, place_bytes);
}

#define TRANSFORMS(types, source_)                                                                                     \
    {                                                                                                                  \
        .name = #types "_winograd_2x2__avx2", .step = 2, .extent = EXTENT, .row_bytes = 2, .group = 2,                 \
        .block_bytes = BLOCK_BYTES, .block_tiles = BLOCK_TILES, .tile = i16_tile, .weights = weights,                  \
        .source = source_, .sums = sums                                                                                \
    }

const winograd_transforms u8s8_winograd__avx2[] = {TRANSFORMS(u8s8, source_u8)};
const winograd_transforms s8s8_winograd__avx2[] = {TRANSFORMS(s8s8, source_s8)};
