/* vpdpbusd of AVX-VNNI, or its emulation. */
#ifndef TERSOR_DPBUSD_H
#define TERSOR_DPBUSD_H

#if defined(TERSOR_EMULATION)
#include "avx_vnni_emulation.h"
#define DPBUSD emulated_dpbusd
#else
#include <immintrin.h>
#define DPBUSD _mm256_dpbusd_avx_epi32
#endif

#endif
