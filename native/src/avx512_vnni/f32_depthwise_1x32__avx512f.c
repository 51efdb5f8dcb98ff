#include <immintrin.h>

#define LANES 16
#define floats __m512
#define zero() _mm512_setzero_ps()
#define load(from) _mm512_loadu_ps(from)
#define load_aligned(from) _mm512_load_ps(from)
#define store_aligned(to, v) _mm512_store_ps(to, v)
#define multiply_add(a, b, acc) _mm512_fmadd_ps(a, b, acc)
#include "f32_depthwise.h"

extern const gemm_kernel f32_gemm_12x32__avx512f;

const depthwise_kernel f32_depthwise_1x32__avx512f = {
    .name = "f32_depthwise_1x32__avx512f",
    .format = &f32_gemm_12x32__avx512f,
    .block = CHANNELS,
    .lanes = 1,
    .taps_per_step = 1,
    .weight_bytes = 4,
    .sum = sum,
};
