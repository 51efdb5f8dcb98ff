/*
 * Attention by AVX2: vpmaddubsw saturates sums of two products, unless the u8 operand is taken apart into its lower
 * seven bits and its highest one.
 */
#include <immintrin.h>

#define LANES 8
#define TILE_ROWS 2
#define TILE_PANELS 2
#define accumulators __m256i
#define factor __m256i
#define load_acc(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define store_acc(to, acc) _mm256_storeu_si256((__m256i *) (void *) (to), acc)
#define load_bytes(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define broadcast(value) _mm256_set1_epi32(value)

static inline __m256i dot(__m256i acc, __m256i u, __m256i s) {
    const __m256i low = _mm256_set1_epi8(0x7f), ones = _mm256_set1_epi16(1);
    const __m256i lower = _mm256_maddubs_epi16(_mm256_and_si256(u, low), s);
    const __m256i upper = _mm256_maddubs_epi16(_mm256_andnot_si256(low, u), s);
    const __m256i sums = _mm256_add_epi32(_mm256_madd_epi16(lower, ones), _mm256_madd_epi16(upper, ones));
    return _mm256_add_epi32(acc, sums);
}

#include "attention_body.h"
#include "attention_tile.h"

const attention_kernel attention__avx2 = {
    .name = "u8s8_attention_2x32__avx2",
    .copy = attention_copy,
    .pack_transposed = attention_pack_transposed,
    .pack = attention_pack,
    .multiply = multiply,
    .softmax = attention_softmax_rows,
    .store_f32 = attention_store_f32,
    .store_i8 = attention_store_i8,
};
