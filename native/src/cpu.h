#ifndef TERSOR_CPU_H
#define TERSOR_CPU_H

#include <stdint.h>

/* TERSOR_ISA_ bits of this machine, whether compiled in or not; detected once per process. */
uint32_t cpu_isas(void);

#endif
