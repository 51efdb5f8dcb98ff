/*
 * Where a convolution's tiles read: the pixels under the window as runs of k, each a fixed offset from the output
 * pixel's first one, so that no patch is ever copied (an im2col copies each pixel kh * kw times).
 *
 * Pixels are read in the image itself where there is no padding and no conversion; otherwise from a band: the lines
 * that a block of output pixels needs, converted, with their padding, each pixel once. Where dilation spreads the window
 * too far for that, the band holds the pixels of each tap instead.
 */
#ifndef TERSOR_WINDOW_H
#define TERSOR_WINDOW_H

#include "gemm.h"
#include "packed.h"
#include "row_block.h"

/* An image batch. */
typedef struct image {
    const void *data;
    int64_t h, w, oh, ow;
    int64_t element_bytes;
    int32_t padding; /* the value of padding pixels' elements */
} image;

/* What is the same for all images. Elements are those that the kernel reads. */
typedef struct window {
    const gemm_kernel *kernel; /* whose form of rows is read, in tiles of its rows */
    conv2d_geometry geometry;
    int64_t runs;       /* of k */
    int64_t run_length; /* elements, before they are padded to whole steps */
    int64_t step;       /* elements of k */
    int64_t run_steps;
    bool in_place, by_taps;
    int64_t line_step, column_step;     /* pixels of the image from one line or column of the band to the next */
    int64_t output_line, output_column; /* lines and columns of the band between outputs */
    int64_t line_span, column_span;     /* that one output sees */
    int64_t pixel_bytes;                /* in the band */
    int64_t block_columns;              /* at most, in a block */
    int64_t reach;                      /* elements that may be read from the last pixel on */
} window;

/* Runs that a convolution's k is made of, and their length. */
int64_t window_runs(const conv2d_geometry *g);
int64_t window_run_length(const conv2d_geometry *g);

window window_of(const gemm_kernel *kernel, const conv2d_geometry *g);

/* Every tap a run of its own, over all channels: what a depthwise kernel reads, `reach` channels at a time. */
window window_of_channels(const gemm_kernel *kernel, const conv2d_geometry *g, int64_t reach);

/* The scratch, in which offsets come first and the band last. */
int64_t window_offsets_bytes(const window *w);
int64_t window_band_bytes(const window *w);

/* A part of the output small enough for a block: lines of one image, columns of them. */
typedef struct window_part {
    const window *w;
    const image *source;
    int64_t next_line, end_line; /* of all images' output lines */
    int64_t n, line, lines;      /* lines 0: the end */
    int64_t column, columns, block_columns;
} window_part;

/* The parts of output lines [first_line, first_line + lines) of all images, which have at least one column. */
window_part window_first(const window *w, const image *s, int64_t first_line, int64_t lines);
void window_next(window_part *part);

/*
 * A part of one group's outputs as a block: sets its tiles, offsets and strides, and fills the band unless it holds these
 * pixels already, as it does after the first group.
 */
void window_block(const window *w, const window_part *part, int64_t group, bool filled, int64_t *offsets, char *band,
                  row_block *block);

#endif
