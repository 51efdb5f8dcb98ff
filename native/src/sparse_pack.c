#include "sparse_pack.h"

#include "check.h"
#include "compiler.h"
#include "scattered.h"
#include "step_reader.h"

int64_t sparse_listed_bytes(int64_t count) {
    return round_up(STEP_LIST_HEAD + count * 4, TERSOR_ALIGNMENT);
}

int64_t sparse_steps(const gemm_kernel *kernel, int64_t runs, int64_t run_length) {
    return runs * gemm_steps(kernel, run_length);
}

int64_t sparse_panels(const gemm_kernel *kernel, int64_t n) {
    return gemm_padded_n(kernel, n) / kernel->columns;
}

int64_t sparse_table_bytes(int64_t panels) {
    return round_up(panels * (int64_t) sizeof(int64_t), TERSOR_ALIGNMENT);
}

/* Steps of a panel, also into `list` if there is one. */
static int64_t list_steps(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                          int32_t *list) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    const bool incomplete = kernel->form != PANEL_GATHERED && w->runs == 1 && w->run_length % kernel->step != 0;
    const char *from = step_column(kernel, w, column);
    step_reader reader = step_reader_at(kernel, w, 0);
    int64_t count = 0;
    for (int64_t s = 0; s < steps; s++) {
        const step_elements e = step_next(&reader);
        if ((incomplete && s == steps - 1) || step_has_weight(kernel, w, &e, from, columns)) {
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
            step_reader reader = step_reader_at(kernel, w, list[s]);
            const step_elements e = step_next(&reader);
            memset(weights, 0, (size_t) step_bytes);
            for (int64_t j = 0; j < columns; j++) {
                step_copy(kernel, &e, step_column(kernel, w, column + j),
                          weights + j * kernel->step * kernel->src_bytes);
            }
        }
    }
    return sparse_listed_bytes(count) + count * step_bytes;
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
            step_reader reader = step_reader_at(kernel, w, list[s]);
            const step_elements e = step_next(&reader);
            for (int64_t j = 0; j < columns; j++) {
                step_copy(kernel, &e, step_column(kernel, w, column + j), block + j * column_bytes);
            }
        }
    }
    return sparse_listed_bytes(count) + count * kernel->columns * 4;
}

/* The weights of one column in a step: how many, which elements, and which they are. */
static int64_t half_weights(const step_elements *e, const char *from, uint8_t *numbers, int8_t *weights) {
    int64_t count = 0;
    for (int64_t i = 0; i < e->count; i++) {
        const int8_t weight = (int8_t) from[e->offset[i]];
        if (weight != 0) {
            if (count < HALF / 2) {
                numbers[count] = (uint8_t) i;
                weights[count] = weight;
            }
            count++;
        }
    }
    return count;
}

static bool fits_halves(const gemm_kernel *kernel, const sparse_weights *w) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    for (int64_t j = 0; kernel->form == PANEL_HALVES && j < w->view->n; j++) {
        step_reader reader = step_reader_at(kernel, w, 0);
        for (int64_t s = 0; s < steps; s++) {
            uint8_t numbers[HALF / 2];
            int8_t weights[HALF / 2];
            const step_elements e = step_next(&reader);
            if (half_weights(&e, step_column(kernel, w, j), numbers, weights) > HALF / 2) {
                return false;
            }
        }
    }
    return true;
}

static void pack_half(const step_elements *e, const char *from, int64_t j, char *to) {
    uint8_t numbers[HALF / 2] = {0};
    int8_t weights[HALF / 2] = {0};
    half_weights(e, from, numbers, weights);
    for (int64_t i = 0; i < 4; i++) {
        to[j * 4 + i] = weights[i];
        to[(HALVES_COLUMNS + j) * 4 + i] = weights[4 + i];
        to[(2 * HALVES_COLUMNS + j) * 4 + i] = (char) (numbers[i] | numbers[4 + i] << 4);
    }
}

static int64_t pack_halves(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns, char *to) {
    int32_t *list = to == NULL ? NULL : (int32_t *) (void *) (to + STEP_LIST_HEAD);
    const int64_t count = list_steps(kernel, w, column, columns, list);
    const int64_t step_bytes = 3 * HALVES_COLUMNS * 4;
    if (to != NULL) {
        memcpy(to, &count, sizeof count);
        char *panel = to + sparse_listed_bytes(count);
        memset(panel, 0, (size_t) (count * step_bytes));
        for (int64_t s = 0; s < count; s++, panel += step_bytes) {
            step_reader reader = step_reader_at(kernel, w, list[s]);
            const step_elements e = step_next(&reader);
            for (int64_t j = 0; j < columns; j++) {
                pack_half(&e, step_column(kernel, w, column + j), j, panel);
            }
        }
    }
    return sparse_listed_bytes(count) + count * step_bytes;
}

/* Sets the bits of a step's weights and stores these, unless `masks` is NULL; returns how many there are. */
static int64_t pack_bits(const gemm_kernel *kernel, const sparse_weights *w, const step_elements *e, int64_t column,
                         int64_t columns, uint64_t *masks, char *values) {
    int64_t count = 0;
    for (int64_t j = 0; j < columns; j++) {
        const char *from = step_column(kernel, w, column + j);
        for (int64_t i = 0; i < e->count; i++) {
            if (from[e->offset[i]] == 0) {
                continue;
            }
            if (masks != NULL) {
                const int64_t bit = j * 4 + i;
                masks[bit / 64] |= UINT64_C(1) << bit % 64;
                values[count] = from[e->offset[i]];
            }
            count++;
        }
    }
    return count;
}

static int64_t pack_bitmask(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                            char *to) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    const int64_t head = sparse_listed_bytes(0), masks_bytes = steps * 2 * (int64_t) sizeof(uint64_t);
    uint64_t *masks = to == NULL ? NULL : row_of(to, 1, head);
    char *values = to == NULL ? NULL : to + head + masks_bytes;
    step_reader reader = step_reader_at(kernel, w, 0);
    int64_t count = 0;
    if (to != NULL) {
        memcpy(to, &steps, sizeof steps);
        memset(masks, 0, (size_t) masks_bytes);
    }
    for (int64_t s = 0; s < steps; s++) {
        const step_elements e = step_next(&reader);
        count += pack_bits(kernel, w, &e, column, columns, to == NULL ? NULL : masks + 2 * s,
                           to == NULL ? NULL : values + count);
    }
    if (to != NULL) {
        memset(values + count, 0, BITMASK_SLACK);
    }
    return head + masks_bytes + count + BITMASK_SLACK;
}

static int64_t pack_panel(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, char *to) {
    const int64_t columns = min_s64(kernel->columns, w->view->n - column);
    switch (kernel->form) {
    case PANEL_HALVES:
        return round_up(pack_halves(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
    case PANEL_BITMASK:
        return round_up(pack_bitmask(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
    case PANEL_SCATTERED:
    case PANEL_SINGLES:
        return round_up(scattered_pack(kernel, w, column, columns, to), TERSOR_ALIGNMENT);
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
    if (!fits_halves(kernel, w)) {
        return TERSOR_INVALID_ARGUMENT;
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
