/*
 * Depthwise convolution: every channel by itself, vectorized over channels. f32 goes line by line (depthwise_lines.h) and
 * bytes by columns (depthwise_columns.h) or, with weights of 16 bits, like this:
 *
 * Tiles of pixels walk a band of image lines as those of other convolutions do (window.h), every tap at an offset of its
 * own. Packed weights: [block of channels][step][position][taps_per_step], 4 bytes for each channel and step, with the
 * zero point already subtracted. The positions are the order in which a kernel's registers hold the channels: units of 4,
 * the first unit of each lane, then the second, and so on, as interleaving the taps within lanes leaves them. What fills
 * the last block and the last step up is zero.
 */
#ifndef TERSOR_DEPTHWISE_H
#define TERSOR_DEPTHWISE_H

#include "depthwise_columns.h"
#include "depthwise_lines.h"
#include "gemm.h"
#include "gemm_pack.h"
#include "packed.h"

typedef struct depthwise_tile {
    int64_t pixels;
    const char *src;        /* of the first pixel and channel; a whole block is readable */
    int64_t src_stride;     /* bytes between pixels */
    const int64_t *offsets; /* bytes, of steps * taps_per_step taps */
    int64_t steps;
    const void *weights;
    const int32_t *init; /* [position] that sums start from */
    int32_t *acc;        /* [pixels][block] */
    const epilogue_tile *results; /* NULL, or where the sums go instead, see gemm_tile: of kernels that requantize */
    const epilogue *e;
} depthwise_tile;

typedef struct depthwise_kernel {
    const char *name;
    const gemm_kernel *format; /* whose form of the source it reads */
    int32_t block;             /* channels */
    /* One of three ways, the others' are 0: */
    line_function *line;
    const column_kernel *columns;
    void (*sum)(const depthwise_tile *tile);
    int32_t lanes; /* into which a block is divided */
    int32_t taps_per_step;
    bool requantizes;
} depthwise_kernel;

tersor_status depthwise_weights_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes);
int64_t depthwise_columns_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g);
int64_t depthwise_scratch_bytes(const depthwise_kernel *kernel, const conv2d_geometry *g);

/* Contiguous weights [channels, kh, kw]. compensation: of integers, in the order of the positions: bias - src_zero_point
 * * sum of (weights - zero point). */
void depthwise_pack(const depthwise_kernel *kernel, const conv2d_geometry *g, const void *weights,
                    const quantization *q, void *packed, int32_t *compensation);

struct conv2d_layout;
struct conv2d_operands;

/* The output lines that `operands` names, with a packed depthwise convolution. */
void depthwise_run(const depthwise_kernel *kernel, const packed_head *head, const struct conv2d_layout *layout,
                   const struct conv2d_operands *operands, void *scratch);

#endif
