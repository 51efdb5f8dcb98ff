/*
 * A scattered_kernel of vectors: every instruction set includes this file once for each kernel, after it has defined
 *
 *   SCATTERED(name)                the name with the kernel's prefix
 *   LANES                          words of a vector; the kernel has four times as many rows
 *   accumulators, factor           types of the vectors
 *   load_rows(from)                factor of LANES neighbouring words
 *   load_weights(from)             factor that broadcasts a word
 *   load_init(from)                accumulators that broadcast a word
 *   load_acc(from), store_acc(to, acc), zero_acc(), add_acc(a, b)
 *   multiply_add(acc, rows, weights)
 *
 * Words are taken in pairs, each with sums of its own, so that an addition need not wait for the one before.
 */
#include "compiler.h"
#include "scattered.h"

enum { SCATTERED(pitch) = 4 * LANES * 4 };

ALWAYS_INLINE void SCATTERED(add)(int vectors, accumulators acc[4], const char *turned, const scattered_words *words,
                                  uint32_t i) {
    const char *rows = turned + (int64_t) ((const uint8_t *) words->places)[i] * SCATTERED(pitch);
    const factor w = load_weights(words->weights + i);
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        acc[v] = multiply_add(acc[v], load_rows(rows + v * LANES * 4), w);
        PIN(acc[v]);
    }
}

/* Words [i, end) of a column; init NULL: sums go on from those in `out`. */
ALWAYS_INLINE void SCATTERED(column)(int vectors, const char *turned, const scattered_words *words, uint32_t i,
                                     uint32_t end, const void *init, char *out) {
    accumulators acc[4], odd[4];
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        acc[v] = init == NULL ? load_acc(out + v * LANES * 4) : load_init(init);
        odd[v] = zero_acc();
    }
    for (; i + 2 <= end; i += 2) {
        SCATTERED(add)(vectors, acc, turned, words, i);
        SCATTERED(add)(vectors, odd, turned, words, i + 1);
    }
    if (i < end) {
        SCATTERED(add)(vectors, acc, turned, words, i);
    }
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        store_acc(out + v * LANES * 4, add_acc(acc[v], odd[v]));
    }
}

ALWAYS_INLINE void SCATTERED(columns)(int vectors, const scattered_tile *t) {
    const scattered_words words = scattered_words_of(t);
    const scattered_chunk *chunk = (const scattered_chunk *) t->panel + t->chunk;
    const char *turned = t->turned + t->chunk * scattered_chunk_steps(4 * LANES) * SCATTERED(pitch);
    const char *init = t->init;
    char *out = t->acc;
    for (int64_t i = 0; i < t->columns; i++) {
        const int64_t j = chunk->column[i];
        const uint32_t first = chunk->start[i], end = chunk->start[i + 1];
        if (t->chunk == 0) {
            SCATTERED(column)(vectors, turned, &words, first, end, init + j * 4, out + j * SCATTERED(pitch));
        } else if (first < end) {
            SCATTERED(column)(vectors, turned, &words, first, end, NULL, out + j * SCATTERED(pitch));
        }
    }
}

static void SCATTERED(multiply)(const scattered_tile *t) {
    switch ((t->rows + LANES - 1) / LANES) {
    case 1:
        SCATTERED(columns)(1, t);
        return;
    case 2:
        SCATTERED(columns)(2, t);
        return;
    case 3:
        SCATTERED(columns)(3, t);
        return;
    default:
        SCATTERED(columns)(4, t);
        return;
    }
}

#undef SCATTERED
#undef LANES
#undef accumulators
#undef factor
#undef load_rows
#undef load_weights
#undef load_init
#undef load_acc
#undef zero_acc
#undef add_acc
#undef store_acc
#undef multiply_add
