/* Epilogues with GELU and no residual, in registers. */
#ifndef TERSOR_EPILOGUE_GELU_H
#define TERSOR_EPILOGUE_GELU_H

#include <immintrin.h>

#include "epilogue.h"
#include "scalar.h"

/* Vectors at a time: 2 of each of 4 rows. */
enum { GELU_ROWS = 4, GELU_VECTORS = 2 * GELU_ROWS };

#define EACH_VECTOR                                                                                                    \
    UNROLL(8)                                                                                                          \
    for (int v = 0; v < GELU_VECTORS; v++)

/* scalar_gelu, step by step over all vectors: the chain of one is too long for the next to be begun in time. */
ALWAYS_INLINE void gelu(__m512 x[GELU_VECTORS]) {
    const __m512 magic = _mm512_set1_ps(SCALAR_MAGIC);
    __m512 a[GELU_VECTORS], p[GELU_VECTORS], rounded[GELU_VECTORS], tail[GELU_VECTORS];
    EACH_VECTOR {
        /* The lesser magnitude, without a sign: not the NaN. */
        a[v] = _mm512_range_ps(x[v], _mm512_set1_ps(SCALAR_GELU_FAR), 0x0a);
        p[v] = _mm512_set1_ps(SCALAR_GELU_LOG2_TAIL[0]);
        /* A NaN passes max from the second place. */
        x[v] = _mm512_max_ps(_mm512_setzero_ps(), x[v]);
    }
    UNROLL(8)
    for (int i = 1; i < 9; i++) {
        EACH_VECTOR {
            p[v] = _mm512_fmadd_ps(p[v], a[v], _mm512_set1_ps(SCALAR_GELU_LOG2_TAIL[i]));
        }
    }
    EACH_VECTOR {
        rounded[v] = _mm512_add_ps(p[v], magic);
        p[v] = _mm512_sub_ps(p[v], _mm512_sub_ps(rounded[v], magic));
        tail[v] = _mm512_set1_ps(SCALAR_EXP2[0]);
    }
    UNROLL(5)
    for (int i = 1; i < 6; i++) {
        EACH_VECTOR {
            tail[v] = _mm512_fmadd_ps(tail[v], p[v], _mm512_set1_ps(SCALAR_EXP2[i]));
        }
    }
    EACH_VECTOR {
        const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(rounded[v]), 23);
        tail[v] = _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(tail[v]), exponent));
        x[v] = _mm512_fnmadd_ps(a[v], tail[v], x[v]);
    }
}

/* scalar_gelu_coarse, likewise. */
ALWAYS_INLINE void gelu_coarse(__m512 x[GELU_VECTORS]) {
    const __m512 bound = _mm512_set1_ps(SCALAR_GELU_COARSE_BOUND), lowest = _mm512_set1_ps(-SCALAR_GELU_COARSE_BOUND);
    __m512 c[GELU_VECTORS], s[GELU_VECTORS], q[GELU_VECTORS];
    EACH_VECTOR {
        /* A NaN passes from the second place. */
        x[v] = _mm512_max_ps(lowest, x[v]);
        c[v] = _mm512_min_ps(bound, x[v]);
        s[v] = _mm512_mul_ps(c[v], c[v]);
        q[v] = _mm512_set1_ps(SCALAR_GELU_COARSE[0]);
    }
    UNROLL(6)
    for (int i = 1; i < SCALAR_GELU_COARSE_POWERS; i++) {
        EACH_VECTOR {
            q[v] = _mm512_fmadd_ps(q[v], s[v], _mm512_set1_ps(SCALAR_GELU_COARSE[i]));
        }
    }
    EACH_VECTOR {
        x[v] = _mm512_mul_ps(x[v], _mm512_fmadd_ps(c[v], q[v], _mm512_set1_ps(0.5f)));
    }
}

