/*
 * Weights as bits and values: vpexpandb puts the values of 64 weights where their bits are. Half to a fifth of the bytes
 * of dense weights are read, which is what few rows wait for; on processors whose expansion takes 4 cycles (Zen 5) they
 * wait for that.
 */
#include <immintrin.h>

#include "rows.h"
#include "sparse_pack.h"

enum {
    ROWS = 12,
    MASKS_BYTES = 16,
    AHEAD = 2048 /* bytes that are fetched early: without, weights from memory take twice as long */
};

ALWAYS_INLINE uint64_t load_mask(const char *from) {
    uint64_t mask;
    memcpy(&mask, from, sizeof mask);
    return mask;
}

/* A step's 64 weights of each vector, whose masks and values are at these addresses; returns the values behind. */
ALWAYS_INLINE const char *step(int rows, __m512i acc[ROWS][2], const char *src, int64_t stride, const char *masks,
                               const char *values) {
    const uint64_t left = load_mask(masks), right = load_mask(masks + 8);
    const char *middle = values + __builtin_popcountll(left);
    const __m512i b0 = _mm512_maskz_expand_epi8(left, _mm512_loadu_si512(values));
    const __m512i b1 = _mm512_maskz_expand_epi8(right, _mm512_loadu_si512(middle));
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        const __m512i a = _mm512_set1_epi32(load_s32(src + i * stride));
        acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], a, b0);
        acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], a, b1);
        PIN(acc[i][0]);
        PIN(acc[i][1]);
    }
    return middle + __builtin_popcountll(right);
}

ALWAYS_INLINE void multiply(int rows, const gemm_tile *t) {
    __m512i acc[ROWS][2];
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        const char *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = _mm512_load_si512(init);
        acc[i][1] = _mm512_load_si512(init + 64);
    }
    const int64_t steps = t->listed_count + (t->tail == NULL ? 0 : 1);
    const char *src = t->src, *masks = t->panel, *values = masks + steps * MASKS_BYTES;
    int64_t s = 0;
    for (; s + 4 <= t->listed_count; s += 4, masks += 4 * MASKS_BYTES) {
        __builtin_prefetch(masks + AHEAD);
        __builtin_prefetch(values + AHEAD);
        __builtin_prefetch(values + AHEAD + 64);
        UNROLL(4)
        for (int i = 0; i < 4; i++) {
            values = step(rows, acc, src + t->step_offsets[s + i], t->src_stride, masks + i * MASKS_BYTES, values);
        }
    }
    for (; s < t->listed_count; s++, masks += MASKS_BYTES) {
        values = step(rows, acc, src + t->step_offsets[s], t->src_stride, masks, values);
    }
    if (t->tail != NULL) {
        step(rows, acc, t->tail, t->tail_stride, masks, values);
    }
    char *out = t->acc;
    UNROLL(12)
    for (int i = 0; i < rows; i++) {
        _mm512_store_si512(out + i * 128, acc[i][0]);
        _mm512_store_si512(out + i * 128 + 64, acc[i][1]);
    }
}

#define ROWS_CASE(count)                                                                                               \
    case count:                                                                                                        \
        multiply(count, t);                                                                                            \
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
        ROWS_CASE(9)
        ROWS_CASE(10)
        ROWS_CASE(11)
        ROWS_CASE(12)
    }
}

const gemm_kernel u8s8_bitmask_12x32__avx512_vbmi2 = {
    .name = "u8s8_bitmask_12x32__avx512_vbmi2",
    .form = PANEL_BITMASK,
    .rows = ROWS,
    .columns = BITMASK_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
    .tile = tile,
};

const gemm_kernel s8s8_bitmask_12x32__avx512_vbmi2 = {
    .name = "s8s8_bitmask_12x32__avx512_vbmi2",
    .form = PANEL_BITMASK,
    .rows = ROWS,
    .columns = BITMASK_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_SHIFTED_S8,
    .tile = tile,
};
