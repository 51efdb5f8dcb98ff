#include <immintrin.h>

#define LANES 8
#define floats __m256
#define zero() _mm256_setzero_ps()
#define load(from) _mm256_loadu_ps(from)
#define load_aligned(from) _mm256_load_ps(from)
#define store_aligned(to, v) _mm256_store_ps(to, v)
#define multiply_add(a, b, acc) _mm256_fmadd_ps(a, b, acc)
#include "f32_depthwise.h"

extern const gemm_kernel f32_gemm_6x16__avx2;

const depthwise_kernel f32_depthwise_1x16__avx2 = {
    .name = "f32_depthwise_1x16__avx2",
    .format = &f32_gemm_6x16__avx2,
    .block = CHANNELS,
    .lanes = 1,
    .taps_per_step = 1,
    .weight_bytes = 4,
    .sum = sum,
};
