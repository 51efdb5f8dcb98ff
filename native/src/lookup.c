/* The public lookup in tables. */
#include "lookup.h"

#include "check.h"
#include "cpu.h"
#include "kernels.h"

static lookup_function *select_lookup(uint32_t isa) {
#if defined(TERSOR_HAVE_AVX512_VBMI2) && !defined(TERSOR_EMULATION)
    if (isa >= TERSOR_ISA_AVX512_VNNI && (cpu_isas() & CPU_AVX512_VBMI2) != 0) {
        return lookup__avx512_vbmi;
    }
#endif
#if defined(TERSOR_HAVE_AVX2)
    if (isa >= TERSOR_ISA_AVX2) {
        return lookup__avx2;
    }
#endif
    (void) isa;
    return lookup__portable;
}

tersor_status tersor_lookup(uint32_t isa, int64_t count, const void *src, const void *table, void *dst) {
    if (kernels_for(isa) == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_dimension(count));
    RETURN_IF_ERROR(check_range(src, count, 1));
    RETURN_IF_ERROR(check_range(table, TERSOR_TABLE_BYTES, 1));
    RETURN_IF_ERROR(check_range(dst, count, 1));
    select_lookup(isa)(count, src, table, dst);
    return TERSOR_OK;
}
