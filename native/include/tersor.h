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
 *   dst f32: r; with lo = -inf and hi = inf a NaN stays.
 *   dst u8, s8: r clamped to [min - dst_zero_point, max - dst_zero_point], rounded half to even, plus dst_zero_point,
 *   where min and max are the bounds of the type.
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
 * weights (k, n) stands at element k * k_stride + n * n_stride: row-major [k, n] has strides n, 1 and its transpose
 * [n, k] has strides 1, k. weights_zero_points [n], each -128..127, and bias [n] are optional (NULL). Both, with
 * src_zero_point, end up in an int32 compensation per column: bias - src_zero_point * colsum + k * src_zero_point *
 * weights_zero_point.
 */
TERSOR_API tersor_status tersor_i8_gemm_pack(uint32_t isa, tersor_type src_type, int64_t k, int64_t n,
                                             const int8_t *weights, int64_t k_stride, int64_t n_stride,
                                             int32_t src_zero_point, const int32_t *weights_zero_points,
                                             const int32_t *bias, void *packed, int64_t packed_bytes);
/*
 * Computes `count` rows from row `first` of the m, so that threads can share a matrix; src and dst are those of all
 * rows. multiplier [n] is required unless dst_type is s32; offset [n] is optional; dst_zero_point is 0 for s32 and f32.
 */
TERSOR_API tersor_status tersor_i8_gemm(uint32_t isa, tersor_type src_type, int64_t m, int64_t k, int64_t n,
                                        int64_t first, int64_t count, const void *src, int64_t ld_src,
                                        const void *packed, int64_t packed_bytes, const float *multiplier,
                                        const float *offset, float lo, float hi, tersor_type dst_type,
                                        int32_t dst_zero_point, void *dst, int64_t ld_dst, void *scratch,
                                        int64_t scratch_bytes);

/*
 * INT8 convolution of NHWC images: src [n, h, w, ic], weights OIHW [oc, ic / groups, kh, kw], dst [n, oh, ow, oc] with
 *   oh = (h + pad_top + pad_bottom - dilation_h * (kh - 1) - 1) / stride_h + 1, or 0 where the window does not fit,
 * and ow likewise. Padding holds src_zero_point. Types and epilogue as for tersor_i8_gemm, columns being output
 * channels. groups divides ic and oc.
 */
TERSOR_API tersor_status tersor_i8_conv2d_packed_bytes(uint32_t isa, tersor_type src_type, int64_t ic, int64_t oc,
                                                       int64_t kh, int64_t kw, int64_t groups, int64_t *bytes);
/* weights are contiguous; weights_zero_points [oc] and bias [oc] are optional (NULL). */
TERSOR_API tersor_status tersor_i8_conv2d_pack(uint32_t isa, tersor_type src_type, int64_t ic, int64_t oc, int64_t kh,
                                               int64_t kw, int64_t stride_h, int64_t stride_w, int64_t pad_top,
                                               int64_t pad_left, int64_t pad_bottom, int64_t pad_right,
                                               int64_t dilation_h, int64_t dilation_w, int64_t groups,
                                               const int8_t *weights, int32_t src_zero_point,
                                               const int32_t *weights_zero_points, const int32_t *bias, void *packed,
                                               int64_t packed_bytes);
/*
 * Computes `count` output pixels from number `first` of the n * oh * ow in row-major order, so that threads can share
 * an image; src and dst are those of all pixels.
 */
TERSOR_API tersor_status tersor_i8_conv2d(uint32_t isa, tersor_type src_type, int64_t n, int64_t h, int64_t w,
                                          int64_t first, int64_t count, const void *src, const void *packed,
                                          int64_t packed_bytes, const float *multiplier, const float *offset, float lo,
                                          float hi, tersor_type dst_type, int32_t dst_zero_point, void *dst,
                                          void *scratch, int64_t scratch_bytes);

