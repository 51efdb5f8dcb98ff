/*
 * Convolution of floats with a 3x3 window and stride 1 by the minimal filtering algorithms F(2x2, 3x3) and F(4x4, 3x3),
 * with 16 multiplications instead of 36, or 36 instead of 144, for a tile of outputs (Winograd, "Arithmetic Complexity of
 * Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): patches d of the image
 * and weights g are transformed, multiplied place by place, and the sums transformed back,
 *
 *   Y = A^T [(G g G^T) * (B^T d B)] A.
 *
 * The products of one place in all tiles, over all channels, are one matrix multiplication.
 */
#ifndef TERSOR_WINOGRAD_H
#define TERSOR_WINOGRAD_H

#include "gemm.h"
#include "packed.h"
#include "window.h"

enum { WINOGRAD_MAX_EXTENT = 6, WINOGRAD_MAX_STEP = 4, WINOGRAD_MAX_PLACES = 36 };

/* One of the algorithms on one instruction set. */
typedef struct winograd_transforms {
    const char *name;
    int32_t step;   /* outputs of a tile in each direction */
    int32_t extent; /* pixels of its patch: step + 2 */
    /* B^T d B: place p of channel c goes to to[p * place_stride + c], a few more channels than there are included. */
    void (*source)(const float *const *pixels, int64_t channels, float *to, int64_t place_stride);
    /* A^T m A of whole vectors of columns: output (y, x) goes to to[y * line_stride + x * columns]. */
    void (*sums)(const float *sums, int64_t place_stride, int64_t columns, float *to, int64_t line_stride);
} winograd_transforms;

extern const winograd_transforms winograd__portable[], winograd__avx2[], winograd__avx512f[];

/* The algorithm for a convolution by a kernel; NULL: none serves, or plain sums are faster. */
const winograd_transforms *winograd_select(const gemm_kernel *kernel, const conv2d_geometry *g);

/* Bytes of a panel of transformed weights: [place][ic][column]. */
int64_t winograd_panel_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g);

/* OIHW weights to panels. */
void winograd_pack(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g, const float *weights,
                   void *panels);

int64_t winograd_scratch_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g);

/* Output lines [first_line, first_line + lines) of all images; o has everything but the source, from output row 0 on. */
void winograd_run(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                  const gemm_operands *o, const image *source, int64_t first_line, int64_t lines, void *scratch);

#endif
