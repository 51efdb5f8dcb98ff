/* bf16 by AMX: 32 products deep per step, added in f32; subnormal numbers count as 0. */
#include "amx_tile.h"
#include "rows.h"

AMX_TILE(tile_bf16, _tile_dpbf16ps, float)

const gemm_kernel bf16_gemm_32x32__amx_bf16 = {
    .name = "bf16_gemm_32x32__amx_bf16",
    .rows = AMX_ROWS,
    .columns = AMX_COLUMNS,
    .group = 2,
    .step = 32,
    .src_bytes = 2,
    .row_bytes = 2,
    .fixed_rows = true,
    .interleaves = true,
    .tiled_rows = true,
    .convert = rows_copy_bf16,
    .enter = amx_enter,
    .leave = amx_leave,
    .tile = tile_bf16,
};
