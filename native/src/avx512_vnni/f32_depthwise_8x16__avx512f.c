#include <immintrin.h>

#define LANES 16
#define floats __m512
#define lanes_mask __mmask16
#define mask_of(channels) ((__mmask16) ((1u << (channels)) - 1))
#define zero() _mm512_setzero_ps()
#define broadcast(x) _mm512_set1_ps(x)
#define load(from) _mm512_loadu_ps(from)
#define load_aligned(from) _mm512_load_ps(from)
#define store_all(to, v) _mm512_storeu_ps(to, v)
#define load_part(from, mask) _mm512_maskz_loadu_ps(mask, from)
#define store_part(to, v, mask) _mm512_mask_storeu_ps(to, mask, v)
#define multiply_add(a, b, acc) _mm512_fmadd_ps(a, b, acc)
#define add(a, b) _mm512_add_ps(a, b)
#define larger(a, b) _mm512_max_ps(a, b)
#define smaller(a, b) _mm512_min_ps(a, b)
#include "f32_depthwise.h"

extern const gemm_kernel f32_gemm_12x32__avx512f;

const depthwise_kernel f32_depthwise_8x16__avx512f = {
    .name = "f32_depthwise_8x16__avx512f",
    .format = &f32_gemm_12x32__avx512f,
    .block = LANES,
    .line = line,
};
