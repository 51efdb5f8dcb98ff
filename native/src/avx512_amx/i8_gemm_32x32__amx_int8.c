/* INT8 by AMX: 64 products deep per step, of u8 or s8 by s8. Sums wrap, hence the unsigned type. */
#include "amx_tile.h"
#include "rows.h"

AMX_TILE(tile_u8, _tile_dpbusd, uint32_t)
AMX_TILE(tile_s8, _tile_dpbssd, uint32_t)

const gemm_kernel u8s8_gemm_32x32__amx_int8 = {
    .name = "u8s8_gemm_32x32__amx_int8",
    .rows = AMX_ROWS,
    .columns = AMX_COLUMNS,
    .group = 4,
    .step = 64,
    .src_bytes = 1,
    .row_bytes = 1,
    .fixed_rows = true,
    .interleaves = true,
    .tiled_rows = true,
    .convert = rows_copy,
    .row_sum = rows_sum_u8,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_u8,
};

const gemm_kernel s8s8_gemm_32x32__amx_int8 = {
    .name = "s8s8_gemm_32x32__amx_int8",
    .rows = AMX_ROWS,
    .columns = AMX_COLUMNS,
    .group = 4,
    .step = 64,
    .src_bytes = 1,
    .row_bytes = 1,
    .fixed_rows = true,
    .interleaves = true,
    .tiled_rows = true,
    .convert = rows_copy,
    .row_sum = rows_sum_s8,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_s8,
};
