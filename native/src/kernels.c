#include "kernels.h"

#include "check.h"
#include "cpu.h"

/* A kernel is listed here and in native/CMakeLists.txt, nowhere else. */
extern const gemm_kernel u8s8_gemm_4x16__portable, s8s8_gemm_4x16__portable;
extern const gemm_kernel u8s8_gemm_6x16__avx2, s8s8_gemm_6x16__avx2;
extern const gemm_kernel u8s8_gemm_6x16__avx2_vnni, s8s8_gemm_6x16__avx2_vnni;
extern const gemm_kernel u8s8_gemm_12x32__avx512_vnni, s8s8_gemm_12x32__avx512_vnni;
extern const gemm_kernel u8s8_gemm_16x64__amx_int8, s8s8_gemm_16x64__amx_int8;
extern const gemm_kernel f32_gemm_4x16__portable, f32_gemm_6x16__avx2, f32_gemm_12x32__avx512f;
extern const gemm_kernel bf16_gemm_4x16__portable, bf16_gemm_6x16__avx2, bf16_gemm_12x32__avx512f;
extern const gemm_kernel bf16_gemm_12x32__avx512_bf16, bf16_gemm_16x64__amx_bf16;
extern const sparse_kernels u8s8_sparse__portable, s8s8_sparse__portable, f32_sparse__portable;
extern const sparse_kernels u8s8_sparse__avx2, s8s8_sparse__avx2, f32_sparse__avx2;
extern const sparse_kernels u8s8_sparse__avx2_vnni, s8s8_sparse__avx2_vnni;
extern const sparse_kernels u8s8_sparse__avx512_vnni, s8s8_sparse__avx512_vnni, f32_sparse__avx512f;
extern const sparse_kernels u8s8_sparse__amx_int8, s8s8_sparse__amx_int8;
extern const depthwise_kernel u8s8_depthwise_1x1__portable, s8s8_depthwise_1x1__portable;
extern const depthwise_kernel u8s8_depthwise_1x16__avx2, s8s8_depthwise_1x16__avx2;
extern const depthwise_kernel u8s8_depthwise_2x64__avx512_vnni, s8s8_depthwise_2x64__avx512_vnni;
extern const depthwise_kernel f32_depthwise_8x4__portable, f32_depthwise_8x8__avx2, f32_depthwise_8x16__avx512f;

/* What AMX machines use besides AMX; the emulation must run on every machine. */
#if defined(TERSOR_EMULATION)
#define BESIDE_AMX(name) name##_portable
#define DEPTHWISE_BESIDE_AMX(types) types##_depthwise_1x1__portable
#define WIDE_DEPTHWISE_BESIDE_AMX(types) types##_depthwise_1x1__portable
#define F32_GEMM_BESIDE_AMX f32_gemm_4x16__portable
#define F32_ATTENTION_BESIDE_AMX "f32_attention_4x16__portable"
#define REAL_BESIDE_AMX real__portable
#define F32_SPARSE_BESIDE_AMX f32_sparse__portable
#define F32_DEPTHWISE_BESIDE_AMX f32_depthwise_8x4__portable
#else
#define BESIDE_AMX(name) name##_avx512_vnni
#define DEPTHWISE_BESIDE_AMX(types) types##_depthwise_2x64__avx512_vnni
#define WIDE_DEPTHWISE_BESIDE_AMX(types) types##_depthwise_1x16__avx2
#define F32_GEMM_BESIDE_AMX f32_gemm_12x32__avx512f
#define F32_ATTENTION_BESIDE_AMX "f32_attention_12x32__avx512f"
#define REAL_BESIDE_AMX real__avx512f
#define F32_SPARSE_BESIDE_AMX f32_sparse__avx512f
#define F32_DEPTHWISE_BESIDE_AMX f32_depthwise_8x16__avx512f
#endif

