#include "sparse_pack.h"

#include "check.h"
#include "compiler.h"
#include "scattered.h"

int64_t sparse_listed_bytes(int64_t count) {
    return round_up(STEP_LIST_HEAD + count * 4, TERSOR_ALIGNMENT);
}

int64_t sparse_steps(const gemm_kernel *kernel, int64_t runs, int64_t run_length) {
    return runs * (gemm_padded_k(kernel, run_length) / kernel->step);
}

int64_t sparse_panels(const gemm_kernel *kernel, int64_t n) {
    return gemm_padded_n(kernel, n) / kernel->columns;
}

int64_t sparse_table_bytes(int64_t panels) {
    return round_up(panels * (int64_t) sizeof(int64_t), TERSOR_ALIGNMENT);
}

/* Element i of a k step in one column, or NULL where the run has ended. */
static const char *element(const gemm_kernel *kernel, const sparse_weights *w, int64_t step, int64_t i, int64_t column) {
    const int64_t run_steps = gemm_padded_k(kernel, w->run_length) / kernel->step;
    const int64_t within = step % run_steps * kernel->step + i;
    if (within >= w->run_length) {
        return NULL;
    }
    const int64_t k = step / run_steps * w->run_length + within;
    return const_row_of(w->view->data, weights_offset(w->view, k) + column * w->view->n_stride, kernel->src_bytes);
}

static bool is_zero(const gemm_kernel *kernel, const char *weight) {
    return kernel->src_bytes == 1 ? *weight == 0 : load_f32(weight) == 0.0f;
}

/* Whether one of `columns` columns has a weight in this step. */
static bool has_weight(const gemm_kernel *kernel, const sparse_weights *w, int64_t step, int64_t column,
                       int64_t columns) {
    for (int64_t i = 0; i < kernel->step; i++) {
        const char *weight = element(kernel, w, step, i, column);
        if (weight == NULL) {
            break;
        }
        for (int64_t j = 0; j < columns; j++) {
            if (!is_zero(kernel, weight + j * w->view->n_stride * kernel->src_bytes)) {
                return true;
            }
        }
    }
    return false;
}

/* A step of one column as elements of src_bytes, padded with zeros. */
static void copy_step(const gemm_kernel *kernel, const sparse_weights *w, int64_t step, int64_t column, char *to) {
    for (int64_t i = 0; i < kernel->step; i++) {
        const char *weight = element(kernel, w, step, i, column);
        if (weight == NULL) {
            memset(to + i * kernel->src_bytes, 0, (size_t) kernel->src_bytes);
        } else {
            memcpy(to + i * kernel->src_bytes, weight, (size_t) kernel->src_bytes);
        }
    }
}

/* The same as one word that the kernel multiplies a word of a row with. */
static uint32_t step_word(const gemm_kernel *kernel, const sparse_weights *w, int64_t step, int64_t column) {
    char bytes[4];
    uint32_t word;
    copy_step(kernel, w, step, column, bytes);
    if (kernel->row_bytes == 2) {
        const int16_t wide[2] = {(int8_t) bytes[0], (int8_t) bytes[1]};
        memcpy(&word, wide, 4);
    } else {
        memcpy(&word, bytes, 4);
    }
    return word;
}

/* Steps of a panel, also into `list` if there is one. */
static int64_t list_steps(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                          int32_t *list) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    const bool incomplete = kernel->form == PANEL_STEPS && w->runs == 1 && w->run_length % kernel->step != 0;
    int64_t count = 0;
    for (int64_t s = 0; s < steps; s++) {
        if ((incomplete && s == steps - 1) || has_weight(kernel, w, s, column, columns)) {
            if (list != NULL) {
                list[count] = (int32_t) s;
            }
            count++;
        }
    }
    return count;
}

/* Each of these writes a panel, unless `to` is NULL, and returns its bytes. */