/*
 * f32 matrix multiplication and convolution, with the layouts, shapes and parts of the INT8 ones:
 *   r = sum + bias[n], bias [n] optional; then lo and hi as above; with lo = -inf and hi = inf a NaN stays.
 * The error of a sum of k products is at most k * 2^-23 * (sum of their magnitudes); fused multiply-add may be used.
 * Padding of a convolution is 0.
 */
TERSOR_API tersor_status tersor_f32_gemm_packed_bytes(uint32_t isa, int64_t k, int64_t n, int64_t *bytes);
TERSOR_API tersor_status tersor_f32_gemm_pack(uint32_t isa, int64_t k, int64_t n, const float *weights,
                                              int64_t k_stride, int64_t n_stride, void *packed, int64_t packed_bytes);
TERSOR_API tersor_status tersor_f32_gemm(uint32_t isa, int64_t m, int64_t k, int64_t n, int64_t first, int64_t count,
                                         const float *src, int64_t ld_src, const void *packed, int64_t packed_bytes,
                                         const float *bias, float lo, float hi, float *dst, int64_t ld_dst,
                                         void *scratch, int64_t scratch_bytes);
TERSOR_API tersor_status tersor_f32_conv2d_packed_bytes(uint32_t isa, int64_t ic, int64_t oc, int64_t kh, int64_t kw,
                                                        int64_t groups, int64_t *bytes);
TERSOR_API tersor_status tersor_f32_conv2d_pack(uint32_t isa, int64_t ic, int64_t oc, int64_t kh, int64_t kw,
                                                int64_t stride_h, int64_t stride_w, int64_t pad_top, int64_t pad_left,
                                                int64_t pad_bottom, int64_t pad_right, int64_t dilation_h,
                                                int64_t dilation_w, int64_t groups, const float *weights, void *packed,
                                                int64_t packed_bytes);
TERSOR_API tersor_status tersor_f32_conv2d(uint32_t isa, int64_t n, int64_t h, int64_t w, int64_t first, int64_t count,
                                           const float *src, const void *packed, int64_t packed_bytes,
                                           const float *bias, float lo, float hi, float *dst, void *scratch,
                                           int64_t scratch_bytes);

/* What one call with these packed weights needs, whatever its other sizes. */
TERSOR_API tersor_status tersor_packed_scratch_bytes(const void *packed, int64_t packed_bytes, int64_t *bytes);
/* The micro-kernel that runs with these packed weights, e.g. "u8s8_gemm_12x32__avx512_vnni"; static storage. */
TERSOR_API tersor_status tersor_packed_kernel_name(const void *packed, int64_t packed_bytes, const char **name);

/*
 * Elementwise conversions of [outer, channels, inner] elements, with one scale and zero point for each channel
 * (channels = 1: for all). Zero points lie within their 8-bit type; those of an s32 source are 0.
 *
 * quantize:   r = src / scale; dst = r clamped to [min - zero_point, max - zero_point], rounded half to even,
 *             plus zero_point; NaN becomes min. src f32; dst_type u8 or s8.
 * dequantize: dst = (float) (src - zero_point) * scale. src_type u8, s8 or s32; dst f32.
 * requantize: r = (float) (src - src_zero_point) * multiplier, then as quantize. src_type u8, s8 or s32; dst_type u8 or
 *             s8.
 */
TERSOR_API tersor_status tersor_quantize(uint32_t isa, tersor_type dst_type, int64_t outer, int64_t channels,
                                         int64_t inner, const float *src, const float *scale, const int32_t *zero_point,
                                         void *dst);
TERSOR_API tersor_status tersor_dequantize(uint32_t isa, tersor_type src_type, int64_t outer, int64_t channels,
                                           int64_t inner, const void *src, const float *scale,
                                           const int32_t *zero_point, float *dst);
TERSOR_API tersor_status tersor_requantize(uint32_t isa, tersor_type src_type, tersor_type dst_type, int64_t outer,
                                           int64_t channels, int64_t inner, const void *src,
                                           const int32_t *src_zero_point, const float *multiplier,
                                           int32_t dst_zero_point, void *dst);

#ifdef __cplusplus
}
#endif

#endif
