/* Loops on registers alone: as many operations as an instruction set can do. */
#ifndef TERSOR_BENCH_LIMITS_H
#define TERSOR_BENCH_LIMITS_H

#include <stdint.h>

#include "compiler.h"

typedef struct {
    int64_t operations; /* of one iteration, a multiplication and an addition counted as two */
    void (*run)(int64_t iterations);
} limit_loop;

/* Independent sums: more than latency times instructions per cycle on any core. */
enum { CHAINS = 12 };

/* Hides from the compiler what a vector register holds, so that nothing is computed once for all iterations. */
#define OPAQUE(vector) __asm__ volatile("" : "+v"(vector))
#define OPAQUE_AVX2(vector) __asm__ volatile("" : "+x"(vector))

extern const limit_loop limit_amx_int8, limit_amx_bf16;
extern const limit_loop limit_avx512_vnni, limit_avx512_bf16, limit_avx512_f32;
extern const limit_loop limit_avx2_vnni, limit_avx2_maddwd, limit_avx2_maddubs, limit_avx2_f32;

/* Read whole blocks of TERSOR_BENCH_READ_BLOCK bytes. */
void read_avx2(const void *buffer, int64_t bytes);
void read_avx512(const void *buffer, int64_t bytes);

#endif
