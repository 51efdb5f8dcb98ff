/*
 * The kernels of INT8 by AMX that take u8 or s8 by s8, 64 products deep per step. Sums wrap, hence the unsigned type. Each
 * width is a file of its own, as their copies take a compiler long.
 */
#ifndef TERSOR_AMX_I8_H
#define TERSOR_AMX_I8_H

#include "amx_block.h"
#include "rows.h"

extern const gemm_kernel u8s8_gemm_16x48__amx_int8, s8s8_gemm_16x48__amx_int8;

#define AMX_KERNEL(source, width, other)                                                                               \
    const gemm_kernel source##s8_gemm_16x##width##__amx_int8 = {                                                       \
        .name = #source "s8_gemm_16x" #width "__amx_int8",                                                             \
        .rows = AMX_TILE_ROWS,                                                                                         \
        .columns = width,                                                                                              \
        .group = 4,                                                                                                    \
        .step = 64,                                                                                                    \
        .src_bytes = 1,                                                                                                \
        .row_bytes = 1,                                                                                                \
        .divides_step = true,                                                                                          \
        .equal_tiles = true,                                                                                           \
        .deepest = AMX_CHUNK_BYTES / width,                                                                            \
        .narrower = other,                                                                                             \
        .convert = rows_copy,                                                                                          \
        .row_sum = rows_sum_##source,                                                                                  \
        .enter = amx_enter,                                                                                            \
        .leave = amx_leave,                                                                                            \
        .tile = tile_##source##_##width,                                                                               \
        .multiply = multiply_##source##_##width,                                                                       \
    }

#endif
