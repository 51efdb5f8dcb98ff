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

/* The elements of one k step: where they stand in column 0, in bytes. */
typedef struct step_elements {
    int64_t count; /* fewer than a step's at the end of a run */
    int64_t offset[HALF];
} step_elements;

/* Walks through the k steps. */
typedef struct step_reader {
    const gemm_kernel *kernel;
    const sparse_weights *w;
    int64_t within;       /* its run */
    int64_t outer, inner; /* k = outer * k_run + inner */
} step_reader;

static step_reader reader_at(const gemm_kernel *kernel, const sparse_weights *w, int64_t step) {
    const int64_t run_steps = gemm_padded_k(kernel, w->run_length) / kernel->step;
    if (run_steps == 0) {
        return (step_reader){kernel, w, 0, 0, 0};
    }
    const int64_t within = step % run_steps * kernel->step;
    const int64_t k = step / run_steps * w->run_length + within;
    return (step_reader){kernel, w, within, k / w->view->k_run, k % w->view->k_run};
}

static step_elements next_step(step_reader *r) {
    const weights_view *view = r->w->view;
    step_elements e = {min_s64(r->kernel->step, r->w->run_length - r->within), {0}};
    for (int64_t i = 0; i < e.count; i++) {
        e.offset[i] = (r->outer * view->k_stride + r->inner * view->run_stride) * r->kernel->src_bytes;
        if (++r->inner == view->k_run) {
            r->inner = 0;
            r->outer++;
        }
    }
    r->within += r->kernel->step;
    if (r->within >= r->w->run_length) {
        r->within = 0;
    }
    return e;
}

static const char *column_of(const gemm_kernel *kernel, const sparse_weights *w, int64_t column) {
    return const_row_of(w->view->data, column * w->view->n_stride, kernel->src_bytes);
}

/* Whether one of `columns` columns, of which the first starts at `from`, has a weight. */
static bool has_weight(const gemm_kernel *kernel, const sparse_weights *w, const step_elements *e, const char *from,
                       int64_t columns) {
    const int64_t stride = w->view->n_stride * kernel->src_bytes;
    for (int64_t i = 0; i < e->count; i++) {
        const char *weight = from + e->offset[i];
        for (int64_t j = 0; j < columns; j++, weight += stride) {
            if (kernel->src_bytes == 1 ? *weight != 0 : load_f32(weight) != 0.0f) {
                return true;
            }
        }
    }
    return false;
}

/* A step of the column that starts at `from`, as elements of src_bytes, padded with zeros. */
static void copy_step(const gemm_kernel *kernel, const step_elements *e, const char *from, char *to) {
    memset(to, 0, (size_t) (kernel->step * kernel->src_bytes));
    for (int64_t i = 0; i < e->count; i++) {
        memcpy(to + i * kernel->src_bytes, from + e->offset[i], (size_t) kernel->src_bytes);
    }
}

/* The same as one word that the kernel multiplies a word of a row with. */
static uint32_t step_word(const gemm_kernel *kernel, const step_elements *e, const char *from) {
    char bytes[4];
    uint32_t word;
    copy_step(kernel, e, from, bytes);
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
    const bool incomplete = kernel->form != PANEL_GATHERED && w->runs == 1 && w->run_length % kernel->step != 0;
    const char *from = column_of(kernel, w, column);
    step_reader reader = reader_at(kernel, w, 0);
    int64_t count = 0;
    for (int64_t s = 0; s < steps; s++) {
        const step_elements e = next_step(&reader);
        if ((incomplete && s == steps - 1) || has_weight(kernel, w, &e, from, columns)) {
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
            step_reader reader = reader_at(kernel, w, list[s]);
            const step_elements e = next_step(&reader);
            memset(weights, 0, (size_t) step_bytes);
            for (int64_t j = 0; j < columns; j++) {
                copy_step(kernel, &e, column_of(kernel, w, column + j),
                          weights + j * kernel->step * kernel->src_bytes);
            }
        }
    }
    return sparse_listed_bytes(count) + count * step_bytes;
}

/* Where the words of a chunk's columns go, and their places. */
typedef struct word_lists {
    uint32_t *words;
    void *places;
} word_lists;

static int64_t place_bytes(const gemm_kernel *kernel) {
    return kernel->form == PANEL_SINGLES ? 4 * (int64_t) sizeof(uint16_t) : 1;
}

/* Words of a column in k steps [first, end), also from number `at` of the lists on unless these are NULL. */
static int64_t list_steps_of(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t first,
                             int64_t end, const word_lists *lists, int64_t at) {
    const char *from = column_of(kernel, w, column);
    step_reader reader = reader_at(kernel, w, first);
    int64_t count = 0;
    for (int64_t s = first; s < end; s++) {
        const step_elements e = next_step(&reader);
        if (has_weight(kernel, w, &e, from, 1)) {
            if (lists != NULL) {
                lists->words[at + count] = step_word(kernel, &e, from);
                ((uint8_t *) lists->places)[at + count] = (uint8_t) (s - first);
            }
            count++;
        }
    }
    return count;
}

