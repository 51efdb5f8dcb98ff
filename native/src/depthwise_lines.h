/*
 * Depthwise convolution of f32 line by line: windows are read in the image itself, and taps outside it are left out.
 * Packed weights: [vector of channels][tap][lane], what fills the last vector up is zero.
 */
#ifndef TERSOR_DEPTHWISE_LINES_H
#define TERSOR_DEPTHWISE_LINES_H

#include "packed.h"

/* Pixels of an output line. */
typedef struct line_tile {
    int64_t first, pixels;
    int64_t channels;
    const float *src;   /* the image line that the first row of taps sees, from its first pixel on */
    int64_t rows;       /* of taps inside the image */
    int64_t row_stride; /* elements from one to the next, in the image */
    int64_t pixel_stride;
    int64_t width;      /* of the image */
    int64_t column;     /* of the image, which the window of pixel 0 begins with; may be outside */
    int64_t taps, stride, dilation; /* along the line */
    const float *weights;           /* [vector][row][tap][lane], of the first row that is inside */
    int64_t all_taps;               /* of all rows */
    float *dst;                     /* of pixel `first` */
    int64_t dst_stride;             /* elements */
    const float *offset;            /* of the channels, or NULL */
    bool clamps;
    float lo, hi;
} line_tile;

typedef void line_function(const line_tile *tile);

struct depthwise_kernel;
struct conv2d_layout;
struct conv2d_operands;

tersor_status lines_weights_bytes(const struct depthwise_kernel *kernel, const conv2d_geometry *g, int64_t *bytes);
int64_t lines_scratch_bytes(const struct depthwise_kernel *kernel, const conv2d_geometry *g);

void lines_pack(const struct depthwise_kernel *kernel, const conv2d_geometry *g, const float *weights, float *packed);

void lines_run(const struct depthwise_kernel *kernel, const packed_head *head, const struct conv2d_layout *layout,
               const struct conv2d_operands *operands, void *scratch);

#endif
