/*
 * Depthwise convolution: every channel by itself, vectorized over channels. The driver gathers for each output pixel
 * the addresses of the pixels under the taps, padding pixels included, and the kernel sums over them.
 *
 * Packed weights, channels padded with zeros to DEPTHWISE_BLOCK: INT8 kernels take taps in pairs, int16
 * [pair][channel][2] with the zero point already subtracted (an odd last pair has a zero); f32 kernels [tap][channel].
 */
#ifndef TERSOR_DEPTHWISE_H
#define TERSOR_DEPTHWISE_H

#include "gemm_pack.h"
#include "packed.h"

enum { DEPTHWISE_BLOCK = 32 };

typedef struct depthwise_sum {
    const void *const *taps; /* addresses of channel 0; a multiple of the kernel's taps_per_step */
    int64_t steps;
    int64_t channels;
    const void *weights;
    const int32_t *init; /* int32 [padded channels] that sums start from; NULL for f32, which starts from zero */
    void *acc;           /* int32 or f32 [padded channels]; those beyond `channels` get any value */
} depthwise_sum;

typedef struct depthwise_kernel {
    const char *name;
    int32_t src_bytes;
    int32_t taps_per_step;
    void (*sum)(const depthwise_sum *sum);
} depthwise_kernel;

int64_t depthwise_padded_channels(int64_t channels);
int64_t depthwise_steps(const depthwise_kernel *kernel, const conv2d_geometry *g);
tersor_status depthwise_weights_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes);
int64_t depthwise_scratch_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g);

/* Contiguous weights [channels, kh, kw]. compensation: of integers, [padded channels], bias - src_zero_point * sum of
 * (weights - zero point). */
void depthwise_pack(const conv2d_geometry *g, const void *weights, int64_t element_bytes, const quantization *q,
                    void *packed, int32_t *compensation);

struct conv2d_layout;
struct conv2d_operands;

/* The output lines that `operands` names, with a packed depthwise convolution. */
void depthwise_run(const depthwise_kernel *kernel, const packed_head *head, const struct conv2d_layout *layout,
                   const struct conv2d_operands *operands, void *scratch);

#endif