/* The same of single weights, four to a word. */
static int64_t list_singles_of(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t first,
                               int64_t end, const word_lists *lists, int64_t at) {
    const char *from = column_of(kernel, w, column);
    step_reader reader = reader_at(kernel, w, first);
    int8_t *weights = lists == NULL ? NULL : (int8_t *) (lists->words + at);
    uint16_t *offsets = lists == NULL ? NULL : (uint16_t *) lists->places + at * 4;
    int64_t count = 0;
    for (int64_t s = first; s < end; s++) {
        const step_elements e = next_step(&reader);
        for (int64_t i = 0; i < e.count; i++) {
            if (from[e.offset[i]] == 0) {
                continue;
            }
            if (lists != NULL) {
                weights[count] = (int8_t) from[e.offset[i]];
                offsets[count] = (uint16_t) (((s - first) * kernel->step + i) * kernel->rows);
            }
            count++;
        }
    }
    for (; count % 4 != 0; count++) {
        if (lists != NULL) {
            weights[count] = 0;
            offsets[count] = 0;
        }
    }
    return count / 4;
}

static int64_t list_words(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t first, int64_t end,
                          const word_lists *lists, int64_t at) {
    return kernel->form == PANEL_SINGLES ? list_singles_of(kernel, w, column, first, end, lists, at)
                                         : list_steps_of(kernel, w, column, first, end, lists, at);
}

/* Columns in the order of their counts, which are few. */
static void sort_columns(const int64_t *counts, int64_t columns, uint8_t *order) {
    for (int64_t i = 0; i < columns; i++) {
        int64_t at = i;
        for (; at > 0 && counts[order[at - 1]] > counts[i]; at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t) i;
    }
}

/* The order and the counts of the columns in chunk c, from word number `first_word` on; returns the number behind. */
static int64_t count_words(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                           int64_t c, int64_t first_word, scattered_chunk *chunk) {
    const int64_t chunk_steps = scattered_chunk_steps(kernel->rows);
    const int64_t first = c * chunk_steps;
    const int64_t end = min_s64(sparse_steps(kernel, w->runs, w->run_length), first + chunk_steps);
    int64_t counts[SCATTERED_COLUMNS];
    memset(chunk, 0, sizeof *chunk);
    for (int64_t j = 0; j < columns; j++) {
        counts[j] = list_words(kernel, w, column + j, first, end, NULL, 0);
    }
    sort_columns(counts, columns, chunk->column);
    for (int64_t j = 0; j <= SCATTERED_COLUMNS; j++) {
        chunk->start[j] = (uint32_t) first_word;
        first_word += j < columns ? counts[chunk->column[j]] : 0;
    }
    return first_word;
}

static int64_t pack_scattered(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns,
                              char *to) {
    const int64_t steps = sparse_steps(kernel, w->runs, w->run_length);
    const int64_t chunk_steps = scattered_chunk_steps(kernel->rows), chunks = scattered_chunks(kernel->rows, steps);
    scattered_chunk *list = (scattered_chunk *) (void *) to;
    int64_t count = 0;
    for (int64_t c = 0; c < chunks; c++) {
        scattered_chunk counted;
        count = count_words(kernel, w, column, columns, c, count, to == NULL ? &counted : list + c);
    }
    for (int64_t c = 0; to != NULL && c < chunks; c++) {
        const scattered_chunk *chunk = list + c;
        uint32_t *words = (uint32_t *) (list + chunks);
        const word_lists lists = {words, words + count};
        for (int64_t j = 0; j < columns; j++) {
            list_words(kernel, w, column + chunk->column[j], c * chunk_steps, min_s64(steps, (c + 1) * chunk_steps),
                       &lists, chunk->start[j]);
        }
    }
    return chunks * (int64_t) sizeof *list + count * (4 + place_bytes(kernel));
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
            step_reader reader = reader_at(kernel, w, list[s]);
            const step_elements e = next_step(&reader);
            for (int64_t j = 0; j < columns; j++) {
                copy_step(kernel, &e, column_of(kernel, w, column + j), block + j * column_bytes);
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
        step_reader reader = reader_at(kernel, w, 0);
        for (int64_t s = 0; s < steps; s++) {
            uint8_t numbers[HALF / 2];
            int8_t weights[HALF / 2];
            const step_elements e = next_step(&reader);
            if (half_weights(&e, column_of(kernel, w, j), numbers, weights) > HALF / 2) {
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
            step_reader reader = reader_at(kernel, w, list[s]);
            const step_elements e = next_step(&reader);
            for (int64_t j = 0; j < columns; j++) {
                pack_half(&e, column_of(kernel, w, column + j), j, panel);
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
        const char *from = column_of(kernel, w, column + j);
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
    step_reader reader = reader_at(kernel, w, 0);
    int64_t count = 0;
    if (to != NULL) {
        memcpy(to, &steps, sizeof steps);
        memset(masks, 0, (size_t) masks_bytes);
    }
    for (int64_t s = 0; s < steps; s++) {
        const step_elements e = next_step(&reader);
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
