/* How rows of a source become what a kernel reads: in place, with copied ends, or brought into scratch. */
#ifndef TERSOR_GEMM_ROWS_H
#define TERSOR_GEMM_ROWS_H

#include "gemm.h"

/* Parts of the scratch that a block of rows uses. */
typedef struct gemm_rows_scratch {
    char *rows;     /* what the kernel reads */
    int32_t *sums;  /* of each row */
    float *scales;  /* of each row */
    char *strip;    /* rows of a transposed source */
    int8_t *levels; /* of one row */
} gemm_rows_scratch;

/* Rows of a block, ready to be read; sums and scales are those of the scratch. */
typedef struct gemm_rows {
    const void *src;
    int64_t stride; /* bytes between rows */
    int64_t step;   /* bytes between k steps */
    int64_t steps;
    const void *tail;
    int64_t tail_stride;
} gemm_rows;

/* Bytes of a source's element if the scratch needs room for rows of that type, otherwise 0. */
int64_t gemm_rows_source_bytes(const gemm_source *src);

/* Whether the rows have to be brought into scratch. */
bool gemm_rows_convert(const gemm_kernel *kernel, const gemm_operands *o);

/* Bytes of a converted row, and of all parts of the scratch for a number of rows. */
int64_t gemm_rows_stride(const gemm_kernel *kernel, int64_t k);
int64_t gemm_rows_scratch_bytes(const gemm_kernel *kernel, int64_t k, int64_t rows, int64_t source_bytes);
gemm_rows_scratch gemm_rows_scratch_at(const gemm_kernel *kernel, int64_t k, int64_t rows, int64_t source_bytes,
                                       void *scratch);

/* Makes rows [first, first + count) readable; with `sums` adds each row up. */
gemm_rows gemm_rows_prepare(const gemm_kernel *kernel, const gemm_operands *o, bool convert, int64_t first,
                            int64_t count, const gemm_rows_scratch *scratch);

#endif
