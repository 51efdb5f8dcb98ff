/* Attention by AVX-VNNI. */
#include "dpbusd.h"

#define LANES 8
#define TILE_ROWS 2
#define TILE_PANELS 2
#define accumulators __m256i
#define factor __m256i
#define load_acc(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define store_acc(to, acc) _mm256_storeu_si256((__m256i *) (void *) (to), acc)
#define load_bytes(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define broadcast(value) _mm256_set1_epi32(value)
#define dot(acc, u, s) DPBUSD(acc, u, s)

#include "attention_body.h"
#include "attention_tile.h"

const attention_kernel attention__avx2_vnni = {
    .name = "u8s8_attention_2x32__avx2_vnni",
    .copy = attention_copy,
    .pack_transposed = attention_pack_transposed,
    .pack = attention_pack,
    .multiply = multiply,
    .softmax = attention_softmax_rows,
    .store_f32 = attention_store_f32,
    .store_i8 = attention_store_i8,
};
