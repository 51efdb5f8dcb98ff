/*
 * Convolution with a 3x3 window and stride 1 by the minimal filtering algorithms F(2x2, 3x3) and F(4x4, 3x3), with 16
 * multiplications instead of 36, or 36 instead of 144, for a tile of outputs (Winograd, "Arithmetic Complexity of
 * Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015): patches d of the
 * image and weights g are transformed, multiplied place by place, and the sums transformed back,
 *
 *   Y = A^T [(G g G^T) * (B^T d B)] A.
 *
 * The products of one place in all tiles, over all channels, are one matrix multiplication.
 *
 * Bytes take F(2x2, 3x3), whose G has halves: weights are transformed by 2 G, so that all are integers of 16 bits, and
 * the sums divided by 4. As 4 times a sum is below 2^31, the results are those of plain sums, bit for bit. Weights are
 * packed as for plain sums, which few tiles take, and transformed for each block of tiles: weights that are packed
 * transformed are 3.6 times as large and no more than a fifth faster (ResNet-50's 7x7 on Zen 3).
 */
#ifndef TERSOR_WINOGRAD_H
#define TERSOR_WINOGRAD_H

#include "gemm.h"
#include "packed.h"
#include "window.h"

enum { WINOGRAD_MAX_EXTENT = 6, WINOGRAD_MAX_STEP = 4, WINOGRAD_MAX_PLACES = 36, WINOGRAD_MAX_TILES = 256 };

/* One of the algorithms on one instruction set. */
typedef struct winograd_transforms {
    const char *name;
    int32_t step;   /* outputs of a tile in each direction */
    int32_t extent; /* pixels of its patch: step + 2 */
    int32_t row_bytes; /* of an element of transformed patches and weights */
    int32_t group;     /* neighbours in ic that lie together in a panel: a k step */
    int64_t block_bytes, block_tiles; /* at most, of transformed patches: they stay in L2 while the weights pass */
    /* The products; NULL: the kernel's. */
    void (*tile)(const gemm_tile *tile);
    /* NULL, as floats are packed transformed, or (2 G) g (2 G)^T of bytes: k steps of a panel's taps, tap_bytes apart,
     * less their columns' zero points unless NULL, to [place][step][column][group], with places place_bytes apart. */
    void (*weights)(const void *taps, int64_t tap_bytes, int64_t steps, const int32_t *zero_points, void *to,
                    int64_t place_bytes);
    /* B^T d B: place p goes to `to`, p * place_bytes further, a few more channels than there are included. */
    void (*source)(const void *const *pixels, int64_t channels, void *to, int64_t place_bytes);
    /* A^T m A of whole vectors of columns: output (y, x) goes to `to`, y * line_bytes and x * columns elements further.
     * start: of integers, what is added to each column. */
    void (*sums)(const void *sums, int64_t place_bytes, int64_t columns, const int32_t *start, void *to,
                 int64_t line_bytes);
} winograd_transforms;

extern const winograd_transforms winograd__portable[], winograd__avx2[], winograd__avx512f[];
extern const winograd_transforms u8s8_winograd__avx2[], s8s8_winograd__avx2[];

/* The algorithm for a convolution by a kernel; NULL: none serves, or plain sums are faster. */
const winograd_transforms *winograd_select(const gemm_kernel *kernel, const conv2d_geometry *g,
                                           tersor_accuracy accuracy);

/* Whether weights are packed as for plain sums, [tap][ic / group][column][group], so that both serve. */
static inline bool winograd_has_plain_weights(const winograd_transforms *f) {
    return f->weights != NULL;
}

/* Whether so many lines of outputs are faster than plain sums; of plain weights. */
bool winograd_pays(const winograd_transforms *f, const image *source, int64_t lines);

/* Bytes of a panel, of transformed weights [place][ic][column]. */
int64_t winograd_panel_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g);

/* OIHW weights of floats to panels. */
void winograd_pack(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                   const float *weights, void *panels);

int64_t winograd_scratch_bytes(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g);

/* Output lines [first_line, first_line + lines) of all images; o has everything but the source, from output row 0 on. */
void winograd_run(const gemm_kernel *kernel, const winograd_transforms *f, const conv2d_geometry *g,
                  const gemm_operands *o, const image *source, int64_t first_line, int64_t lines, void *scratch);

#endif
