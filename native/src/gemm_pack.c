#include "gemm_pack.h"

#include "check.h"
#include "compiler.h"

tersor_status gemm_panels_bytes(const gemm_kernel *kernel, int64_t k, int64_t n, int64_t *bytes) {
    const int64_t elements = gemm_padded_k(kernel, k) * gemm_padded_n(kernel, n); /* below 2^63 */
    int64_t total;
    if (__builtin_mul_overflow(elements, (int64_t) kernel->src_bytes, &total) || total > PTRDIFF_MAX / 2) {
        return TERSOR_INVALID_SIZE;
    }
    *bytes = round_up(total, TERSOR_ALIGNMENT);
    return TERSOR_OK;
}

int64_t gemm_columns_bytes(const gemm_kernel *kernel, int64_t n) {
    return round_up(gemm_padded_n(kernel, n) * 4, TERSOR_ALIGNMENT);
}

tersor_status gemm_check_weights(const gemm_kernel *kernel, const weights_view *w) {
    RETURN_IF_ERROR(check_dimension(w->k_stride));
    RETURN_IF_ERROR(check_dimension(w->n_stride));
    if (w->k == 0 || w->n == 0) {
        return TERSOR_OK;
    }
    /* Each product is below 2^62. */
    int64_t bytes = (w->k - 1) * w->k_stride + 1;
    if (__builtin_add_overflow(bytes, (w->n - 1) * w->n_stride, &bytes) ||
        __builtin_mul_overflow(bytes, (int64_t) kernel->src_bytes, &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(w->data, bytes, (size_t) kernel->src_bytes);
}

tersor_status gemm_check_quantization(const quantization *q, int64_t n, bool *has_zero_points) {
    *has_zero_points = false;
    if (q->bias != NULL) {
        RETURN_IF_ERROR(check_vector(q->bias, n, 4));
    }
    const int32_t *zero_points = q->weights_zero_points;
    if (zero_points == NULL) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(check_vector(zero_points, n, 4));
    for (int64_t j = 0; j < n; j++) {
        RETURN_IF_ERROR(check_zero_point(TERSOR_S8, zero_points[j]));
        *has_zero_points |= zero_points[j] != 0;
    }
    return TERSOR_OK;
}

#define PACK(name, type)                                                                                               \
    static void pack_##name(const gemm_kernel *kernel, const weights_view *w, type *panels, int64_t panel_bytes) {     \
        const type *from = w->data;                                                                                    \
        const int64_t padded_k = gemm_padded_k(kernel, w->k);                                                          \
        const int64_t group = kernel->group;                                                                           \
        for (int64_t panel = 0; panel < w->n; panel += kernel->columns) {                                              \
            type *to = row_of(panels, panel / kernel->columns, panel_bytes);                                           \
            const int64_t columns = min_s64(kernel->columns, w->n - panel);                                            \
            for (int64_t k = 0; k < padded_k; k += group, to += group * kernel->columns) {                             \
                for (int64_t i = 0; i < group; i++) {                                                                  \
                    const bool inside = k + i < w->k;                                                                  \
                    const int64_t offset = inside ? weights_offset(w, k + i) : 0;                                      \
                    if (inside && group == 1 && w->n_stride == 1 && columns == kernel->columns) {                      \
                        memcpy(to, from + offset + panel, (size_t) columns * sizeof *to);                              \
                        continue;                                                                                      \
                    }                                                                                                  \
                    for (int64_t j = 0; j < kernel->columns; j++) {                                                    \
                        to[j * group + i] = inside && j < columns ? from[offset + (panel + j) * w->n_stride] : 0;      \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

PACK(s8, int8_t)
PACK(bf16, uint16_t)
PACK(f32, float)

void gemm_pack_panels(const gemm_kernel *kernel, const weights_view *weights, void *panels, int64_t panel_bytes) {
    switch (kernel->src_bytes) {
    case 1:
        pack_s8(kernel, weights, panels, panel_bytes);
        break;
    case 2:
        pack_bf16(kernel, weights, panels, panel_bytes);
        break;
    default:
        pack_f32(kernel, weights, panels, panel_bytes);
        break;
    }
}

void gemm_pack_columns(const gemm_kernel *kernel, const weights_view *weights, const quantization *q,
                       int32_t *compensation, int32_t *zero_points, int32_t *column_sums) {
    const int8_t *w = weights->data;
    const int64_t bytes = gemm_columns_bytes(kernel, weights->n);
    memset(compensation, 0, (size_t) bytes);
    memset(zero_points, 0, (size_t) bytes);
    if (column_sums != NULL) {
        memset(column_sums, 0, (size_t) bytes);
    }
    for (int64_t k = 0; k < weights->k; k++) {
        const int64_t offset = weights_offset(weights, k);
        for (int64_t j = 0; j < weights->n; j++) {
            compensation[j] = (int32_t) ((uint32_t) compensation[j] + (uint32_t) w[offset + j * weights->n_stride]);
        }
    }
    /* A kernel that reads src + shift sees a source zero point that is larger by the shift. */
    const uint32_t src_zero_point = (uint32_t) (q->src_zero_point + kernel->src_shift);
    for (int64_t j = 0; j < weights->n; j++) {
        if (q->weights_zero_points != NULL) {
            zero_points[j] = q->weights_zero_points[j];
        }
        const uint32_t centred = (uint32_t) compensation[j] - (uint32_t) weights->k * (uint32_t) zero_points[j];
        const uint32_t bias = q->bias == NULL ? 0 : (uint32_t) q->bias[j];
        compensation[j] = (int32_t) (bias - src_zero_point * centred);
        if (column_sums != NULL) {
            column_sums[j] = (int32_t) centred;
        }
    }
}
