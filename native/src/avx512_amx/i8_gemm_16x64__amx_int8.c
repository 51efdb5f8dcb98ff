/* INT8 by AMX: 64 products deep per step, of u8 or s8 by s8. Sums wrap, hence the unsigned type. */
#include "amx_block.h"
#include "rows.h"

AMX_GEMM(u8, AMX_U8S8)
AMX_GEMM(s8, AMX_S8S8)

const gemm_kernel u8s8_gemm_16x64__amx_int8 = {
    .name = "u8s8_gemm_16x64__amx_int8",
    .rows = AMX_TILE_ROWS,
    .columns = AMX_COLUMNS,
    .group = 4,
    .step = 64,
    .src_bytes = 1,
    .row_bytes = 1,
    .divides_step = true,
    .equal_tiles = true,
    .convert = rows_copy,
    .row_sum = rows_sum_u8,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_u8,
    .multiply = multiply_u8,
};

const gemm_kernel s8s8_gemm_16x64__amx_int8 = {
    .name = "s8s8_gemm_16x64__amx_int8",
    .rows = AMX_TILE_ROWS,
    .columns = AMX_COLUMNS,
    .group = 4,
    .step = 64,
    .src_bytes = 1,
    .row_bytes = 1,
    .divides_step = true,
    .equal_tiles = true,
    .convert = rows_copy,
    .row_sum = rows_sum_s8,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_s8,
    .multiply = multiply_s8,
};
