/*
 * Convolution of NHWC images: as one multiplication where the window is a single pixel, channel by channel where it is
 * depthwise, by fewer multiplications where winograd.h may, otherwise by tiles that walk the image (window.h).
 */
#ifndef TERSOR_CONV2D_H
#define TERSOR_CONV2D_H

#include "depthwise.h"
#include "gemm.h"
#include "gemm_pack.h"
#include "packed.h"
#include "tersor.h"
#include "window.h"
#include "winograd.h"

typedef enum conv2d_method { CONV2D_POINTWISE, CONV2D_DEPTHWISE, CONV2D_DIRECT, CONV2D_WINOGRAD } conv2d_method;

/* The images and the part of the output to compute. */
typedef struct conv2d_operands {
    image source;
    int64_t first_line, lines; /* of all images' output lines */
    int64_t first_channel, channels;
    const epilogue *e;
    epilogue_function *store;
    void *dst;
    tersor_type dst_type;
    int64_t dst_bytes; /* of an element */
    const void *residual;
    int64_t residual_bytes; /* of an element */
} conv2d_operands;

/* Byte offsets in the packed buffer; one group's columns and panels follow another's. */
typedef struct conv2d_layout {
    conv2d_method method;
    const winograd_transforms *winograd; /* of CONV2D_WINOGRAD, and of CONV2D_DIRECT what takes its place, or NULL */
    int64_t compensation, zero_points, panels; /* of the first group; compensation 0: floats have none */
    int64_t ones; /* a panel whose first column sums rows up, 0: none */
    int64_t group_columns_bytes, group_panels_bytes, group_panel_bytes;
    int64_t group_panels; /* in a group, where panels are sparse: all groups' follow their table; otherwise 0 */
    int64_t bytes;
} conv2d_layout;

tersor_status conv2d_check_geometry(const conv2d_geometry *g);

/* Products in one sum, and output channels, of one group. */
int64_t conv2d_k(const conv2d_geometry *g);
int64_t conv2d_n(const conv2d_geometry *g);

int64_t conv2d_out(int64_t extent, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation);

/* sparse_bytes: what conv2d_sparse_bytes gives. */
tersor_status conv2d_lay_out(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             tersor_accuracy accuracy, bool integers, bool has_zero_points, int64_t sparse_bytes,
                             conv2d_layout *layout);

/* Bytes of the panels of contiguous OIHW weights if the kernel's are sparse, otherwise 0. */
tersor_status conv2d_sparse_bytes(const gemm_kernel *kernel, const conv2d_geometry *g, const void *weights,
                                  int64_t *bytes);

int64_t conv2d_scratch_bytes(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                             const conv2d_layout *layout);

/* Panels, and of integers the columns, of contiguous OIHW weights into a buffer with this layout. */
void conv2d_pack(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const conv2d_geometry *g,
                 const conv2d_layout *layout, const void *weights, const quantization *q, void *packed);

void conv2d_run(const gemm_kernel *kernel, const depthwise_kernel *depthwise, const void *packed,
                const conv2d_layout *layout, const conv2d_operands *operands, void *scratch);

#endif
