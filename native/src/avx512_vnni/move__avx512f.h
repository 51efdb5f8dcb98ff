/* Moves of words that vectors of 64 bytes are faster at than those of move_body.h. */
#include <immintrin.h>
#include <stdint.h>

#include "compiler.h"
#include "transpose_16__avx512f.h"

/*
 * By squares whose lines fill cache lines, so that each is read and written once, however many of them a set of the
 * cache
 * would have to hold. What is left over at the ends is covered by a square that overlaps the one before.
 */
static void transpose_words_512(const uint32_t *from, int64_t from_pitch, uint32_t *to, int64_t to_pitch, int64_t rows,
                                int64_t columns) {
    enum { ROWS = 64 };
    for (int64_t r0 = 0; r0 < rows; r0 += ROWS) {
        const int64_t r_end = min_s64(rows, r0 + ROWS);
        for (int64_t c = 0; c < columns; c += 16) {
            const int64_t column = min_s64(c, columns - 16);
            for (int64_t r = r0; r < r_end; r += 16) {
                const int64_t row = min_s64(r, rows - 16);
                __m512i lines[16];
                UNROLL(16)
                for (int i = 0; i < 16; i++) {
                    lines[i] = _mm512_loadu_si512(from + (column + i) * from_pitch + row);
                }
                transpose_16(lines);
                UNROLL(16)
                for (int i = 0; i < 16; i++) {
                    _mm512_storeu_si512(to + (row + i) * to_pitch + column, lines[i]);
                }
            }
        }
    }
}

/* to[2 * i] = a[i], to[2 * i + 1] = b[i] */
static void interleave_words_512(const uint32_t *a, const uint32_t *b, uint32_t *to, int64_t count) {
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m512i x = _mm512_loadu_si512(a + i), y = _mm512_loadu_si512(b + i);
        _mm512_storeu_si512(to + 2 * i, _mm512_permutex2var_epi32(x, low, y));
        _mm512_storeu_si512(to + 2 * i + 16, _mm512_permutex2var_epi32(x, high, y));
    }
    if (i < count) {
        const uint32_t mask = (1u << (count - i)) - 1, twice = (uint32_t) ((UINT64_C(1) << 2 * (count - i)) - 1);
        const __m512i x = _mm512_maskz_loadu_epi32((__mmask16) mask, a + i);
        const __m512i y = _mm512_maskz_loadu_epi32((__mmask16) mask, b + i);
        _mm512_mask_storeu_epi32(to + 2 * i, (__mmask16) twice, _mm512_permutex2var_epi32(x, low, y));
        _mm512_mask_storeu_epi32(to + 2 * i + 16, (__mmask16) (twice >> 16), _mm512_permutex2var_epi32(x, high, y));
    }
}

/* to[r, i] = from[3 * i + r] of the rows 0, 1 and 2, `pitch` apart: each cache line of the source is read once. */
static void thirds_of_words_512(const uint32_t *from, uint32_t *to, int64_t pitch, int64_t count) {
    const __m512i lanes = _mm512_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45);
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m512i a = _mm512_loadu_si512(from + 3 * i), b = _mm512_loadu_si512(from + 3 * i + 16);
        const __m512i c = _mm512_loadu_si512(from + 3 * i + 32);
        UNROLL(3)
        for (int r = 0; r < 3; r++) {
            const __m512i places = _mm512_add_epi32(lanes, _mm512_set1_epi32(r));
            const __mmask16 beyond = _mm512_cmpge_epi32_mask(places, _mm512_set1_epi32(32));
            const __m512i first = _mm512_permutex2var_epi32(a, places, b);
            _mm512_storeu_si512(to + r * pitch + i, _mm512_mask_permutexvar_epi32(first, beyond, places, c));
        }
    }
    for (; i < count; i++) {
        for (int r = 0; r < 3; r++) {
            to[r * pitch + i] = from[3 * i + r];
        }
    }
}
