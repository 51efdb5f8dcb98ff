/* Attention by AVX-512 VNNI. */
#include "avx512_vnni/attention_rows__avx512_vnni.h"

#define TILE_ROWS 4
#define TILE_PANELS 4
#define LANES 16
#define accumulators __m512i
#define factor __m512i
#define load_acc(from) _mm512_loadu_si512(from)
#define store_acc(to, acc) _mm512_storeu_si512(to, acc)
#define load_bytes(from) _mm512_loadu_si512(from)
#define broadcast(value) _mm512_set1_epi32(value)
#define dot(acc, u, s) _mm512_dpbusd_epi32(acc, u, s)
#include "attention_tile.h"

const attention_kernel attention__avx512_vnni = {
    .name = "u8s8_attention_4x64__avx512_vnni",
    .copy = attention_copy__avx512_vnni,
    .pack_transposed = attention_pack_transposed__avx512_vnni,
    .pack = attention_pack__avx512_vnni,
    .multiply = multiply,
    .softmax = attention_softmax__avx512_vnni,
    .store_f32 = attention_store_f32,
    .store_i8 = attention_store_i8__avx512_vnni,
};
