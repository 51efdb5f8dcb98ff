#include <immintrin.h>

#include "compiler.h"
#include "scattered.h"
#include "transpose_16__avx512f.h"

void turn_16__avx512f(const char *const *rows, int64_t count, char *to, int64_t pitch) {
    __m512i r[16];
    int64_t word = 0;
    for (; word + 16 <= count; word += 16, to += 16 * pitch) {
        UNROLL(16)
        for (int i = 0; i < 16; i++) {
            r[i] = _mm512_loadu_si512(rows[i] + word * 4);
        }
        transpose_16(r);
        UNROLL(16)
        for (int i = 0; i < 16; i++) {
            _mm512_store_si512(to + i * pitch, r[i]);
        }
    }
    if (word < count) {
        const __mmask16 mask = (__mmask16) ((1u << (count - word)) - 1);
        UNROLL(16)
        for (int i = 0; i < 16; i++) {
            r[i] = _mm512_maskz_loadu_epi32(mask, rows[i] + word * 4);
        }
        transpose_16(r);
        UNROLL(16)
        for (int i = 0; i < 16; i++) {
            if (word + i < count) {
                _mm512_store_si512(to + i * pitch, r[i]);
            }
        }
    }
}
