/* Panels of PANEL_SCATTERED and PANEL_SINGLES, see scattered.h. */
#include "compiler.h"
#include "scattered.h"
#include "step_reader.h"

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
    const char *from = step_column(kernel, w, column);
    step_reader reader = step_reader_at(kernel, w, first);
    int64_t count = 0;
    for (int64_t s = first; s < end; s++) {
        const step_elements e = step_next(&reader);
        if (step_has_weight(kernel, w, &e, from, 1)) {
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
    const char *from = step_column(kernel, w, column);
    step_reader reader = step_reader_at(kernel, w, first);
    int8_t *weights = lists == NULL ? NULL : (int8_t *) (lists->words + at);
    uint16_t *offsets = lists == NULL ? NULL : (uint16_t *) lists->places + at * 4;
    int64_t count = 0;
    for (int64_t s = first; s < end; s++) {
        const step_elements e = step_next(&reader);
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

int64_t scattered_pack(const gemm_kernel *kernel, const sparse_weights *w, int64_t column, int64_t columns, char *to) {
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
