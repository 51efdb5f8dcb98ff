/*
 * libtersor-bench: what libtersor is measured against. oneDNN's matrix multiplication called from C, and the limits of
 * this machine on one core: arithmetic on registers alone, and a plain read of memory.
 *
 * Every function returns a status and never aborts. Unlike libtersor it allocates: a gemm is owned by its caller, and
 * serves one thread at a time.
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
    TERSOR_BENCH_NO_KERNEL = 102,  /* oneDNN has no implementation of the multiplication */
    TERSOR_BENCH_ONEDNN = 1000     /* plus oneDNN's own status */
};

/* Returns a constant text, "oneDNN failed" for all of oneDNN's statuses. */
TERSOR_API const char *tersor_bench_status_name(tersor_status status);

/* ---- oneDNN */

typedef struct tersor_bench_gemm tersor_bench_gemm;

/*
 * Prepares dst[m, n] = post(sum over k of (src[m, k] - src_zero_point) * weights[k, n]), row-major and contiguous, with
 * post(acc) = max(acc * scales[n] + bias[n], 0 if relu) + dst_zero_point, as one primitive with packed weights.
 *
 *   library    oneDNN's file; where this process has it loaded already, that copy serves
 *   threads    for preparation and runs
 *   *_type     codes of oneDNN's dnnl_data_type_t: bf16 2, f32 3, s32 4, s8 5, u8 6
 *   src, dst   read and written by each run, so they must outlive the gemm
 *   weights    read now; packed `copies` times, and the runs take the copies in turn
 *   scales     n values or NULL; bias likewise
 */
TERSOR_API tersor_status tersor_bench_gemm_create(const char *library, int32_t threads, int64_t m, int64_t k, int64_t n,
                                                  int32_t src_type, int32_t weights_type, int32_t dst_type,
                                                  const void *src, const void *weights, void *dst, const float *scales,
                                                  const float *bias, int32_t src_zero_point, int32_t dst_zero_point,
                                                  int32_t relu, int32_t copies, tersor_bench_gemm **gemm);

/* oneDNN's name of the implementation, valid until the gemm is destroyed. */
TERSOR_API const char *tersor_bench_gemm_kernel(const tersor_bench_gemm *gemm);

/* Takes `samples` times of `runs` runs each; nanos[samples] gets the time of each sample. */
TERSOR_API tersor_status tersor_bench_gemm_run(tersor_bench_gemm *gemm, int64_t samples, int64_t runs, int64_t *nanos);

/* Frees the gemm; NULL is none. */
TERSOR_API void tersor_bench_gemm_destroy(tersor_bench_gemm *gemm);

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