#if defined(TERSOR_HAVE_AVX512_VBMI2) && !defined(TERSOR_EMULATION)
extern const gemm_kernel u8s8_bitmask_12x32__avx512_vbmi2, s8s8_bitmask_12x32__avx512_vbmi2;
#define BITMASK_KERNELS                                                                                                \
    .u8s8_bitmask = &u8s8_bitmask_12x32__avx512_vbmi2, .s8s8_bitmask = &s8s8_bitmask_12x32__avx512_vbmi2,              \
    .bitmask_cpu = CPU_AVX512_VBMI2
#else
#define BITMASK_KERNELS .bitmask_cpu = 0
#endif

static const isa_kernels ALL[] = {
    {
        .isa = TERSOR_ISA_PORTABLE,
        .name = "portable",
        .epilogue = &epilogue__portable,
        .elementwise = &elementwise__portable,
        .real = &real__portable,
        .attention = &attention__portable,
        .u8s8_gemm = &u8s8_gemm_4x16__portable,
        .s8s8_gemm = &s8s8_gemm_4x16__portable,
        .u8s8_sparse = &u8s8_sparse__portable,
        .s8s8_sparse = &s8s8_sparse__portable,
        .f32_sparse = &f32_sparse__portable,
        .u8s8_depthwise = &u8s8_depthwise_1x1__portable,
        .s8s8_depthwise = &s8s8_depthwise_1x1__portable,
        .u8s8_wide_depthwise = &u8s8_depthwise_1x1__portable,
        .s8s8_wide_depthwise = &s8s8_depthwise_1x1__portable,
        .f32_attention = "f32_attention_4x16__portable",
        .f32_gemm = &f32_gemm_4x16__portable,
        .bf16_gemm = &bf16_gemm_4x16__portable,
        .f32_depthwise = &f32_depthwise_8x4__portable,
    },
#if defined(TERSOR_HAVE_AVX2)
    {
        .isa = TERSOR_ISA_AVX2,
        .name = "avx2",
        .epilogue = &epilogue__avx2,
        .elementwise = &elementwise__avx2,
        .real = &real__avx2,
        .attention = &attention__avx2,
        .u8s8_gemm = &u8s8_gemm_6x16__avx2,
        .s8s8_gemm = &s8s8_gemm_6x16__avx2,
        .u8s8_sparse = &u8s8_sparse__avx2,
        .s8s8_sparse = &s8s8_sparse__avx2,
        .f32_sparse = &f32_sparse__avx2,
        .u8s8_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_depthwise = &s8s8_depthwise_1x16__avx2,
        .u8s8_wide_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_wide_depthwise = &s8s8_depthwise_1x16__avx2,
        .f32_attention = "f32_attention_6x16__avx2",
        .f32_gemm = &f32_gemm_6x16__avx2,
        .bf16_gemm = &bf16_gemm_6x16__avx2,
        .f32_depthwise = &f32_depthwise_8x8__avx2,
    },
#endif
#if defined(TERSOR_HAVE_AVX2_VNNI)
    {
        .isa = TERSOR_ISA_AVX2_VNNI,
        .name = "avx2_vnni",
        .epilogue = &epilogue__avx2,
        .elementwise = &elementwise__avx2,
        .real = &real__avx2,
        .attention = &attention__avx2_vnni,
        .u8s8_gemm = &u8s8_gemm_6x16__avx2_vnni,
        .s8s8_gemm = &s8s8_gemm_6x16__avx2_vnni,
        .u8s8_sparse = &u8s8_sparse__avx2_vnni,
        .s8s8_sparse = &s8s8_sparse__avx2_vnni,
        .f32_sparse = &f32_sparse__avx2,
        .u8s8_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_depthwise = &s8s8_depthwise_1x16__avx2,
        .u8s8_wide_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_wide_depthwise = &s8s8_depthwise_1x16__avx2,
        .f32_attention = "f32_attention_6x16__avx2",
        .f32_gemm = &f32_gemm_6x16__avx2,
        .bf16_gemm = &bf16_gemm_6x16__avx2,
        .f32_depthwise = &f32_depthwise_8x8__avx2,
    },
#endif
#if defined(TERSOR_HAVE_AVX512_VNNI)
    {
        .isa = TERSOR_ISA_AVX512_VNNI,
        .name = "avx512_vnni",
        .epilogue = &epilogue__avx512_vnni,
        .elementwise = &elementwise__avx512_vnni,
        .real = &real__avx512f,
        .attention = &attention__avx512_vnni,
        .u8s8_gemm = &u8s8_gemm_12x32__avx512_vnni,
        .s8s8_gemm = &s8s8_gemm_12x32__avx512_vnni,
        .u8s8_sparse = &u8s8_sparse__avx512_vnni,
        .s8s8_sparse = &s8s8_sparse__avx512_vnni,
        .f32_sparse = &f32_sparse__avx512f,
        BITMASK_KERNELS,
        .u8s8_depthwise = &u8s8_depthwise_2x64__avx512_vnni,
        .s8s8_depthwise = &s8s8_depthwise_2x64__avx512_vnni,
        .u8s8_wide_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_wide_depthwise = &s8s8_depthwise_1x16__avx2,
        .f32_attention = "f32_attention_12x32__avx512f",
        .f32_gemm = &f32_gemm_12x32__avx512f,
        .bf16_gemm = &bf16_gemm_12x32__avx512f,
        .f32_depthwise = &f32_depthwise_8x16__avx512f,
    },
#endif
#if defined(TERSOR_HAVE_AVX512_BF16)
    {
        .isa = TERSOR_ISA_AVX512_BF16,
        .name = "avx512_bf16",
        .epilogue = &epilogue__avx512_vnni,
        .elementwise = &elementwise__avx512_vnni,
        .real = &real__avx512f,
        .attention = &attention__avx512_vnni,
        .u8s8_gemm = &u8s8_gemm_12x32__avx512_vnni,
        .s8s8_gemm = &s8s8_gemm_12x32__avx512_vnni,
        .u8s8_sparse = &u8s8_sparse__avx512_vnni,
        .s8s8_sparse = &s8s8_sparse__avx512_vnni,
        .f32_sparse = &f32_sparse__avx512f,
        BITMASK_KERNELS,
        .u8s8_depthwise = &u8s8_depthwise_2x64__avx512_vnni,
        .s8s8_depthwise = &s8s8_depthwise_2x64__avx512_vnni,
        .u8s8_wide_depthwise = &u8s8_depthwise_1x16__avx2,
        .s8s8_wide_depthwise = &s8s8_depthwise_1x16__avx2,
        .f32_attention = "f32_attention_12x32__avx512f",
        .f32_gemm = &f32_gemm_12x32__avx512f,
        .bf16_gemm = &bf16_gemm_12x32__avx512_bf16,
        .f32_depthwise = &f32_depthwise_8x16__avx512f,
    },
#endif
#if defined(TERSOR_EMULATION) || defined(TERSOR_HAVE_AVX512_AMX)
    {
        .isa = TERSOR_ISA_AVX512_AMX,
        .name = "avx512_amx",
        .epilogue = &BESIDE_AMX(epilogue_),
        .elementwise = &BESIDE_AMX(elementwise_),
        .real = &REAL_BESIDE_AMX,
        .attention = &attention__amx_int8,
        .u8s8_gemm = &u8s8_gemm_16x64__amx_int8,
        .s8s8_gemm = &s8s8_gemm_16x64__amx_int8,
        .u8s8_sparse = &u8s8_sparse__amx_int8,
        .s8s8_sparse = &s8s8_sparse__amx_int8,
        .f32_sparse = &F32_SPARSE_BESIDE_AMX,
        BITMASK_KERNELS,
        .u8s8_depthwise = &DEPTHWISE_BESIDE_AMX(u8s8),
        .s8s8_depthwise = &DEPTHWISE_BESIDE_AMX(s8s8),
        .u8s8_wide_depthwise = &WIDE_DEPTHWISE_BESIDE_AMX(u8s8),
        .s8s8_wide_depthwise = &WIDE_DEPTHWISE_BESIDE_AMX(s8s8),
        .f32_attention = F32_ATTENTION_BESIDE_AMX,
        .f32_gemm = &F32_GEMM_BESIDE_AMX,
        .bf16_gemm = &bf16_gemm_16x64__amx_bf16,
        .f32_depthwise = &F32_DEPTHWISE_BESIDE_AMX,
    },
#endif
};

