/* The registers of attention's products on AVX2 and AVX-VNNI: included before attention_tile.h by a file with a `dot`. */
#define LANES 8
#define TILE_ROWS 2
#define TILE_PANELS 2
#define accumulators __m256i
#define factor __m256i
#define load_acc(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define store_acc(to, acc) _mm256_storeu_si256((__m256i *) (void *) (to), acc)
#define load_bytes(from) _mm256_loadu_si256((const __m256i *) (const void *) (from))
#define broadcast(value) _mm256_set1_epi32(value)
