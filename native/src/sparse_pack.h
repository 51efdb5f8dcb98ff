/*
 * Panels of weights with zeros. A k step of a panel is the elements that one step of the kernel multiplies; steps count
 * through the runs of k, each run padded to whole steps. In front of the panels stands where each of them lies:
 *
 *   int64 offset[panels]                       bytes from here, multiples of TERSOR_ALIGNMENT
 *
 *   PANEL_STEPS:      int64 count; int32 step[count]; then, aligned, [count][column][group] elements
 *   PANEL_HALVES:     int64 count; int32 step[count]; then, aligned, for each step, of 16 elements, [2][column][4] weights,
 *                     and [column][4] bytes: which element of the 16 each is multiplied with, of the first four in the
 *                     low, of the other four in the high bits
 *   PANEL_BITMASK:    int64 count, all steps; then, aligned, for each step two masks of 64 bits, [column][4], and behind
 *                     them all the weights that have a bit; 64 bytes more may be read
 *   PANEL_SCATTERED, PANEL_SINGLES: see scattered.h
 *   PANEL_GATHERED:   int64 count, a multiple of 16; int32 step[count]; then, aligned, [count / 16][column][16][4] bytes;
 *                     the last steps may repeat one with weights of zero
 *
 * Steps without a weight are left out; but if the last one is incomplete, it is always there.
 */
#ifndef TERSOR_SPARSE_PACK_H
#define TERSOR_SPARSE_PACK_H

#include "gemm_pack.h"
#include "tersor.h"

/* Weights whose k is made of runs. */
typedef struct sparse_weights {
    const weights_view *view;
    int64_t runs, run_length;
} sparse_weights;

enum {
    STEP_LIST_HEAD = 8,
    GATHERED_STEPS = 16,
    HALF = 16,            /* k of a step of PANEL_HALVES */
    HALVES_COLUMNS = 32,
    BITMASK_COLUMNS = 32,
    BITMASK_SLACK = 64    /* behind the values */
};

/* Where the weights of a panel with `count` listed steps start. */
int64_t sparse_listed_bytes(int64_t count);

/* k steps of the padded runs. */
int64_t sparse_steps(const gemm_kernel *kernel, int64_t runs, int64_t run_length);

int64_t sparse_panels(const gemm_kernel *kernel, int64_t n);
int64_t sparse_table_bytes(int64_t panels);

/* Bytes of all panels; TERSOR_INVALID_SIZE if they are too many, TERSOR_INVALID_ARGUMENT if the form does not allow the
 * weights. */
tersor_status sparse_panels_bytes(const gemm_kernel *kernel, const sparse_weights *w, int64_t *bytes);

/* Writes the panels to `to`, and their offsets from `base` into the table; returns the end. */
char *sparse_pack_panels(const gemm_kernel *kernel, const sparse_weights *w, const char *base, int64_t *table, char *to);

/* A panel of PANEL_SCATTERED or PANEL_SINGLES to `to` unless that is NULL; returns its bytes. */
int64_t scattered_pack(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns, char *to);

#endif