enum { COUNT = sizeof ALL / sizeof ALL[0] };

static const isa_kernels *find(uint32_t isa) {
    for (int i = 0; i < COUNT; i++) {
        if (ALL[i].isa == isa) {
            return &ALL[i];
        }
    }
    return NULL;
}

const isa_kernels *kernels_for(uint32_t isa) {
    return (cpu_isas() & isa) != 0 ? find(isa) : NULL;
}

static const gemm_kernel *of_sparsity(const gemm_kernel *dense, const sparse_kernels *sparse,
                                      const gemm_kernel *bitmask, tersor_sparsity sparsity) {
    switch (sparsity) {
    case TERSOR_DENSE:
        return dense;
    case TERSOR_SCATTERED:
        return sparse->scattered;
    case TERSOR_BLOCKS_16:
        return sparse->blocks_16;
    case TERSOR_BLOCKS_32:
        return sparse->blocks_32;
    case TERSOR_HALVES:
        return sparse->halves == NULL ? sparse->scattered : sparse->halves;
    case TERSOR_SINGLES:
        return sparse->singles == NULL ? sparse->scattered : sparse->singles;
    case TERSOR_BITMASK:
        return bitmask == NULL ? sparse->blocks_16 : bitmask;
    default:
        return NULL;
    }
}

