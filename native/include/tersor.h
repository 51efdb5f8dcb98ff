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
 * The arithmetic of multiplications and convolutions, for one output with K products. Sums of integers are exact:
 *   acc = bias + sum over k of (src - src_zero_point) * (weights - weights_zero_point)      int32, wrapping
 * and dst s32 holds acc. Sums of floats are f32: their error is at most K * 2^-23 * (sum of the products' magnitudes);
 * fused multiply-add may be used, and subnormal bf16 may count as 0. Everything else is IEEE single precision, every
 * operation rounded to nearest even and fused only in functions where src/scalar.h says so, so that all instruction
 * sets agree bit for bit:
 *   integers    r = (float) acc * multiplier[n]
 *   quantized   r = ((float) acc * row_scale) * multiplier[n]     f32 src with s8 weights, see below
 *   floats      r = sum
 *   r = r + offset[n]                                                                if there is an offset
 *   r = r + (float) (residual - residual_zero_point) * residual_multiplier           if there is a residual
 *   r = function(r);  for u8 and s8: r = r * output_scale                            if there is a function
 *   r = r > lo ? r : lo;  r = r < hi ? r : hi        NaN becomes lo; with lo = -inf and hi = inf a float NaN stays
 *   dst f32: r.  dst bf16: r rounded half to even
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
#define TERSOR_ABI_VERSION 11
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
    TERSOR_INVALID_PACKED = 7,   /* not packed by this version for this operation, isa, type and shape */
    TERSOR_OUT_OF_MEMORY = 8
};

typedef int32_t tersor_type;
enum {
    TERSOR_F32 = 1,
    TERSOR_S32 = 2,
    TERSOR_U8 = 3,
    TERSOR_S8 = 4,
    TERSOR_BF16 = 5,
    TERSOR_F16 = 6, /* IEEE 754 binary16; this and the next ones for tersor_cast alone */
    TERSOR_S64 = 7,
    TERSOR_BOOL = 8 /* a byte, 0 or 1 */
};

