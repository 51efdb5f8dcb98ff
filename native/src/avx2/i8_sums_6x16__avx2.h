/*
 * What the tiles of 6 x 16 int32 sums of this instruction set have in common, to be included before simd_tile.h, which
 * takes the definitions back.
 */
#include <immintrin.h>

#define ROWS 6
#define LANES 8
#define VECTORS 2
#define SRC_STEP 4
#define accumulators __m256i
#define factor __m256i
#define load_acc(from) _mm256_load_si256((const __m256i *) (const void *) (from))
#define store_acc(to, acc) _mm256_store_si256((__m256i *) (void *) (to), acc)
#define zero_acc() _mm256_setzero_si256()
#define add_acc(a, b) _mm256_add_epi32(a, b)
#define load_src(src) _mm256_set1_epi32(load_s32(src))
