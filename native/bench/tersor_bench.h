/*
 * libtersor-bench: what libtersor is measured against. oneDNN's matrix multiplication and convolution called from C,
 * and the limits of this machine on one core: arithmetic on registers alone, and a plain read of memory.
 *
 * Every function returns a status and never aborts. Unlike libtersor it allocates: a product is owned by its caller,
 * and serves one thread at a time.
 */
#ifndef TERSOR_BENCH_H
#define TERSOR_BENCH_H

#include <stdint.h>

#include "tersor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Statuses besides those of tersor.h. */
enum {
    TERSOR_BENCH_OUT_OF_MEMORY = 100,
    TERSOR_BENCH_NO_LIBRARY = 101, /* cannot be opened, or has not oneDNN's functions */
    TERSOR_BENCH_NO_KERNEL = 102,  /* oneDNN has no implementation of the product */
    TERSOR_BENCH_ONEDNN = 1000     /* plus oneDNN's own status */
};

/* Returns a constant text, "oneDNN failed" for all of oneDNN's statuses. */
TERSOR_API const char *tersor_bench_status_name(tersor_status status);

/* ---- oneDNN */

typedef struct tersor_bench_product tersor_bench_product;

/* Operations, and what extents they have. */
enum {
    TERSOR_BENCH_GEMM = 0, /* m, k, n */
    TERSOR_BENCH_CONV = 1  /* ic, ih, iw, oc, kh, kw, stride, pad, dilation, groups */
};

/*
 * Prepares a product as one primitive with packed weights: each sum of (src - src_zero_point) * weights becomes
 * max(sum * scales[channel] + bias[channel], 0 if relu) + dst_zero_point. All operands are contiguous.
 *
 *   library    oneDNN's file; where this process has it loaded already, that copy serves
 *   threads    for preparation and runs
 *   types      of src, weights and dst, codes of oneDNN's dnnl_data_type_t: bf16 2, f32 3, s32 4, s8 5, u8 6
 *   src, dst   [m, k] and [m, n]; images [ih, iw, ic] and [oh, ow, oc]. Read and written by each run, so they must
 *              outlive the product
 *   weights    [k, n]; [oc, ic / groups, kh, kw]. Read now, packed `copies` times, and the runs take the copies in turn
 *   scales     one for each channel, which n or oc counts, or NULL; bias likewise
 */
TERSOR_API tersor_status tersor_bench_product_create(const char *library, int32_t threads, int32_t operation,
                                                     const int64_t *extents, const int32_t *types, const void *src,
                                                     const void *weights, void *dst, const float *scales,
                                                     const float *bias, int32_t src_zero_point, int32_t dst_zero_point,
                                                     int32_t relu, int32_t copies, tersor_bench_product **product);

/* oneDNN's name of the implementation, valid until the product is destroyed. */
TERSOR_API const char *tersor_bench_product_kernel(const tersor_bench_product *product);

/* Takes `samples` times of `runs` runs each; nanos[samples] gets the time of each sample. */
TERSOR_API tersor_status tersor_bench_product_run(tersor_bench_product *product, int64_t samples, int64_t runs,
                                                  int64_t *nanos);

/* Frees the product; NULL is none. */
TERSOR_API void tersor_bench_product_destroy(tersor_bench_product *product);

/* ---- limits of the machine */

/*
 * The name of a limit, from 0 to the first NULL, compiled in or not: amx_int8, avx512_vnni, ... . One operation is a
 * multiplication or an addition.
 */
TERSOR_API const char *tersor_bench_limit_name(int32_t limit);

/* The rate of the fastest of several passes on registers alone; TERSOR_UNSUPPORTED_ISA where there is none. */
TERSOR_API tersor_status tersor_bench_limit_rate(int32_t limit, int64_t nanos, double *operations_per_second);

/*
 * The rate of the fastest pass that reads a buffer from start to end, in the widest registers there are.
 *
 *   bytes   a positive multiple of TERSOR_BENCH_READ_BLOCK
 */
enum { TERSOR_BENCH_READ_BLOCK = 512 };
TERSOR_API tersor_status tersor_bench_read_rate(const void *buffer, int64_t bytes, int64_t nanos,
                                                double *bytes_per_second);

/* Bytes of the last-level cache, 0 if the system does not tell. */
TERSOR_API int64_t tersor_bench_cache_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
