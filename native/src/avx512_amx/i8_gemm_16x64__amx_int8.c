/* INT8 by AMX, panels of 64 columns. */
#include "amx_i8.h"

AMX_GEMM(u8_64, AMX_U8S8, 4)
AMX_GEMM(s8_64, AMX_S8S8, 4)

AMX_KERNEL(u8, 64, &u8s8_gemm_16x48__amx_int8);
AMX_KERNEL(s8, 64, &s8s8_gemm_16x48__amx_int8);
