/* Pixels of 64 channels whose columns are interleaved within lanes, as vpdpbusd multiplies them. */
#ifndef TERSOR_DEPTHWISE_PIXELS_AVX512_VNNI_H
#define TERSOR_DEPTHWISE_PIXELS_AVX512_VNNI_H

#include <immintrin.h>

#include "compiler.h"
#include "depthwise.h"

ALWAYS_INLINE uint64_t mask_of(int64_t channels) {
    return channels >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << channels) - 1;
}

ALWAYS_INLINE __m128i load_16(bool masked, const char *from, __mmask64 mask) {
    return masked ? _mm_maskz_loadu_epi8((__mmask16) mask, from) : _mm_loadu_si128((const __m128i *) (const void *) from);
}

ALWAYS_INLINE __m256i load_32(bool masked, const char *from, __mmask64 mask) {
    return masked ? _mm256_maskz_loadu_epi8((__mmask32) mask, from)
                  : _mm256_loadu_si256((const __m256i *) (const void *) from);
}

/* A row's pixel of every part. */
ALWAYS_INLINE __m512i load(int parts, bool masked, const char *const *row, int64_t offset, __mmask64 mask) {
    if (parts == 1) {
        return masked ? _mm512_maskz_loadu_epi8(mask, row[0] + offset) : _mm512_loadu_si512(row[0] + offset);
    }
    if (parts == 2) {
        const __m512i first = _mm512_castsi256_si512(load_32(masked, row[0] + offset, mask));
        return _mm512_inserti64x4(first, load_32(masked, row[1] + offset, mask), 1);
    }
    __m512i v = _mm512_castsi128_si512(load_16(masked, row[0] + offset, mask));
    v = _mm512_inserti32x4(v, load_16(masked, row[1] + offset, mask), 1);
    v = _mm512_inserti32x4(v, load_16(masked, row[2] + offset, mask), 2);
    return _mm512_inserti32x4(v, load_16(masked, row[3] + offset, mask), 3);
}

/* A group of a column of pixels as [channel][4]. */
ALWAYS_INLINE void interleave_group(const column_tile *t, int parts, int64_t group, int64_t column, __mmask64 mask,
                                    __m512i to[4]) {
    const int64_t offset = t->first + (column - t->inside) * t->row_stride;
    const char *const (*rows)[COLUMN_PARTS] = t->rows + group * COLUMN_GROUP;
    __m512i v[COLUMN_GROUP];
    UNROLL(4)
    for (int i = 0; i < COLUMN_GROUP; i++) {
        v[i] = t->channels < 64 / parts ? load(parts, true, rows[i], offset, mask)
                                        : load(parts, false, rows[i], offset, mask);
    }
    if (t->is_signed) {
        UNROLL(4)
        for (int i = 0; i < COLUMN_GROUP; i++) {
            v[i] = _mm512_xor_si512(v[i], _mm512_set1_epi8(-128));
        }
    }
    const __m512i ab_low = _mm512_unpacklo_epi8(v[0], v[1]), ab_high = _mm512_unpackhi_epi8(v[0], v[1]);
    const __m512i cd_low = _mm512_unpacklo_epi8(v[2], v[3]), cd_high = _mm512_unpackhi_epi8(v[2], v[3]);
    to[0] = _mm512_unpacklo_epi16(ab_low, cd_low);
    to[1] = _mm512_unpackhi_epi16(ab_low, cd_low);
    to[2] = _mm512_unpacklo_epi16(ab_high, cd_high);
    to[3] = _mm512_unpackhi_epi16(ab_high, cd_high);
}

ALWAYS_INLINE void interleave_column(const column_tile *t, int parts, int64_t groups, int64_t column) {
    const __mmask64 mask = mask_of(t->channels);
    for (int64_t group = 0; group < groups; group++) {
        __m512i v[4];
        interleave_group(t, parts, group, column, mask, v);
        UNROLL(4)
        for (int i = 0; i < 4; i++) {
            _mm512_store_si512(t->columns + (column * groups + group) * 256 + i * 64, v[i]);
        }
    }
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

#endif
