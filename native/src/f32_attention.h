/* Attention of floats: products by the tiles of f32 multiplication, softmax row by row. */
#ifndef TERSOR_F32_ATTENTION_H
#define TERSOR_F32_ATTENTION_H

#include "kernels.h"

/* Extents and addresses of one call, see tersor_attention. */
typedef struct f32_attention {
    const isa_kernels *kernels;
    const tersor_attention_spec *spec;
    int64_t length_q, length_k;
    const float *q, *k, *v;
    const float *mask; /* or NULL */
    int64_t mask_image_stride, mask_head_stride, mask_query_stride;
    float *dst;
    void *scratch;
} f32_attention;

tersor_status f32_attention_scratch_bytes(const isa_kernels *kernels, const tersor_attention_spec *spec,
                                          int64_t length_k, int64_t *bytes);

/* Heads [first_head, first_head + count) of all images' heads, of lengths and sizes that are not 0. */
void f32_attention_heads(const f32_attention *a, int64_t first_head, int64_t count);

#endif