enum {
    TERSOR_ISA_PORTABLE = 1 << 0,    /* plain C, on every processor */
    TERSOR_ISA_AVX2 = 1 << 1,        /* AVX2 and FMA */
    TERSOR_ISA_AVX2_VNNI = 1 << 2,   /* and AVX-VNNI */
    TERSOR_ISA_AVX512_VNNI = 1 << 3, /* AVX-512 F, BW, DQ, VL, VNNI */
    TERSOR_ISA_AVX512_BF16 = 1 << 4, /* and AVX512_BF16 */
    TERSOR_ISA_AVX512_AMX = 1 << 5   /* AVX512_VNNI, VBMI, AMX-TILE, INT8 and BF16, with the operating system's permission */
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

/* Functions that may be applied to a result; NaN stays NaN. Their steps stand in src/scalar.h. */
typedef int32_t tersor_function;
enum {
    TERSOR_IDENTITY = 0,
    TERSOR_GELU = 1,       /* r / 2 * (1 + erf(r / sqrt(2))) */
    TERSOR_GELU_TANH = 2,  /* r / 2 * (1 + tanh(sqrt(2 / pi) * (r + 0.044715 r^3))) */
    TERSOR_SILU = 3,       /* r / (1 + exp(-r)) */
    TERSOR_HARD_SWISH = 4, /* r * min(max(r / 6 + 1 / 2, 0), 1) */
    TERSOR_GELU_COARSE = 5 /* GELU, |error| <= 1.7e-4: enough for 8 bits */
};

/* What happens to each result of a multiplication, in the order above. */
typedef struct tersor_epilogue {
    const float *multiplier; /* [n]; required of integer sums unless dst_type is s32 */
    const float *offset;     /* [n] or NULL */
    float lo, hi;            /* lo <= hi */
    tersor_type dst_type;    /* f32 or bf16; of 8-bit sources also s32, u8 or s8 */
    int32_t dst_zero_point;  /* 0 unless dst_type is u8 or s8 */
    tersor_function function;
    float output_scale;
    tersor_type residual_type; /* 0: none; f32, u8 or s8 */
    int32_t residual_zero_point;
    float residual_multiplier;
    int32_t reserved;
} tersor_epilogue;

/* First columns, and channels, of parts are multiples of these. */
#define TERSOR_COLUMNS 192
#define TERSOR_CHANNELS 64

/*
 * Which zeros of the weights cost neither time nor memory. Any weights may be packed with any of these; bf16 and weights
 * with zero points are TERSOR_DENSE only. A product of a weight of 0 and an infinity or NaN may be left out.
 */
typedef int32_t tersor_sparsity;
enum {
    TERSOR_DENSE = 0,     /* none */
    TERSOR_SCATTERED = 1, /* anywhere; of 8-bit types those that make up a group of 4 (AVX2: 2) neighbours in k */
    TERSOR_BLOCKS_16 = 2, /* groups as before (single floats) that are 0 for 16 columns, counted from a multiple of 16 */
    TERSOR_BLOCKS_32 = 3, /* for 32 columns */
    TERSOR_HALVES = 4,    /* all, where no 16 neighbours in k, from a multiple of 16 on, have more than 8 weights of s8:
                             TERSOR_INVALID_ARGUMENT if they have (2:4, 4:8, 1:4 never do); floats as scattered */
    TERSOR_BITMASK = 5,   /* all, for few rows: one bit is read for each; where that cannot be, as blocks of 16 */
    TERSOR_SINGLES = 6    /* anywhere, also of 8-bit types; where that cannot be, as scattered */
};

/*
 * Matrix multiplication: dst [m, n] = src [m, k] * weights [k, n]. src_type with weights_type: u8 or s8 with s8, f32 with
 * f32, bf16 with bf16, and f32 with s8: then each row of src is quantized as it is read. With a the largest magnitude in
 * the row, row_scale = a / 127 and each element becomes x * (127 / a), rounded half to even; a row with a < 2^-100
 * becomes zeros of scale 0, and one with a NaN or an infinity zeros of scale NaN. dst is f32 or bf16 there.
 *
 * Weights are packed once, for one isa and pair of types; m is free.
 */
/* The weights are read unless they are TERSOR_DENSE, and stand as in tersor_gemm_pack. */
TERSOR_API tersor_status tersor_gemm_packed_bytes(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                                  tersor_sparsity sparsity, int64_t k, int64_t n, const void *weights,
                                                  int64_t k_stride, int64_t n_stride, int64_t *bytes);
/*
 * weights (k, n) stands at element k * k_stride + n * n_stride: row-major [k, n] has strides n, 1 and its transpose
 * [n, k] has strides 1, k. weights_zero_points [n], each -128..127, and bias [n] are optional (NULL) for s8 weights, and
 * NULL for others; src_zero_point is 0 unless src_type is u8 or s8. All three end up in an int32 compensation per
 * column: bias - src_zero_point * colsum + k * src_zero_point * weights_zero_point.
 */
TERSOR_API tersor_status tersor_gemm_pack(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                          tersor_sparsity sparsity, int64_t k, int64_t n, const void *weights,
                                          int64_t k_stride, int64_t n_stride, int32_t src_zero_point, const int32_t *weights_zero_points,
                                          const int32_t *bias, void *packed, int64_t packed_bytes);
/*
 * Computes `rows` rows from first_row and of these `columns` columns from first_column, a multiple of TERSOR_COLUMNS, so
 * that threads can share a matrix; src, residual, dst and the epilogue's arrays are those of the whole one.
 *
 * src (m, k) stands at element m * src_row_stride + k * src_column_stride, of which one is 1 and the other at least the
 * extent of the other axis. Where its parameters are known with the call alone, integers have src_scale, any number, and
 * src_zero_point, which adds to the packed one: the epilogue's multiplier[n] is src_scale * multiplier[n] then, and dst
 * f32, bf16 or s32. Otherwise they are 1 and 0. Where `backwards` is not 0 the columns may be walked from the last one to
 * the first, for the same results: runs in either direction by turns find the weights in cache with which the run before
 * ended. residual [m, n], if the epilogue has one, may be dst itself where their types and leading dimensions are the
 * same.
 */
TERSOR_API tersor_status tersor_gemm(const void *packed, int64_t packed_bytes, const tersor_epilogue *epilogue,
                                     int64_t m, int64_t first_row, int64_t rows, int64_t first_column, int64_t columns,
                                     const void *src, int64_t src_row_stride, int64_t src_column_stride,
                                     float src_scale, int32_t src_zero_point, int32_t backwards, const void *residual,
                                     int64_t ld_residual, void *dst, int64_t ld_dst, void *scratch,
                                     int64_t scratch_bytes);

/*
 * What bounds the errors of convolutions of f32. TERSOR_COMPONENTWISE: what is said at the top, each sum by itself.
 * TERSOR_NORMWISE lets those with a 3x3 window, stride 1, no dilation and no groups be computed by Winograd's minimal
 * filtering where that is faster: the error of the sum is at most
 *   a * (ic + 16) * 2^-24 * (sum over channels of max|src| * max|weights|)
 * where the largest src is that of the pixels at most p from the window: a = 64 and p = 1 where tiles of 2x2 outputs are
 * computed, a = 2304 and p = 3 where those of 4x4 are; usually it is less than a hundredth of that. An infinity or a NaN
 * among these pixels may make the sum NaN or infinite, as may values beyond 2^120.
 */
typedef int32_t tersor_accuracy;
enum { TERSOR_COMPONENTWISE = 0, TERSOR_NORMWISE = 1 };

/* A convolution's channels and window; groups divides ic and oc. */
typedef struct tersor_conv2d_geometry {
    int64_t ic, oc, kh, kw, groups;
    int64_t stride_h, stride_w;
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t dilation_h, dilation_w;
} tersor_conv2d_geometry;

/*
 * Convolution of NHWC images: src [n, h, w, ic], weights OIHW [oc, ic / groups, kh, kw], dst [n, oh, ow, oc] with
 *   oh = (h + pad_top + pad_bottom - dilation_h * (kh - 1) - 1) / stride_h + 1, or 0 where the window does not fit,
 * and ow likewise. Padding holds src_zero_point. src_type with weights_type: u8 or s8 with s8, f32 with f32; dst is not
 * bf16. The epilogue's columns are the output channels.
 *
 * k counts the input channels of one group, tap by tap. has_zero_points: whether some weights zero point is not 0. The
 * weights are read unless they are TERSOR_DENSE.
 */
TERSOR_API tersor_status tersor_conv2d_packed_bytes(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                                    tersor_sparsity sparsity, tersor_accuracy accuracy,
                                                    const tersor_conv2d_geometry *geometry, int32_t has_zero_points,
                                                    const void *weights, int64_t *bytes);
/* weights are contiguous; weights_zero_points [oc] and bias [oc] are optional (NULL), and NULL for f32. */
TERSOR_API tersor_status tersor_conv2d_pack(uint32_t isa, tersor_type src_type, tersor_type weights_type,
                                            tersor_sparsity sparsity, tersor_accuracy accuracy,
                                            const tersor_conv2d_geometry *geometry, const void *weights, int32_t src_zero_point,
                                            const int32_t *weights_zero_points, const int32_t *bias, void *packed,
                                            int64_t packed_bytes);
/*
 * Computes `lines` output lines from number first_line of the n * oh, and of these `channels` channels from
 * first_channel, a multiple of TERSOR_CHANNELS, so that threads can share an image; where there are groups, all channels.
 * src, residual and dst are those of all images. residual, of dst's shape, if the epilogue has one, may be dst itself
 * where their types are the same.
 */
TERSOR_API tersor_status tersor_conv2d(const void *packed, int64_t packed_bytes, const tersor_epilogue *epilogue,
                                       int64_t n, int64_t h, int64_t w, int64_t first_line, int64_t lines,
                                       int64_t first_channel, int64_t channels, const void *src, const void *residual,
                                       void *dst, void *scratch, int64_t scratch_bytes);

/* How an operand of attention lies in memory, contiguous. */
typedef int32_t tersor_attention_layout;
enum {
    TERSOR_TOKENS = 0, /* [n, length, heads, size] */
    TERSOR_HEADS = 1   /* [n, heads, length, size] */
};

typedef struct tersor_attention_operand {
    tersor_type type;
    int32_t zero_point;
    tersor_attention_layout layout;
    int32_t reserved;
} tersor_attention_operand;

/* heads is a multiple of kv_heads: head h uses keys and values h / (heads / kv_heads). */
typedef struct tersor_attention_spec {
    int64_t heads, kv_heads, size, value_size;
    tersor_attention_operand q, k, v, dst; /* u8 or s8, dst also f32; or all four f32; f32 with zero_point 0 */
    float score_scale;                     /* from sums of products to scores */
    float probability_scale;               /* 2^-30 or more; of f32 q, k and v 0 */
    float output_scale;                    /* from sums of products to dst */
    int32_t causal;                        /* 1: key j takes part for queries from number j on; 0: for all */
} tersor_attention_spec;

/*
 * Scaled dot-product attention, of bytes with 8-bit probabilities. For query i of a head and its keys and values j:
 *   score[j] = (float) (sum over e of (q[i, e] - zq) * (k[j, e] - zk)) * (score_scale * log2(e))
 *   score[j] = score[j] + mask[i, j] * log2(e)                                             if there is a mask
 *   weight[j] = 2^(score[j] - the largest score); 0 if that exponent is below -100 or NaN, or j does not take part
 *   p[j] = weight[j] * (1 / probability_scale / total), at most 255, rounded half to even; all 0 if total is 0
 *   dst[i, e] = (float) (sum over j of p[j] * (v[j, e] - zv)) * output_scale,
 *               of an 8-bit type then clamped, rounded and moved to its zero point as at the top
 * Sums of integers are exact, modulo 2^32. total is the sum of the weights in 16 parts, of keys with the same j % 16 in
 * the order of j; then halves of these are added until one is left. NaN is no largest score. All else is IEEE single
 * precision in the order given, none fused; the steps of 2^x stand in src/scalar.h.
 *
 * Of floats the weights are not quantized, with score[j] = (sum over e of q[i, e] * k[j, e]) * score_scale + mask[i, j]:
 *   weight[j] = e^(score[j] - the largest score);  dst[i, e] = sum over j of weight[j] * output_scale / total * v[j, e]
 * and all 0 where no key takes part or all scores are -infinity; sums and e^x as accurate as those of tersor_gemm and
 * tersor_softmax. A value of a key without weight may count as 0 times itself.
 */
/* What one call with keys of this length needs. */
TERSOR_API tersor_status tersor_attention_scratch_bytes(uint32_t isa, const tersor_attention_spec *spec,
                                                        int64_t length_k, int64_t *bytes);
/*
 * Computes `count` heads from number first_head of the n * heads, so that threads can share them; q, k, v and dst are
 * those of all. mask, NULL if there is none: element image * mask_image_stride + head * mask_head_stride + query *
 * mask_query_stride + key; strides may be 0.
 */
TERSOR_API tersor_status tersor_attention(uint32_t isa, const tersor_attention_spec *spec, int64_t n, int64_t length_q,
                                          int64_t length_k, int64_t first_head, int64_t count, const void *q,
                                          const void *k, const void *v, const float *mask, int64_t mask_image_stride,
                                          int64_t mask_head_stride, int64_t mask_query_stride, void *dst, void *scratch,
                                          int64_t scratch_bytes);
/* The kernel that runs, e.g. "u8s8_attention_32x16__amx_int8"; static storage. */
TERSOR_API tersor_status tersor_attention_kernel_name(uint32_t isa, const tersor_attention_spec *spec,
                                                      const char **name);

/*
 * Zeroed memory for packed weights, in pages of TERSOR_PAGE_BYTES where the system has such: those who walk through many
 * weights miss fewer address translations then. bytes: a multiple of that; so is the address.
 */
#define TERSOR_PAGE_BYTES (2 * 1024 * 1024)
TERSOR_API tersor_status tersor_pages_map(int64_t bytes, void **address);
/* Gives back all of what tersor_pages_map gave. */
TERSOR_API tersor_status tersor_pages_unmap(void *address, int64_t bytes);

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
/*
 * quantize, and [images, channels, pixels] becomes [images, pixels, channels]: NCHW to NHWC. One scale and zero point for
 * all; dst does not overlap src.
 */
TERSOR_API tersor_status tersor_quantize_nhwc(uint32_t isa, tersor_type dst_type, int64_t images, int64_t channels,
                                              int64_t pixels, const float *src, float scale, int32_t zero_point,
                                              void *dst);
TERSOR_API tersor_status tersor_dequantize(uint32_t isa, tersor_type src_type, int64_t outer, int64_t channels,
                                           int64_t inner, const void *src, const float *scale,
                                           const int32_t *zero_point, float *dst);
TERSOR_API tersor_status tersor_requantize(uint32_t isa, tersor_type src_type, tersor_type dst_type, int64_t outer,
                                           int64_t channels, int64_t inner, const void *src,
                                           const int32_t *src_zero_point, const float *multiplier,
                                           int32_t dst_zero_point, void *dst);

/*
 * dst[i] = table[src[i]] for `count` bytes, of any 8-bit types: any function of single elements. dst is src or does not
 * overlap it; table does not overlap dst.
 */
#define TERSOR_TABLE_BYTES 256
TERSOR_API tersor_status tersor_lookup(uint32_t isa, int64_t count, const void *src, const void *table, void *dst);

/*
 * dst [rows, columns] = a * b, all of 8 bits: r = (float) (a - a_zero_point) * ((float) (b - b_zero_point) * multiplier),
 * then as quantize. a and b stand at element row * row_stride + column * column_stride; row strides are at least 0,
 * column strides 0 or 1, so that an operand may be the same for a whole row, or each row the same. dst is contiguous; it
 * may be an operand that is, too, and does not overlap it otherwise.
 */
TERSOR_API tersor_status tersor_multiply(uint32_t isa, int64_t rows, int64_t columns, tersor_type a_type,
                                         int32_t a_zero_point, int64_t a_row_stride, int64_t a_column_stride,
                                         const void *a, tersor_type b_type, int32_t b_zero_point, int64_t b_row_stride,
                                         int64_t b_column_stride, const void *b, float multiplier, tersor_type dst_type,
                                         int32_t dst_zero_point, void *dst);

/*
 * Normalization of rows [rows, columns], with m the mean of the row where it is centered, otherwise 0:
 * y = (src - m) / sqrt(mean((src - m)^2) + epsilon) * scale + bias, of some f32 operations whose order depends on isa.
 * dst f32: y. dst u8, s8: scale and bias are in units of the levels; y clamped to [min - zero_point, max - zero_point],
 * rounded half to even, plus dst_zero_point; NaN becomes min. scale and bias are [columns], or for f32
 * both NULL: 1 and 0. src may be dst if that is f32.
 */
TERSOR_API tersor_status tersor_layer_norm(uint32_t isa, tersor_type dst_type, int32_t centered, int64_t rows,
                                           int64_t columns, float epsilon, const float *scale, const float *bias,
                                           int32_t dst_zero_point, const float *src, void *dst);

/*
 * Functions of every f32 element x with parameters alpha and beta. The first five are exact: their steps stand in
 * src/scalar.h. Of the others those up to RECIPROCAL are rounded once (HARD_SIGMOID before its bounds); EXP, SIGMOID
 * and ERF have errors of up to 3 units in the last place (those of the smallest normal number where results are
 * smaller), TANH of up to 5, which may differ between isas. NaN stays NaN but for CLIP.
 */
typedef int32_t tersor_map_function;
enum {
    TERSOR_MAP_CLIP = 0,         /* x > alpha ? x : alpha, then below beta likewise; alpha <= beta */
    TERSOR_MAP_GELU = 1,         /* the functions of tersor_function */
    TERSOR_MAP_GELU_TANH = 2,
    TERSOR_MAP_SILU = 3,
    TERSOR_MAP_HARD_SWISH = 4,
    TERSOR_MAP_ABS = 5,          /* |x| */
    TERSOR_MAP_NEG = 6,          /* -x */
    TERSOR_MAP_RELU = 7,         /* 0 for x < 0, else x */
    TERSOR_MAP_LEAKY_RELU = 8,   /* x for x >= 0, else alpha * x */
    TERSOR_MAP_AFFINE = 9,       /* alpha * x + beta */
    TERSOR_MAP_HARD_SIGMOID = 10, /* max(0, min(1, alpha * x + beta)) */
    TERSOR_MAP_SQRT = 11,
    TERSOR_MAP_RECIPROCAL = 12,  /* 1 / x */
    TERSOR_MAP_EXP = 13,         /* e^x */
    TERSOR_MAP_SIGMOID = 14,     /* 1 / (1 + e^-x) */
    TERSOR_MAP_TANH = 15,        /* alpha * tanh(beta * x) */
    TERSOR_MAP_ERF = 16,         /* the error function */
    TERSOR_MAP_FUNCTIONS = 17    /* how many there are */
};
/* `count`, as large as int64 allows; dst may be src. */
TERSOR_API tersor_status tersor_map(uint32_t isa, tersor_map_function function, float alpha, float beta, int64_t count,
                                    const float *src, float *dst);

/*
 * What follows the products in one step of a recurrent layer, for one sequence. With a[g] = x[g] + r[g] for gate g, the
 * products of the input and of the state with their biases, bounded to [-clip, clip] before a function (NaN stays):
 *   RNN                  h = gate(a[0])
 *   GRU, gates z r n     h = (1 - z) * n + z * h with z = gate(a[z]), n = candidate(a[n]), or with reset_after
 *                        n = candidate(x[n] + gate(a[r]) * r[n])
 *   LSTM, gates i o f g  c = f * c + i * candidate(a[g]), h = o * output(c), with i = gate(a[i] + p[i] * c), f likewise
 *                        or 1 - i where coupled, o = gate(a[o] + p[o] * c) of the new c; output has no bounds
 */
enum { TERSOR_RNN = 0, TERSOR_GRU = 1, TERSOR_LSTM = 2 };
typedef struct tersor_recurrent_function {
    tersor_map_function function;
    float alpha, beta;
} tersor_recurrent_function;
typedef struct tersor_recurrent_cell {
    const float *peepholes; /* [3, hidden] of i o f, or NULL */
    int64_t hidden;
    int32_t kind;
    int32_t coupled, reset_after;
    float clip; /* at least 0, infinity for none */
    tersor_recurrent_function gate, candidate, output;
    int32_t reserved;
} tersor_recurrent_cell;
/* From elements x_at, r_at and at on, x and r are [gates, hidden], and h and, of an LSTM, c [hidden] are replaced. */
TERSOR_API tersor_status tersor_recurrent_step(uint32_t isa, const tersor_recurrent_cell *cell, const float *x,
                                               int64_t x_at, const float *r, int64_t r_at, float *h, float *c,
                                               int64_t at);
/* scaled = gate(x + r) * h of a GRU's reset gate alone, all [hidden] from these elements on. */
TERSOR_API tersor_status tersor_recurrent_reset(uint32_t isa, const tersor_recurrent_cell *cell, const float *x,
                                                int64_t x_at, const float *r, int64_t r_at, const float *h,
                                                float *scaled, int64_t at);

/* Operations of two f32 elements, rounded once; comparisons, from EQUAL on, give a byte, 0 or 1. */
typedef int32_t tersor_binary_operation;
enum {
    TERSOR_BINARY_ADD = 0,
    TERSOR_BINARY_SUB = 1,
    TERSOR_BINARY_MUL = 2,
    TERSOR_BINARY_DIV = 3,
    TERSOR_BINARY_MIN = 4, /* NaN if either is; -0 is smaller than 0 */
    TERSOR_BINARY_MAX = 5,
    TERSOR_BINARY_PRELU = 6, /* a < 0 ? b * a : a */
    TERSOR_BINARY_FMOD = 7,  /* a less the multiple of b that leaves less than b of it, with a's sign: exact */
    TERSOR_BINARY_EQUAL = 8,
    TERSOR_BINARY_LESS = 9,
    TERSOR_BINARY_LESS_OR_EQUAL = 10,
    TERSOR_BINARY_OPERATIONS = 11 /* how many there are */
};
/*
 * dst [rows, columns], contiguous: of a (row, column) at element row * a_row_stride + column * a_column_stride, and b
 * likewise. Row strides are not negative, column strides 0 or 1, sizes as large as int64 allows. dst, if f32, may be an
 * operand that lies as it does.
 */
TERSOR_API tersor_status tersor_binary(uint32_t isa, tersor_binary_operation operation, int64_t rows, int64_t columns,
                                       const float *a, int64_t a_row_stride, int64_t a_column_stride, const float *b,
                                       int64_t b_row_stride, int64_t b_column_stride, void *dst);

/* Operations of two integers; comparisons, from EQUAL on, give a byte, 0 or 1. */
typedef int32_t tersor_integer_operation;
enum {
    TERSOR_INTEGER_ADD = 0, /* sums, differences, products and quotients wrap */
    TERSOR_INTEGER_SUB = 1,
    TERSOR_INTEGER_MUL = 2,
    TERSOR_INTEGER_DIV = 3, /* towards 0; 0 where b is */
    TERSOR_INTEGER_MOD = 4, /* what is left by the largest integer not above the quotient; 0 where b is */
    TERSOR_INTEGER_MIN = 5,
    TERSOR_INTEGER_MAX = 6,
    TERSOR_INTEGER_AND = 7,
    TERSOR_INTEGER_OR = 8,
    TERSOR_INTEGER_XOR = 9,
    TERSOR_INTEGER_EQUAL = 10,
    TERSOR_INTEGER_LESS = 11,
    TERSOR_INTEGER_LESS_OR_EQUAL = 12,
    TERSOR_INTEGER_OPERATIONS = 13 /* how many there are */
};
/* As tersor_binary, of s32, s64 and bool, the latter from AND on. */
TERSOR_API tersor_status tersor_integer(uint32_t isa, tersor_integer_operation operation, tersor_type type,
                                        int64_t rows, int64_t columns, const void *a, int64_t a_row_stride,
                                        int64_t a_column_stride, const void *b, int64_t b_row_stride,
                                        int64_t b_column_stride, void *dst);

/*
 * dst [rows, columns], contiguous: of condition (row, column) != 0 the element of a, otherwise that of b, of any bits.
 * Operands lie as in tersor_binary; elements of 1, 2, 4 or 8 bytes, aligned to their size. dst overlaps no operand.
 */
TERSOR_API tersor_status tersor_select(uint32_t isa, int32_t element_bytes, int64_t rows, int64_t columns,
                                       const uint8_t *condition, int64_t condition_row_stride,
                                       int64_t condition_column_stride, const void *a, int64_t a_row_stride,
                                       int64_t a_column_stride, const void *b, int64_t b_row_stride,
                                       int64_t b_column_stride, void *dst);

/*
 * dst [outer, count, inner] of src [outer, extent, inner]: element (o, i, j) is the sum over t of weights [taps, count]
 * (t, i) * src (o, index (t, i), j) in f32, in the order of t. An index below 0 leaves its product out; one that is not
 * below extent is TERSOR_INVALID_ARGUMENT. taps at least 1; dst overlaps nothing.
 */
TERSOR_API tersor_status tersor_interpolate(uint32_t isa, int64_t outer, int64_t extent, int64_t inner, int64_t count,
                                            int64_t taps, const int32_t *index, const float *weights, const float *src,
                                            float *dst);

/* Sums are those of binary64 in an order that depends on isa, rounded once. */
typedef int32_t tersor_reduction;
enum {
    TERSOR_REDUCE_SUM = 0,
    TERSOR_REDUCE_MEAN = 1, /* NaN of nothing */
    TERSOR_REDUCE_MAX = 2,  /* NaN if there is one; -0 is smaller than 0; -infinity of nothing */
    TERSOR_REDUCE_MIN = 3,  /* likewise, infinity */
    TERSOR_REDUCE_L1 = 4,   /* the sum of magnitudes */
    TERSOR_REDUCE_L2 = 5,   /* the square root of the sum of squares */
    TERSOR_REDUCE_SUM_SQUARE = 6
};
/* dst [outer, inner] of src [outer, count, inner] along the middle axis; sizes as large as int64 allows. */
TERSOR_API tersor_status tersor_reduce(uint32_t isa, tersor_reduction kind, int64_t outer, int64_t count, int64_t inner,
                                       const float *src, float *dst);
/* range[0] = the least of src and 0, range[1] = the largest; both NaN if src has a NaN. */
TERSOR_API tersor_status tersor_extremes(uint32_t isa, int64_t count, const float *src, float *range);

/*
 * Rows of f32 as fixed-point numbers, each row with a unit of its own: with 2^e the least power of two above its largest
 * magnitude, unit = 2^(e - 22) and v = src / unit rounded half to even, plus 2^22, whose bytes are levels [3, rows,
 * columns], lowest first. units [rows, 2]: the unit and 0. A row whose magnitudes are below 2^-100 has unit 0 and counts
 * as zeros, one with a NaN or an infinity has unit NaN.
 */
TERSOR_API tersor_status tersor_fixed_point(uint32_t isa, int64_t rows, int64_t columns, const float *src,
                                            uint8_t *levels, float *units);
/*
 * dst [rows, columns] of sums [3, rows, columns], those of the products of the levels with weights whose columns sum up
 * to column_sums: fma(sums[2] - 64 * column_sums, 2^16, fma(sums[1], 2^8, sums[0])) * (unit * scales) + bias, all three
 * [columns]. Computes `count` rows from first_row on.
 */
TERSOR_API tersor_status tersor_from_fixed_point(uint32_t isa, int64_t rows, int64_t columns, int64_t first_row,
                                                 int64_t count, const int32_t *sums, const float *units,
                                                 const int32_t *column_sums, const float *scales, const float *bias,
                                                 float *dst, int64_t ld_dst);

/*
 * dst [outer, count, inner]: the sums along the middle axis of src's elements up to each, which itself is left out if
 * `exclusive`, from the last one on if `reverse`. In binary64, each rounded once. dst may be src.
 */
TERSOR_API tersor_status tersor_cumulate(uint32_t isa, int32_t exclusive, int32_t reverse, int64_t outer, int64_t count,
                                         int64_t inner, const float *src, float *dst);

/*
 * Softmax of rows [rows, columns]: y = e^(x - max) / s with s the sum of e^(x - max), or with `logarithm` x - max -
 * ln(s). Relative errors are below 2^-20 (of the logarithm, those of 1 + |y|); y below the normal numbers may be 0. A
 * row with a NaN or an infinity of its own maximum gives NaN. Sizes as large as int64 allows; dst may be src.
 */
TERSOR_API tersor_status tersor_softmax(uint32_t isa, int32_t logarithm, int64_t rows, int64_t columns,
                                        const float *src,
                                        float *dst);

/*
 * dst = src as another type: f32 and each other type, or two different ones of s32, s64, u8, s8, bool. Integers become
 * f32 rounded half to even, f32 likewise f16 and bf16 (infinite where too large); f32 becomes an integer by truncation,
 * saturated, 0 of NaN. Integers keep their low bits. bool is whether an element is not 0, NaN among these. `count` as
 * large as int64 allows; elements aligned to their size.
 */
TERSOR_API tersor_status tersor_cast(uint32_t isa, tersor_type src_type, tersor_type dst_type, int64_t count,
                                     const void *src, void *dst);

typedef int32_t tersor_pooling;
enum {
    TERSOR_POOL_MAX = 0,
    TERSOR_POOL_AVERAGE = 1,             /* over the taps inside the image */
    TERSOR_POOL_AVERAGE_WITH_PADDING = 2 /* and inside its padding */
};

typedef struct tersor_pool2d_window {
    int32_t kh, kw, stride_h, stride_w, dilation_h, dilation_w; /* at least 1 */
    int32_t pad_top, pad_left, pad_bottom, pad_right;           /* at least 0 */
} tersor_pool2d_window;

/* Of a window that is averaged, at most. */
#define TERSOR_POOL_AVERAGE_TAPS (1 << 23)
/*
 * dst [images, oh, ow, channels] of each window in src [images, h, w, channels], both u8, s8 or f32.
 * maximum:  the largest; where a window reaches beyond the image, nothing is, and where it is empty, the result is the
 *           type's least value (-infinity). NaN if there is one.
 * average:  f32: sum / count, with the error of sums at the top, 0 of nothing; bytes: r = (float) sum of (src -
 *           src_zero_point) * multiplier / count, 0 of nothing, then as quantize. What lies in the padding adds nothing
 *           but to the count of TERSOR_POOL_AVERAGE_WITH_PADDING.
 * Zero points are 0 of f32; these and the multiplier do not count for maxima. Computes `lines` of the images * oh lines
 * of dst from first_line on; dst does not overlap src.
 */
TERSOR_API tersor_status tersor_pool2d(uint32_t isa, tersor_pooling kind, tersor_type type,
                                       const tersor_pool2d_window *window, int64_t images, int64_t h, int64_t w,
                                       int64_t channels, int64_t oh, int64_t ow, int64_t first_line, int64_t lines,
                                       int32_t src_zero_point, float multiplier, int32_t dst_zero_point,
                                       const void *src, void *dst);
/* dst [images, channels] = the mean of src [images, pixels, channels] over the pixels, any number, as averages above. */
TERSOR_API tersor_status tersor_global_average_pool(uint32_t isa, tersor_type type, int64_t images, int64_t pixels,
                                                    int64_t channels, int32_t src_zero_point, float multiplier,
                                                    int32_t dst_zero_point, const void *src, void *dst);

#define TERSOR_MOVE_MAX_RANK 8

typedef struct tersor_move_geometry {
    int32_t element_bytes; /* 1, 2, 4 or 8 */
    int32_t rank;          /* 1 to TERSOR_MOVE_MAX_RANK */
    int64_t dims[TERSOR_MOVE_MAX_RANK];
    int64_t src_strides[TERSOR_MOVE_MAX_RANK]; /* in elements, of any sign */
    int64_t dst_strides[TERSOR_MOVE_MAX_RANK]; /* the last one 1; no two elements at one place */
    int64_t src_offset, dst_offset;            /* of the first element */
} tersor_move_geometry;

/*
 * dst[dst_offset + i . dst_strides] = src[src_offset + i . src_strides] for all indices i of dims, of any bits:
 * transposes, slices, repetitions. Does those whose index along `axis` is first to first + count - 1. Dimensions may be
 * as large as int64 allows; aligned to the element's bytes.
 */
TERSOR_API tersor_status tersor_move(uint32_t isa, const tersor_move_geometry *geometry, int32_t axis, int64_t first,
                                     int64_t count,
                                     int64_t src_elements, const void *src, int64_t dst_elements, void *dst);

#ifdef __cplusplus
}
#endif

#endif
