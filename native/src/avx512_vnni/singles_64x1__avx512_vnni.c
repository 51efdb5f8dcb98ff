/*
 * Single weights of s8, wherever they are: four of a column are multiplied at once, each with its own plane of 64 rows.
 * Four planes are interleaved to words by eight shuffles, and one vpdpbusd for each 16 rows adds four products. Where a
 * quarter of the weights or less is left that is faster than multiplying the groups of four neighbours that they lie in,
 * most of which hold but one: 2 times at 90 % zeros on Zen 5, which has ports for shuffles alone.
 */
#include <immintrin.h>

#include "compiler.h"
#include "gemm.h"
#include "rows.h"
#include "scattered.h"

enum { ROWS = 64, VECTORS = 4, STEP_BYTES = 4 * ROWS };

/* Words [row] of four bytes to planes [byte][row]; rows stand where interleaving brings them back in order. */
static void split(char *turned, int64_t steps) {
    const __m512i bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    for (int64_t s = 0; s < steps; s++, turned += STEP_BYTES) {
        __m512i r[VECTORS], t[VECTORS];
        UNROLL(4)
        for (int v = 0; v < VECTORS; v++) {
            r[v] = _mm512_shuffle_epi8(_mm512_load_si512(turned + v * 64), bytes);
        }
        t[0] = _mm512_unpacklo_epi32(r[0], r[1]);
        t[1] = _mm512_unpackhi_epi32(r[0], r[1]);
        t[2] = _mm512_unpacklo_epi32(r[2], r[3]);
        t[3] = _mm512_unpackhi_epi32(r[2], r[3]);
        _mm512_store_si512(turned, _mm512_unpacklo_epi64(t[0], t[2]));
        _mm512_store_si512(turned + 64, _mm512_unpackhi_epi64(t[0], t[2]));
        _mm512_store_si512(turned + 128, _mm512_unpacklo_epi64(t[1], t[3]));
        _mm512_store_si512(turned + 192, _mm512_unpackhi_epi64(t[1], t[3]));
    }
}

ALWAYS_INLINE void add(__m512i acc[VECTORS], const char *planes, const uint32_t *weights, const uint16_t *offsets) {
    const __m512i w = _mm512_set1_epi32(load_s32(weights));
    const __m512i a = _mm512_load_si512(planes + offsets[0]), b = _mm512_load_si512(planes + offsets[1]);
    const __m512i c = _mm512_load_si512(planes + offsets[2]), d = _mm512_load_si512(planes + offsets[3]);
    const __m512i low_ab = _mm512_unpacklo_epi8(a, b), high_ab = _mm512_unpackhi_epi8(a, b);
    const __m512i low_cd = _mm512_unpacklo_epi8(c, d), high_cd = _mm512_unpackhi_epi8(c, d);
    const __m512i rows[VECTORS] = {
        _mm512_unpacklo_epi16(low_ab, low_cd),
        _mm512_unpackhi_epi16(low_ab, low_cd),
        _mm512_unpacklo_epi16(high_ab, high_cd),
        _mm512_unpackhi_epi16(high_ab, high_cd),
    };
    UNROLL(4)
    for (int v = 0; v < VECTORS; v++) {
        acc[v] = _mm512_dpbusd_epi32(acc[v], rows[v], w);
        PIN(acc[v]);
    }
}

static void multiply(const scattered_tile *t) {
    const scattered_words words = scattered_words_of(t);
    const uint16_t *offsets = words.places;
    const scattered_chunk *chunk = (const scattered_chunk *) t->panel + t->chunk;
    const char *planes = t->turned + t->chunk * scattered_chunk_steps(ROWS) * STEP_BYTES;
    for (int64_t i = 0; i < t->columns; i++) {
        const int64_t j = chunk->column[i];
        char *out = (char *) t->acc + j * ROWS * 4;
        __m512i acc[VECTORS];
        UNROLL(4)
        for (int v = 0; v < VECTORS; v++) {
            acc[v] = t->chunk == 0 ? _mm512_set1_epi32(((const int32_t *) t->init)[j]) : _mm512_load_si512(out + v * 64);
        }
        for (uint32_t word = chunk->start[i]; word < chunk->start[i + 1]; word++) {
            add(acc, planes, words.weights + word, offsets + 4 * (int64_t) word);
        }
        UNROLL(4)
        for (int v = 0; v < VECTORS; v++) {
            _mm512_store_si512(out + v * 64, acc[v]);
        }
    }
}

static const scattered_kernel kernel = {16, turn_16__avx512f, split, multiply};

const gemm_kernel u8s8_singles_64x1__avx512_vnni = {
    .name = "u8s8_singles_64x1__avx512_vnni",
    .form = PANEL_SINGLES,
    .scattered = &kernel,
    .rows = ROWS,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
};

const gemm_kernel s8s8_singles_64x1__avx512_vnni = {
    .name = "s8s8_singles_64x1__avx512_vnni",
    .form = PANEL_SINGLES,
    .scattered = &kernel,
    .rows = ROWS,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
};
