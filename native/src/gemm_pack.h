/* Weights of one matrix in the order in which tiles read them. */
#ifndef TERSOR_GEMM_PACK_H
#define TERSOR_GEMM_PACK_H

#include "gemm.h"

/*
 * Where the weights stand, in elements: (k, n) at (k / k_run) * k_stride + (k % k_run) * run_stride + n * n_stride.
 * A plain matrix has k_run 1; a convolution runs through the input channels of one tap after the other.
 */
typedef struct weights_view {
    const void *data;
    int64_t k, n;
    int64_t k_run, k_stride, run_stride, n_stride;
} weights_view;

static inline int64_t weights_offset(const weights_view *w, int64_t k) {
    return k / w->k_run * w->k_stride + k % w->k_run * w->run_stride;
}

typedef struct quantization {
    int32_t src_zero_point;
    const int32_t *weights_zero_points; /* [n] or NULL */
    const int32_t *bias;                /* [n] or NULL */
} quantization;

/* Multiples of TERSOR_ALIGNMENT: of the panels, and of one array of int32 per column. */
tersor_status gemm_panels_bytes(const gemm_kernel *kernel, int64_t k, int64_t n, int64_t *bytes);
int64_t gemm_columns_bytes(const gemm_kernel *kernel, int64_t n);

/* The range of the weights, when k_run is 1. */
tersor_status gemm_check_weights(const gemm_kernel *kernel, const weights_view *weights);

/* TERSOR_INVALID_ARGUMENT for a weights zero point outside s8. */
tersor_status gemm_check_quantization(const quantization *q, int64_t n, bool *has_zero_points);

/* panel_bytes: from one panel to the next, at least those of the padded k. */
void gemm_pack_panels(const gemm_kernel *kernel, const weights_view *weights, void *panels, int64_t panel_bytes);

/*
 * All [n] padded with zeros to whole panels; column_sums, of the weights less their zero points, NULL where nobody needs
 * them.
 */
void gemm_pack_columns(const gemm_kernel *kernel, const weights_view *weights, const quantization *q,
                       int32_t *compensation, int32_t *zero_points, int32_t *column_sums);

#endif