const gemm_kernel *kernels_gemm(const isa_kernels *kernels, tersor_type src_type, tersor_type weights_type,
                                tersor_sparsity sparsity) {
    static const sparse_kernels none;
    const bool has_bitmask = (kernels->bitmask_cpu & ~cpu_isas()) == 0;
    if (weights_type == TERSOR_S8) {
        switch (src_type) {
        case TERSOR_U8:
            return of_sparsity(kernels->u8s8_gemm, kernels->u8s8_sparse, has_bitmask ? kernels->u8s8_bitmask : NULL, sparsity);
        case TERSOR_S8:
        case TERSOR_F32: /* rows are quantized to s8 on their way */
            return of_sparsity(kernels->s8s8_gemm, kernels->s8s8_sparse, has_bitmask ? kernels->s8s8_bitmask : NULL, sparsity);
        default:
            return NULL;
        }
    }
    if (src_type != weights_type) {
        return NULL;
    }
    switch (src_type) {
    case TERSOR_F32:
        return of_sparsity(kernels->f32_gemm, kernels->f32_sparse, NULL, sparsity);
    case TERSOR_BF16:
        return of_sparsity(kernels->bf16_gemm, &none, NULL, sparsity);
    default:
        return NULL;
    }
}

const depthwise_kernel *kernels_i8_depthwise(const isa_kernels *kernels, tersor_type src_type, bool has_zero_points) {
    if (has_zero_points) {
        return src_type == TERSOR_U8 ? kernels->u8s8_wide_depthwise : kernels->s8s8_wide_depthwise;
    }
    return src_type == TERSOR_U8 ? kernels->u8s8_depthwise : kernels->s8s8_depthwise;
}

tersor_status tersor_cpu_isas(uint32_t *mask) {
    RETURN_IF_ERROR(check_range(mask, sizeof *mask, sizeof *mask));
    uint32_t usable = 0;
    for (int i = 0; i < COUNT; i++) {
        usable |= ALL[i].isa & cpu_isas();
    }
    *mask = usable;
    return TERSOR_OK;
}

const char *tersor_isa_name(uint32_t isa) {
    const isa_kernels *kernels = find(isa);
    return kernels == NULL ? "unknown" : kernels->name;
}
