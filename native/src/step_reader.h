/* Walks through the k steps of weights that are packed with their zeros left out. */
#ifndef TERSOR_STEP_READER_H
#define TERSOR_STEP_READER_H

#include "sparse_pack.h"

/* The elements of one k step: where they stand in column 0, in bytes. */
typedef struct step_elements {
    int64_t count; /* fewer than a step's at the end of a run */
    int64_t offset[HALF];
} step_elements;

/* Walks through the k steps. */
typedef struct step_reader {
    const gemm_kernel *kernel;
    const sparse_weights *w;
    int64_t within;       /* its run */
    int64_t outer, inner; /* k = outer * k_run + inner */
} step_reader;

step_reader step_reader_at(const gemm_kernel *kernel, const sparse_weights *w, int64_t step);
step_elements step_next(step_reader *r);

/* Where a column starts. */
const char *step_column(const gemm_kernel *kernel, const sparse_weights *w, int64_t column);

/* Whether one of `columns` columns, of which the first starts at `from`, has a weight. */
bool step_has_weight(const gemm_kernel *kernel, const sparse_weights *w, const step_elements *e, const char *from,
                     int64_t columns);

/* A step of the column that starts at `from`, as elements of src_bytes, padded with zeros. */
void step_copy(const gemm_kernel *kernel, const step_elements *e, const char *from, char *to);

/* The same as one word that the kernel multiplies a word of a row with. */
uint32_t step_word(const gemm_kernel *kernel, const step_elements *e, const char *from);

#endif
