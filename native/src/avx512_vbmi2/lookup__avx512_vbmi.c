/* vpermi2b looks up in 128 bytes. */
#include <immintrin.h>

#include "compiler.h"
#include "lookup.h"

typedef struct lookup_table {
    __m512i quarter[4];
} lookup_table;

ALWAYS_INLINE __m512i look_up(const lookup_table *t, __m512i x) {
    const __m512i low = _mm512_permutex2var_epi8(t->quarter[0], x, t->quarter[1]);
    const __m512i high = _mm512_permutex2var_epi8(t->quarter[2], x, t->quarter[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
}

void lookup__avx512_vbmi(int64_t count, const uint8_t *src, const uint8_t *table, uint8_t *dst) {
    lookup_table t;
    UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t.quarter[i] = _mm512_loadu_si512(table + i * 64);
    }
    int64_t i = 0;
    for (; i + 64 <= count; i += 64) {
        _mm512_storeu_si512(dst + i, look_up(&t, _mm512_loadu_si512(src + i)));
    }
    const __mmask64 mask = (UINT64_C(1) << (count - i)) - 1;
    _mm512_mask_storeu_epi8(dst + i, mask, look_up(&t, _mm512_maskz_loadu_epi8(mask, src + i)));
}
