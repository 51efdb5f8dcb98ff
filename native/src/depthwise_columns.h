/*
 * Depthwise convolution of bytes by columns. The pixels that stand one below the other in a window are interleaved, four at
 * a time, into groups [channel][4], once for all the windows along a line that see them, and for two output lines that
 * share image lines. The image is read in place; padding exists in the columns alone.
 *
 * A column is [group][256]. Packed weights: [block of channels][output line][column of the window][group][256], those of
 * the second line one place further down the column. The 256 bytes of a group are the 64 positions of a block as
 * interleaving within lanes of 16 bytes leaves them: units of 4 channels, the first unit of each lane, then the second, and
 * so on. A block with few channels has several parts of the same channels, which take pixels of other output lines.
 */
#ifndef TERSOR_DEPTHWISE_COLUMNS_H
#define TERSOR_DEPTHWISE_COLUMNS_H

#include "gemm_pack.h"
#include "packed.h"

enum { COLUMN_CHANNELS = 64, COLUMN_GROUP = 4, COLUMN_LINES = 2, COLUMN_PARTS = 4 };

/* What sums of a block's 64 positions need on their way to bytes. */
typedef struct column_scales {
    float multiplier[COLUMN_CHANNELS], offset[COLUMN_CHANNELS];
} column_scales;

/* Output pixels of a block's channels, of one or two lines of each part. */
typedef struct column_tile {
    int64_t pixels, lines;
    int64_t parts, channels; /* channels of each part, at most 64 / parts */
    int64_t first;           /* channel, that is bytes from each pixel of the image and of dst */
    char *columns;
    int64_t pixel_stride, tap_stride; /* bytes */
    int64_t taps, groups;             /* columns of a window, and groups of each */
    /* Columns [inside, inside_end) are still to be interleaved, each before the first pixel that sees it. */
    int64_t inside, inside_end;
    int64_t advance, span;              /* columns from pixel to pixel, and that one sees */
    const char *const (*rows)[COLUMN_PARTS]; /* [group * 4 + place][part], the image's pixel of column `inside` */
    int64_t row_stride;                 /* bytes from pixel to pixel */
    bool is_signed;                     /* the image, to which 128 is added */
    int32_t padding;                    /* as the columns hold it */
    const void *weights;
    const int32_t *init;
    int32_t *acc; /* of sum: [line][pixel][part][channel], each part 64 / parts */
    const column_scales *scales;
    int32_t zero_point, lo, hi; /* of the bytes, in their type */
    bool is_unsigned, clamps;
    char *(*dst)[COLUMN_LINES]; /* of each part, the first pixels; NULL: not stored */
    int64_t dst_stride;               /* bytes from pixel to pixel */
} column_tile;

typedef struct column_kernel {
    void (*interleave)(const column_tile *tile); /* all that are to be interleaved */
    void (*scale)(const epilogue *e, int64_t first, int64_t channels, int64_t parts, column_scales *scales);
    void (*sum)(const column_tile *tile);
    void (*finish)(const column_tile *tile); /* the sums as bytes, where they are requantized without a residual */
} column_kernel;

struct depthwise_kernel;
struct conv2d_layout;
struct conv2d_operands;

tersor_status column_weights_bytes(const conv2d_geometry *g, int64_t *bytes);
int64_t column_scratch_bytes(const conv2d_geometry *g);

/* As depthwise_pack. src_shift: what `interleave` adds to the source. */
void column_pack(const conv2d_geometry *g, const int8_t *weights, const quantization *q, int32_t src_shift,
                 int8_t *packed, int32_t *compensation);

void column_run(const struct depthwise_kernel *kernel, const packed_head *head, const struct conv2d_layout *layout,
                const struct conv2d_operands *operands, void *scratch);

#endif
