/* A block of rows times sparse panels. */
#ifndef TERSOR_SPARSE_BLOCK_H
#define TERSOR_SPARSE_BLOCK_H

#include "row_block.h"

/* What a block needs besides: a multiple of TERSOR_ALIGNMENT; steps: of k. */
int64_t sparse_block_bytes(const gemm_kernel *kernel, int64_t steps);

/* As row_block_multiply, with panels that are not dense. */
void sparse_block_multiply(const gemm_kernel *kernel, const gemm_operands *o, row_block *block);

#endif
