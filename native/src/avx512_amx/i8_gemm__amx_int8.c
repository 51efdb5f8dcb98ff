/*
 * INT8 by AMX: 64 products deep per step, of u8 or s8 by s8. Panels of 48 columns are for depths whose panels stay whole in
 * L1 then, where those of 64 would be cut (k = 768: 0.7 of the time). Sums wrap, hence the unsigned type.
 */
#include "amx_block.h"
#include "rows.h"

AMX_GEMM(u8_64, AMX_U8S8, 4)
AMX_GEMM(s8_64, AMX_S8S8, 4)
AMX_GEMM(u8_48, AMX_U8S8, 3)
AMX_GEMM(s8_48, AMX_S8S8, 3)

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

AMX_KERNEL(u8, 48, NULL);
AMX_KERNEL(s8, 48, NULL);
AMX_KERNEL(u8, 64, &u8s8_gemm_16x48__amx_int8);
AMX_KERNEL(s8, 64, &s8s8_gemm_16x48__amx_int8);
