/* Which kernels serve an instruction set. */
#ifndef TERSOR_KERNELS_H
#define TERSOR_KERNELS_H

#include "attention.h"
#include "depthwise.h"
#include "elementwise.h"
#include "epilogue.h"
#include "gemm.h"
#include "real.h"

/* The kernels of one pair of types for each tersor_sparsity. */
typedef struct sparse_kernels {
    const gemm_kernel *scattered, *blocks_16, *blocks_32;
    const gemm_kernel *halves, *singles; /* NULL: scattered */
} sparse_kernels;

typedef struct isa_kernels {
    uint32_t isa;
    const char *name;
    const epilogue_functions *epilogue;
    const elementwise_functions *elementwise;
    const real_functions *real;
    const attention_kernel *attention;
    const char *f32_attention; /* the name of that by f32_gemm */
    const gemm_kernel *u8s8_gemm, *s8s8_gemm, *f32_gemm, *bf16_gemm;
    const sparse_kernels *u8s8_sparse, *s8s8_sparse, *f32_sparse;
    const gemm_kernel *u8s8_bitmask, *s8s8_bitmask; /* NULL: blocks_16; they need bitmask_cpu */
    uint32_t bitmask_cpu; /* CPU_ bits */
    const depthwise_kernel *u8s8_depthwise, *s8s8_depthwise, *f32_depthwise;
    const depthwise_kernel *u8s8_wide_depthwise, *s8s8_wide_depthwise; /* for weights with zero points */
} isa_kernels;

/* NULL unless `isa` is one bit, compiled in and usable here. */
const isa_kernels *kernels_for(uint32_t isa);

/* NULL for types that do not go together. */
const gemm_kernel *kernels_gemm(const isa_kernels *kernels, tersor_type src_type, tersor_type weights_type,
                                tersor_sparsity sparsity);
const depthwise_kernel *kernels_i8_depthwise(const isa_kernels *kernels, tersor_type src_type, bool has_zero_points);

#endif
