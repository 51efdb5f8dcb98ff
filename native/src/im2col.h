/* Gathers the pixels under the window into rows: [pixel][kh][kw][channels of one group]. */
#ifndef TERSOR_IM2COL_H
#define TERSOR_IM2COL_H

#include "packed.h"

typedef struct image {
    const void *data; /* [n, h, w, ic] */
    int64_t h, w, oh, ow;
    int64_t element_bytes;
    int32_t padding; /* the byte that padding pixels are made of */
} image;

/* Rows for output pixels [first, first + count), row_stride bytes apart, their ends up to row_bytes set to zero. */
void im2col(const conv2d_geometry *g, const image *source, int64_t group, int64_t first, int64_t count, char *rows,
            int64_t row_stride, int64_t row_bytes);

#endif
