/*
 * INT8 by AMX, panels of 48 columns, for depths whose panels stay whole in L1 then, where those of 64 would be cut (k = 768:
 * 0.7 of the time).
 */
#include "amx_i8.h"

AMX_GEMM(u8_48, AMX_U8S8, 3)
AMX_GEMM(s8_48, AMX_S8S8, 3)

AMX_KERNEL(u8, 48, NULL);
AMX_KERNEL(s8, 48, NULL);
