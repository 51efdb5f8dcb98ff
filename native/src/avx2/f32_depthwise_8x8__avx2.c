#include <immintrin.h>

#define LANES 8
#define floats __m256
#define lanes_mask __m256i
#define mask_of(channels)                                                                                              \
    _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t) (channels)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define zero() _mm256_setzero_ps()
#define broadcast(x) _mm256_set1_ps(x)
#define load(from) _mm256_loadu_ps(from)
#define load_aligned(from) _mm256_load_ps(from)
#define store_all(to, v) _mm256_storeu_ps(to, v)
#define load_part(from, mask) _mm256_maskload_ps(from, mask)
#define store_part(to, v, mask) _mm256_maskstore_ps(to, mask, v)
#define multiply_add(a, b, acc) _mm256_fmadd_ps(a, b, acc)
#define add(a, b) _mm256_add_ps(a, b)
#define larger(a, b) _mm256_max_ps(a, b)
#define smaller(a, b) _mm256_min_ps(a, b)
#include "f32_depthwise.h"

extern const gemm_kernel f32_gemm_6x16__avx2;

const depthwise_kernel f32_depthwise_8x8__avx2 = {
    .name = "f32_depthwise_8x8__avx2",
    .format = &f32_gemm_6x16__avx2,
    .block = LANES,
    .line = line,
};
