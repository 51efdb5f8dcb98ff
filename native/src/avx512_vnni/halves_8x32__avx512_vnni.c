/*
 * Weights of which at most 8 in 16 neighbours are not zero: only these are stored and multiplied. Each column of the tile
 * picks its own elements of the source out of the 16 by a shuffle, so that a product of 16 takes two shuffles and two
 * multiplications instead of four multiplications: faster only as far as shuffles have ports of their own (Zen 5: 1.1
 * times), but with 12 bytes for 16 weights.
 */
#include <immintrin.h>

#include "rows.h"
#include "sparse_pack.h"

enum { ROWS = 8, LANES = 16, STEP_BYTES = 3 * HALVES_COLUMNS * 4 };

/* The weights of 16 columns and the numbers of their elements, four each. */
typedef struct half {
    __m512i weights[2], numbers[2];
} half;

ALWAYS_INLINE half load_half(const char *panel, int v) {
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i numbers = _mm512_load_si512(panel + 2 * HALVES_COLUMNS * 4 + v * 64);
    return (half){
        {_mm512_load_si512(panel + v * 64), _mm512_load_si512(panel + HALVES_COLUMNS * 4 + v * 64)},
        {_mm512_and_si512(numbers, low), _mm512_and_si512(_mm512_srli_epi16(numbers, 4), low)},
    };
}

ALWAYS_INLINE __m512i add(__m512i acc, __m512i src, const half *h) {
    acc = _mm512_dpbusd_epi32(acc, _mm512_shuffle_epi8(src, h->numbers[0]), h->weights[0]);
    return _mm512_dpbusd_epi32(acc, _mm512_shuffle_epi8(src, h->numbers[1]), h->weights[1]);
}

ALWAYS_INLINE void step(int rows, int vectors, __m512i acc[ROWS][2], const char *src, int64_t stride,
                        const char *panel) {
    half h[2];
    h[0] = load_half(panel, 0);
    if (vectors > 1) {
        h[1] = load_half(panel, 1);
    }
    UNROLL(8)
    for (int i = 0; i < rows; i++) {
        const __m512i a = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *) (src + i * stride)));
        acc[i][0] = add(acc[i][0], a, &h[0]);
        PIN(acc[i][0]);
        if (vectors > 1) {
            acc[i][1] = add(acc[i][1], a, &h[1]);
            PIN(acc[i][1]);
        }
    }
}

ALWAYS_INLINE void multiply(int rows, int vectors, const gemm_tile *t) {
    __m512i acc[ROWS][2];
    UNROLL(8)
    for (int i = 0; i < rows; i++) {
        const char *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm512_load_si512(init);
        acc[i][1] = vectors > 1 ? _mm512_load_si512(init + 64) : _mm512_setzero_si512();
    }
    const char *panel = t->panel;
    for (int64_t s = 0; s < t->listed_count; s++, panel += STEP_BYTES) {
        step(rows, vectors, acc, (const char *) t->src + t->step_offsets[t->listed[s]], t->src_stride, panel);
    }
    if (t->tail != NULL) {
        step(rows, vectors, acc, t->tail, t->tail_stride, panel);
    }
    char *out = t->acc;
    UNROLL(8)
    for (int i = 0; i < rows; i++) {
        _mm512_store_si512(out + i * 128, acc[i][0]);
        if (vectors > 1) {
            _mm512_store_si512(out + i * 128 + 64, acc[i][1]);
        }
    }
}

#define ROWS_CASE(count)                                                                                               \
    case count:                                                                                                        \
        if (t->columns > LANES) {                                                                                      \
            multiply(count, 2, t);                                                                                     \
        } else {                                                                                                       \
            multiply(count, 1, t);                                                                                     \
        }                                                                                                              \
        return;

static void tile(const gemm_tile *t) {
    switch (t->rows) {
        ROWS_CASE(1)
        ROWS_CASE(2)
        ROWS_CASE(3)
        ROWS_CASE(4)
        ROWS_CASE(5)
        ROWS_CASE(6)
        ROWS_CASE(7)
        ROWS_CASE(8)
    }
}

const gemm_kernel u8s8_halves_8x32__avx512_vnni = {
    .name = "u8s8_halves_8x32__avx512_vnni",
    .form = PANEL_HALVES,
    .rows = ROWS,
    .columns = HALVES_COLUMNS,
    .group = HALF,
    .step = HALF,
    ROWS_OF_U8,
    .tile = tile,
};

const gemm_kernel s8s8_halves_8x32__avx512_vnni = {
    .name = "s8s8_halves_8x32__avx512_vnni",
    .form = PANEL_HALVES,
    .rows = ROWS,
    .columns = HALVES_COLUMNS,
    .group = HALF,
    .step = HALF,
    ROWS_OF_SHIFTED_S8,
    .tile = tile,
};
