#ifndef TERSOR_DEPTHWISE_RUN_H
#define TERSOR_DEPTHWISE_RUN_H

#include "conv2d.h"
#include "im2col.h"

/* The output pixels that `operands` names, with a packed depthwise convolution. */
void depthwise_run(const depthwise_kernel *kernel, const packed_head *head, const conv2d_layout *layout,
                   const image *source, const conv2d_operands *operands, void *scratch);

#endif
