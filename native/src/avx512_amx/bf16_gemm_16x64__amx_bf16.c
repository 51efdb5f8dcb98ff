/* bf16 by AMX: 32 products deep per step, added in f32; subnormal numbers count as 0. */
#include "amx_block.h"
#include "rows.h"

AMX_GEMM(bf16, AMX_BF16, 4)

const gemm_kernel bf16_gemm_16x64__amx_bf16 = {
    .name = "bf16_gemm_16x64__amx_bf16",
    .rows = AMX_TILE_ROWS,
    .columns = 4 * AMX_TILE_COLUMNS,
    .group = 2,
    .step = 32,
    .src_bytes = 2,
    .row_bytes = 2,
    .divides_step = true,
    .equal_tiles = true,
    .convert = rows_copy_bf16,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_bf16,
    .multiply = multiply_bf16,
};