static int64_t pack_steps(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns, char *to) {
    int32_t *list = to == NULL ? NULL : (int32_t *) (void *) (to + STEP_LIST_HEAD);
    const int64_t count = list_steps(kernel, w, column, columns, list);
    const int64_t step_bytes = (int64_t) kernel->columns * kernel->step * kernel->src_bytes;
    if (to != NULL) {
        memcpy(to, &count, sizeof count);
        char *weights = to + sparse_listed_bytes(count);
        for (int64_t s = 0; s < count; s++, weights += step_bytes) {
            memset(weights, 0, (size_t) step_bytes);
            for (int64_t j = 0; j < columns; j++) {
                copy_step(kernel, w, list[s], column + j, weights + j * kernel->step * kernel->src_bytes);
            }
        }
    }
    return sparse_listed_bytes(count) + count * step_bytes;
}

static int64_t pack_scattered(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                              char *to) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    uint32_t *starts = (uint32_t *) (void *) to;
    scattered_entry *entries = to == NULL ? NULL : row_of(to, 1, SCATTERED_HEAD_BYTES);
    int64_t count = 0;
    for (int64_t j = 0; j < kernel->columns; j++) {
        if (to != NULL) {
            starts[j] = (uint32_t) count;
        }
        for (int64_t s = 0; j < columns && s < steps; s++) {
            if (has_weight(kernel, w, s, column + j, 1)) {
                if (to != NULL) {
                    entries[count] = (scattered_entry){(uint32_t) s, step_word(kernel, w, s, column + j)};
                }
                count++;
            }
        }
    }
    if (to != NULL) {
        starts[kernel->columns] = (uint32_t) count;
    }
    return SCATTERED_HEAD_BYTES + count * (int64_t) sizeof(scattered_entry);
}

static int64_t pack_gathered(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                             char *to) {
    int32_t *list = to == NULL ? NULL : (int32_t *) (void *) (to + STEP_LIST_HEAD);
    const int64_t listed = list_steps(kernel, w, column, columns, list);
    const int64_t count = round_up(listed, GATHERED_STEPS);
    const int64_t column_bytes = GATHERED_STEPS * 4;
    if (to != NULL) {
        memcpy(to, &count, sizeof count);
        char *weights = to + sparse_listed_bytes(count);
        memset(weights, 0, (size_t) (count * kernel->columns * 4));
        for (int64_t s = 0; s < count; s++) {
            if (s >= listed) {
                list[s] = list[listed - 1];
                continue;
            }
            char *block = weights + s / GATHERED_STEPS * kernel->columns * column_bytes + s % GATHERED_STEPS * 4;
            for (int64_t j = 0; j < columns; j++) {
                copy_step(kernel, w, list[s], column + j, block + j * column_bytes);
            }
        }
    }
    return sparse_listed_bytes(count) + count * kernel->columns * 4;
}

static int64_t pack_panel(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, char *to) {
    const int64_t columns = min_s64(kernel->columns, w->view->n - column);
    switch (kernel->form) {
    case PANEL_SCATTERED:
        return round_up(pack_scattered(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
    case PANEL_GATHERED:
        return round_up(pack_gathered(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
    default:
        return round_up(pack_steps(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
    }
}

tersor_status sparse_panels_bytes(const gemm_kernel *kernel, const sparse_weights *w, int64_t *bytes) {
    *bytes = 0;
    /* Numbers of steps are int32, and starts in a scattered panel uint32. */
    if (sparse_steps(kernel, w->runs, w->run_length) > MAX_DIMENSION / SCATTERED_COLUMNS) {
        return TERSOR_INVALID_SIZE;
    }
    for (int64_t column = 0; column < w->view->n; column += kernel->columns) {
        if (__builtin_add_overflow(*bytes, pack_panel(kernel, w, column, NULL), bytes)) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return TERSOR_OK;
}

char *sparse_pack_panels(const gemm_kernel *kernel, const sparse_weights *w, const char *base, int64_t *table, char *to) {
    for (int64_t column = 0; column < w->view->n; column += kernel->columns) {
        *table++ = to - base;
        to += pack_panel(kernel, w, column, to);
    }
    return to;
}
