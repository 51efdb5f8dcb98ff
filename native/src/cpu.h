#ifndef TERSOR_CPU_H
#define TERSOR_CPU_H

#include <stdint.h>

/* Beside AVX-512 VNNI, but no tier of its own: bytes are expanded under a mask. */
#define CPU_AVX512_VBMI2 (UINT32_C(1) << 16) /* and VBMI */

/* TERSOR_ISA_ and CPU_ bits of this machine, whether compiled in or not; detected once per process. */
uint32_t cpu_isas(void);

#endif
