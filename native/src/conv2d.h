/* Convolution of NHWC images by matrix multiplication over gathered patches, or channel by channel. */
#ifndef TERSOR_CONV2D_H
#define TERSOR_CONV2D_H

#include "depthwise.h"
#include "gemm.h"
#include "gemm_pack.h"
#include "packed.h"
#include "tersor.h"

/* One image batch and the output pixels to compute. */
typedef struct conv2d_operands {
    int64_t n, h, w;
    int64_t first, count;
    const void *src;
    int32_t padding; /* the byte that padding pixels are made of */
    const epilogue *e;
    epilogue_function *store;
    void *dst;
    int64_t dst_bytes; /* of an element */
} conv2d_operands;

/* Byte offsets in the packed buffer; one group's columns and panels follow another's. */
typedef struct conv2d_layout {
    bool depthwise;
    int64_t compensation, zero_points, panels; /* of the first group; compensation 0: f32, has none */
    int64_t group_columns_bytes, group_panels_bytes;
    int64_t bytes;
} conv2d_layout;

tersor_status conv2d_check_channels(int64_t ic, int64_t oc, int64_t kh, int64_t kw, int64_t groups);
tersor_status conv2d_check_geometry(const conv2d_geometry *g);

/* Products in one sum, and output channels, of one group. */
int64_t conv2d_k(const conv2d_geometry *g);
int64_t conv2d_n(const conv2d_geometry *g);

int64_t conv2d_out(int64_t extent, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation);

tersor_status conv2d_lay_out(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             conv2d_layout *layout);

int64_t conv2d_scratch_bytes(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g);

/* Group `group` of contiguous OIHW weights. */
weights_view conv2d_weights(const conv2d_geometry *g, const void *weights, int64_t element_bytes, int64_t group);

/* Checks the ranges of src and dst, and first and count. */
tersor_status conv2d_check_operands(const conv2d_geometry *g, const conv2d_operands *o, int64_t src_bytes);

void conv2d_run(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const void *packed,
                const conv2d_layout *layout, const conv2d_operands *operands, void *scratch);

#endif
