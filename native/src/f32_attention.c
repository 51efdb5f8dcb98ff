#include "f32_attention.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "compiler.h"
#include "gemm_pack.h"
#include "scattered.h"

enum { ROWS = 48 }; /* queries that are worked on together, of whole tiles: their scores and a panel stay in L1 and L2 */

/* Offsets into scratch, in bytes. */
typedef struct layout {
    int64_t keys, values, scores, gemm, bytes;
    int64_t scores_stride; /* bytes */
} layout;

static int64_t panel_bytes(const gemm_kernel *kernel, int64_t k) {
    return gemm_padded_k(kernel, k) * kernel->columns * 4;
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static tersor_status lay_out(const isa_kernels *kernels, const tersor_attention_spec *spec, int64_t length_k,
                             layout *l) {
    const gemm_kernel *kernel = kernels->f32_gemm;
    int64_t keys, values;
    RETURN_IF_ERROR(gemm_panels_bytes(kernel, spec->size, length_k, &keys));
    RETURN_IF_ERROR(gemm_panels_bytes(kernel, length_k, spec->value_size, &values));
    if (keys > PTRDIFF_MAX / 8 || values > PTRDIFF_MAX / 8) {
        return TERSOR_INVALID_SIZE;
    }
    l->scores_stride = gemm_row_stride(gemm_padded_n(kernel, length_k) * 4);
    l->keys = 0;
    l->values = keys;
    l->scores = l->values + values;
    l->gemm = l->scores + round_up(l->scores_stride * ROWS, TERSOR_ALIGNMENT);
    l->bytes = l->gemm + larger(gemm_scratch_bytes(kernel, spec->size, 0), gemm_scratch_bytes(kernel, length_k, 0));
    return TERSOR_OK;
}

tersor_status f32_attention_scratch_bytes(const isa_kernels *kernels, const tersor_attention_spec *spec,
                                          int64_t length_k, int64_t *bytes) {
    layout l;
    RETURN_IF_ERROR(lay_out(kernels, spec, length_k, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

/* Keys are the columns of the right operand; those of its last panel that are none repeat the last key. */
static void pack_keys(const f32_attention *a, const layout *l, const float *keys, int64_t stride) {
    const gemm_kernel *kernel = a->kernels->f32_gemm;
    const scattered_kernel *by = a->kernels->f32_sparse->scattered->scattered;
    const int64_t size = a->spec->size, pitch = kernel->columns * 4, bytes = panel_bytes(kernel, size);
    for (int64_t first = 0; first < gemm_padded_n(kernel, a->length_k); first += by->lanes) {
        const char *rows[MAX_TILE_COLUMNS];
        for (int64_t i = 0; i < by->lanes; i++) {
            rows[i] = (const char *) (keys + min_s64(first + i, a->length_k - 1) * stride);
        }
        char *panel = (char *) a->scratch + l->keys + first / kernel->columns * bytes;
        by->turn(rows, size, panel + first % kernel->columns * 4, pitch);
        if (first % kernel->columns == 0) {
            memset(panel + size * pitch, 0, (size_t) (bytes - size * pitch));
        }
    }
}

static void pack_values(const f32_attention *a, const layout *l, const float *values, int64_t stride) {
    const gemm_kernel *kernel = a->kernels->f32_gemm;
    const weights_view view = {.data = values,
                               .k = a->length_k,
                               .n = a->spec->value_size,
                               .k_run = 1,
                               .k_stride = stride,
                               .n_stride = 1};
    gemm_pack_panels(kernel, &view, (char *) a->scratch + l->values, panel_bytes(kernel, a->length_k));
}

/* dst [m, n] = src [m, k] * panels, all rows so many bytes apart. */
static void multiply(const f32_attention *a, const layout *l, int64_t m, int64_t k, int64_t n, const void *src,
                     int64_t src_stride, const void *panels, void *dst, int64_t dst_stride) {
    const epilogue e = {.dst_type = TERSOR_F32, .lo = -INFINITY, .hi = INFINITY, .output_scale = 1};
    const gemm_operands operands = {
        .m = m,
        .k = k,
        .n = n,
        .src = {.data = src, .row_stride = src_stride, .column_stride = 4, .element_bytes = 4},
        .weights = {.panels = panels},
        .e = &e,
        .store = epilogue_select(a->kernels->epilogue, false, TERSOR_F32),
        .dst = dst,
        .dst_stride = dst_stride,
    };
    gemm_run(a->kernels->f32_gemm, &operands, (char *) a->scratch + l->gemm);
}

/* A row's scores become weights that sum to output_scale; those of keys from `taken` on 0, all if none has a score. */
static void weigh(const f32_attention *a, const float *mask, int64_t taken, float *row) {
    const real_functions *real = a->kernels->real;
    if (a->spec->score_scale != 1.0f) {
        real->map[TERSOR_MAP_AFFINE](row, taken, a->spec->score_scale, 0, row);
    }
    if (mask != NULL) {
        real->binary[TERSOR_BINARY_ADD](row, 1, mask, 1, taken, row);
    }
    if (taken == 0 || real->rows.max(row, taken) == -INFINITY) {
        taken = 0;
    } else {
        real->softmax(row, 1, taken, row);
        if (a->spec->output_scale != 1.0f) {
            real->map[TERSOR_MAP_AFFINE](row, taken, a->spec->output_scale, 0, row);
        }
    }
    memset(row + taken, 0, (size_t) (a->length_k - taken) * 4);
}

/* Queries [first, first + rows) of a head. */
static void attend(const f32_attention *a, const layout *l, const float *mask, int64_t first, int64_t rows,
                   const float *q, int64_t q_stride, float *dst, int64_t dst_stride) {
    const tersor_attention_spec *s = a->spec;
    const gemm_kernel *kernel = a->kernels->f32_gemm;
    char *scores = (char *) a->scratch + l->scores;
    const char *values = (const char *) a->scratch + l->values;
    /* Keys that no query of the block takes part with are left out. */
    const int64_t keys = s->causal ? min_s64(a->length_k, first + rows) : a->length_k;
    multiply(a, l, rows, s->size, gemm_padded_n(kernel, keys), q + first * q_stride, q_stride * 4,
             (const char *) a->scratch + l->keys, scores, l->scores_stride);
    for (int64_t i = 0; i < rows; i++) {
        const float *row_mask = mask == NULL ? NULL : mask + (first + i) * a->mask_query_stride;
        weigh(a, row_mask, s->causal ? min_s64(a->length_k, first + i + 1) : a->length_k,
              row_of(scores, i, l->scores_stride));
    }
    float *to = dst + first * dst_stride;
    if (keys == a->length_k) {
        multiply(a, l, rows, keys, s->value_size, scores, l->scores_stride, values, to, dst_stride * 4);
        return;
    }
    for (int64_t column = 0; column < s->value_size; column += kernel->columns) {
        multiply(a, l, rows, keys, min_s64(kernel->columns, s->value_size - column), scores, l->scores_stride,
                 values + column / kernel->columns * panel_bytes(kernel, a->length_k), to + column, dst_stride * 4);
    }
}

void f32_attention_heads(const f32_attention *a, int64_t first_head, int64_t count) {
    const tersor_attention_spec *s = a->spec;
    layout l;
    if (lay_out(a->kernels, s, a->length_k, &l) != TERSOR_OK) {
        return; /* the caller has checked it */
    }
    const int64_t q_stride = attention_stride(&s->q, s->heads, s->size);
    const int64_t dst_stride = attention_stride(&s->dst, s->heads, s->value_size);
    int64_t packed = -1;
    for (int64_t index = first_head; index < first_head + count; index++) {
        const int64_t image = index / s->heads, head = index % s->heads, group = head / (s->heads / s->kv_heads);
        const float *mask =
            a->mask == NULL ? NULL : a->mask + image * a->mask_image_stride + head * a->mask_head_stride;
        if (image * s->kv_heads + group != packed) {
            packed = image * s->kv_heads + group;
            pack_keys(a, &l, a->k + attention_first(&s->k, image, group, s->kv_heads, s->size, a->length_k),
                      attention_stride(&s->k, s->kv_heads, s->size));
            pack_values(a, &l, a->v + attention_first(&s->v, image, group, s->kv_heads, s->value_size, a->length_k),
                        attention_stride(&s->v, s->kv_heads, s->value_size));
        }
        const float *q = a->q + attention_first(&s->q, image, head, s->heads, s->size, a->length_q);
        float *dst = a->dst + attention_first(&s->dst, image, head, s->heads, s->value_size, a->length_q);
        for (int64_t first = 0; first < a->length_q; first += ROWS) {
            attend(a, &l, mask, first, min_s64(ROWS, a->length_q - first), q, q_stride, dst, dst_stride);
        }
    }
}