/* Up to 32 columns from column j of the tile on. */
ALWAYS_INLINE void store_gelu_columns(tersor_type type, bool integers, bool coarse, const epilogue *e, const epilogue_tile *t,
                                      int64_t j) {
    const int64_t columns = min_s64(32, t->columns - j), column = t->first + j;
    const __mmask32 mask = (__mmask32) (0xffffffffu >> (32 - columns));
    const __mmask16 masks[2] = {(__mmask16) mask, (__mmask16) (mask >> 16)};
    const __m512 lo = _mm512_set1_ps(e->lo), hi = _mm512_set1_ps(e->hi);
    const __m512 output_scale = _mm512_set1_ps(e->output_scale);
    const __m512i zero_point = _mm512_set1_epi16((int16_t) e->zero_point);
    /* The packs leave [row 0: 0-3, 16-19; row 1: 0-3, 16-19; row 0: 4-7 and so on], in units of 4 columns. */
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512 multiplier[2], offset[2];
    UNROLL(2)
    for (int h = 0; h < 2; h++) {
        const int64_t at = column + 16 * h;
        multiplier[h] = integers ? _mm512_maskz_loadu_ps(masks[h], e->multiplier + at) : _mm512_setzero_ps();
        /* Adding -0 changes nothing. */
        offset[h] = e->offset == 0 ? _mm512_set1_ps(-0.0f) : _mm512_maskz_loadu_ps(masks[h], e->offset + at);
    }
    for (int64_t i = 0; i < t->rows; i += GELU_ROWS) {
        __m512 r[GELU_VECTORS];
        EACH_VECTOR {
            /* Rows that are missing among the last four: the last one once more. */
            const int64_t row = min_s64(i + v / 2, t->rows - 1);
            const int32_t *acc = (const int32_t *) t->acc + row * t->acc_stride + j + 16 * (v % 2);
            r[v] = _mm512_maskz_loadu_ps(masks[v % 2], acc);
            if (integers) {
                r[v] = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_castps_si512(r[v])), multiplier[v % 2]);
            }
            r[v] = _mm512_add_ps(r[v], offset[v % 2]);
        }
        if (coarse) {
            gelu_coarse(r);
        } else {
            gelu(r);
        }
        if (type == TERSOR_F32) {
            EACH_VECTOR {
                const int64_t row = min_s64(i + v / 2, t->rows - 1);
                const __m512 result = e->clamps ? _mm512_min_ps(_mm512_max_ps(r[v], lo), hi) : r[v];
                _mm512_mask_storeu_ps((float *) row_of(t->dst, row, t->dst_stride) + column + 16 * (v % 2),
                                      masks[v % 2], result);
            }
            continue;
        }
        __m512i q[GELU_VECTORS];
        EACH_VECTOR {
            q[v] = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(_mm512_mul_ps(r[v], output_scale), lo), hi));
        }
        UNROLL(4)
        for (int k = 0; k < GELU_ROWS; k += 2) {
            const __m512i top = _mm512_adds_epi16(_mm512_packs_epi32(q[2 * k], q[2 * k + 1]), zero_point);
            const __m512i bottom = _mm512_adds_epi16(_mm512_packs_epi32(q[2 * k + 2], q[2 * k + 3]), zero_point);
            const __m512i packed =
                type == TERSOR_U8 ? _mm512_packus_epi16(top, bottom) : _mm512_packs_epi16(top, bottom);
            const __m512i both = _mm512_permutexvar_epi32(order, packed);
            char *to = (char *) row_of(t->dst, min_s64(i + k, t->rows - 1), t->dst_stride) + column;
            char *next = (char *) row_of(t->dst, min_s64(i + k + 1, t->rows - 1), t->dst_stride) + column;
            _mm256_mask_storeu_epi8(to, mask, _mm512_castsi512_si256(both));
            _mm256_mask_storeu_epi8(next, mask, _mm512_extracti64x4_epi64(both, 1));
        }
    }
}

/* type: f32, u8 or s8. */
ALWAYS_INLINE void store_gelu(tersor_type type, bool integers, bool coarse, const epilogue *e, const epilogue_tile *t) {
    for (int64_t j = 0; j < t->columns; j += 32) {
        store_gelu_columns(type, integers, coarse, e, t, j);
    }
}

#undef EACH_VECTOR

#endif
