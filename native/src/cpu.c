/* Which instruction sets the processor has and the operating system has enabled. */
#define _GNU_SOURCE /* for syscall, which C11 hides */
#include "cpu.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "tersor.h"

#if defined(__x86_64__)

#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
    XCR0_AVX = 0x06,    /* SSE and AVX state */
    XCR0_AVX512 = 0xe6, /* and opmask, upper halves, upper registers */
    XCR0_AMX = 0x60000  /* tile configuration and tile data */
};

static uint64_t read_xcr0(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t) high << 32 | low;
}

/* Linux gives a process the 8 KiB of tile state only on demand; other systems need no permission. */
static bool request_amx(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return true;
#endif
}

static bool has(uint32_t word, uint32_t bits) {
    return (word & bits) == bits;
}

static uint32_t detect(void) {
    uint32_t mask = TERSOR_ISA_PORTABLE;
    uint32_t a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, bit_OSXSAVE | bit_AVX | bit_FMA)) {
        return mask;
    }
    const uint64_t xcr0 = read_xcr0();
    if ((xcr0 & XCR0_AVX) != XCR0_AVX || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !has(b, bit_AVX2)) {
        return mask;
    }
    mask |= TERSOR_ISA_AVX2;
    const uint32_t subleafs = a;
    uint32_t a1 = 0, b1, c1, d1;
    if (subleafs >= 1 && __get_cpuid_count(7, 1, &a1, &b1, &c1, &d1) && has(a1, UINT32_C(1) << 4)) {
        mask |= TERSOR_ISA_AVX2_VNNI;
    }
    const bool avx512 = (xcr0 & XCR0_AVX512) == XCR0_AVX512 &&
                        has(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) && has(c, UINT32_C(1) << 11);
    if (!avx512) {
        return mask;
    }
    mask |= TERSOR_ISA_AVX512_VNNI;
    const bool vbmi = has(c, UINT32_C(1) << 1); /* every processor with AMX has it */
    if (vbmi && has(c, UINT32_C(1) << 6)) {
        mask |= CPU_AVX512_VBMI2;
    }
    if (has(a1, UINT32_C(1) << 5)) {
        mask |= TERSOR_ISA_AVX512_BF16;
    }
    const uint32_t amx_bf16_tile_int8 = UINT32_C(1) << 22 | UINT32_C(1) << 24 | UINT32_C(1) << 25;
    if (vbmi && (xcr0 & XCR0_AMX) == XCR0_AMX && has(d, amx_bf16_tile_int8) && request_amx()) {
        mask |= TERSOR_ISA_AVX512_AMX;
    }
    return mask;
}

#else

static uint32_t detect(void) {
    return TERSOR_ISA_PORTABLE;
}

#endif

uint32_t cpu_isas(void) {
    /* Two threads may both detect; they find the same. */
    static _Atomic uint32_t detected;
    uint32_t mask = atomic_load_explicit(&detected, memory_order_relaxed);
    if (mask == 0) {
        mask = detect();
#if defined(TERSOR_EMULATION)
        mask |= TERSOR_ISA_AVX512_AMX | (mask & TERSOR_ISA_AVX2 ? TERSOR_ISA_AVX2_VNNI : 0);
#elif defined(TERSOR_EMULATED_TILES)
        mask |= mask & CPU_AVX512_VBMI2 ? TERSOR_ISA_AVX512_AMX : 0;
#endif
        atomic_store_explicit(&detected, mask, memory_order_relaxed);
    }
    return mask;
}
