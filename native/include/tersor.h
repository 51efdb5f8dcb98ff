/*
 * libtersor: kernels for compressed neural networks on CPUs.
 *
 * Rules that hold for every function:
 *  - It returns a status, never aborts, never allocates, and keeps no state between calls; any thread may call it.
 *  - It reads and writes nothing outside the ranges that its arguments describe. Destination and scratch must not
 *    overlap any other operand (the results are then unspecified, still within the ranges).
 *  - A pointer to an empty range may be NULL. Arrays of 4-byte elements are aligned to 4 bytes, packed weights and
 *    scratch to TERSOR_ALIGNMENT; anything else is TERSOR_MISALIGNED.
 *  - Dimensions and leading dimensions count elements and are at most 2^31 - 1.
 *  - `isa` is one TERSOR_ISA_ bit that tersor_cpu_isas reports; integer results are the same on each, bit for bit.
 *
 * The arithmetic of the integer kernels (MatMul and Conv2d), for one output with K products:
 *   acc = bias + sum over k of (src - src_zero_point) * (weights - weights_zero_point)      int32, wrapping
 *   dst s32: acc. Otherwise in IEEE single precision, every operation rounded to nearest even, none fused:
 *   r = (float) acc * multiplier[n];  if offset is given: r = r + offset[n]
 *   r = r > lo ? r : lo;  r = r < hi ? r : hi                                               NaN becomes lo
 *   dst f32: r.  dst u8, s8: r clamped to [min - dst_zero_point, max - dst_zero_point], rounded half to even, plus
 *   dst_zero_point, where min and max are the bounds of the type.
 */
#ifndef TERSOR_H
#define TERSOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define TERSOR_API __attribute__((visibility("default")))
#else
#define TERSOR_API
#endif

/* Raised with every incompatible change of this header. */
#define TERSOR_ABI_VERSION 1
#define TERSOR_ALIGNMENT 64

typedef int32_t tersor_status;
enum {
    TERSOR_OK = 0,
    TERSOR_NULL_POINTER = 1,     /* a range that is not empty has no address */
    TERSOR_INVALID_SIZE = 2,     /* a dimension is negative, too large, inconsistent, or a range overflows */
    TERSOR_INVALID_ARGUMENT = 3, /* an unknown type or flag, a zero point outside its type, lo > hi or NaN */
    TERSOR_UNSUPPORTED_ISA = 4,  /* not one bit, not compiled in, or not usable on this machine */
    TERSOR_MISALIGNED = 5,
    TERSOR_BUFFER_TOO_SMALL = 6, /* packed weights or scratch */
    TERSOR_INVALID_PACKED = 7    /* not packed by this version for this operation, isa, type and shape */
};

typedef int32_t tersor_type;
enum { TERSOR_F32 = 1, TERSOR_S32 = 2, TERSOR_U8 = 3, TERSOR_S8 = 4 };

enum {
    TERSOR_ISA_PORTABLE = 1 << 0,    /* plain C, on every processor */
    TERSOR_ISA_AVX2 = 1 << 1,        /* AVX2 and FMA */
    TERSOR_ISA_AVX2_VNNI = 1 << 2,   /* and AVX-VNNI */
    TERSOR_ISA_AVX512_VNNI = 1 << 3, /* AVX-512 F, BW, DQ, VL, VNNI */
    TERSOR_ISA_AVX512_AMX = 1 << 4   /* and AMX-TILE, AMX-INT8, with the operating system's permission */
};

TERSOR_API int32_t tersor_abi_version(void);
/* "major.minor.patch", static storage. */
TERSOR_API const char *tersor_version(void);
/* A static string, also for values that are no status. */
TERSOR_API const char *tersor_status_name(tersor_status status);
/* "avx512_vnni" and so on, static storage; "unknown" for anything but one TERSOR_ISA_ bit. */
TERSOR_API const char *tersor_isa_name(uint32_t isa);
/* The usable TERSOR_ISA_ bits: compiled in, in the processor, enabled by the operating system. Asks Linux for the
 * permission to use AMX the first time, once per process. */
TERSOR_API tersor_status tersor_cpu_isas(uint32_t *mask);

/*
 * INT8 matrix multiplication: dst [m, n] = src [m, k] * weights [k, n], src_type u8 or s8, weights s8,
 * dst_type s32, f32, u8 or s8. Weights are packed once, for one isa and src_type; m is free.
 */
TERSOR_API tersor_status tersor_i8_gemm_packed_bytes(uint32_t isa, tersor_type src_type, int64_t k, int64_t n,
                                                     int64_t *bytes);
/*
 * weights: [k, n], rows ld_weights >= n elements apart; with transposed = 1 [n, k], rows ld_weights >= k apart.
 * weights_zero_points [n], each -128..127, and bias [n] are optional (NULL). Both, with src_zero_point, end up in
 * an int32 compensation per column: bias - src_zero_point * colsum + k * src_zero_point * weights_zero_point.
 */
TERSOR_API tersor_status tersor_i8_gemm_pack(uint32_t isa, tersor_type src_type, int64_t k, int64_t n,
                                             const int8_t *weights, int64_t ld_weights, int32_t transposed,
                                             int32_t src_zero_point, const int32_t *weights_zero_points,
                                             const int32_t *bias, void *packed, int64_t packed_bytes);
/* Enough for any m. */
TERSOR_API tersor_status tersor_i8_gemm_scratch_bytes(uint32_t isa, tersor_type src_type, int64_t k, int64_t *bytes);
/* multiplier [n] is required unless dst_type is s32; offset [n] is optional; dst_zero_point is 0 for s32 and f32. */
TERSOR_API tersor_status tersor_i8_gemm(uint32_t isa, tersor_type src_type, int64_t m, int64_t k, int64_t n,
                                        const void *src, int64_t ld_src, const void *packed, int64_t packed_bytes,
                                        const float *multiplier, const float *offset, float lo, float hi,
                                        tersor_type dst_type, int32_t dst_zero_point, void *dst, int64_t ld_dst,
                                        void *scratch, int64_t scratch_bytes);

/* The micro-kernel that runs with these packed weights, e.g. "u8s8_gemm_12x32__avx512_vnni"; static storage. */
TERSOR_API tersor_status tersor_packed_kernel_name(const void *packed, int64_t packed_bytes, const char **name);

#ifdef __cplusplus
}
#endif

#endif
