/*
 * A scattered_kernel of vectors: every instruction set includes this file once for each kernel, after it has defined
 *
 *   SCATTERED(name)                the name with the kernel's prefix
 *   LANES                          words of a vector; the kernel has SCATTERED_VECTORS times as many rows
 *   accumulators, factor           types of the vectors
 *   load_rows(from)                factor of LANES neighbouring words
 *   load_weights(from)             factor that broadcasts a word
 *   load_init(from)                accumulators that broadcast a word
 *   zero_acc(), add_acc(a, b), store_acc(to, acc)
 *   multiply_add(acc, rows, weights)
 *
 * Entries are taken in pairs, each with sums of its own, so that an addition need not wait for the one before.
 */
#include "compiler.h"
#include "scattered.h"

enum { SCATTERED(vectors) = 4, SCATTERED(pitch) = 4 * LANES * 4 };

ALWAYS_INLINE void SCATTERED(add)(int vectors, accumulators acc[4], const char *turned, const scattered_entry *e) {
    const char *rows = turned + (int64_t) e->step * SCATTERED(pitch);
    const factor w = load_weights(&e->weights);
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        acc[v] = multiply_add(acc[v], load_rows(rows + v * LANES * 4), w);
    }
}

ALWAYS_INLINE void SCATTERED(column)(int vectors, const char *turned, const scattered_entry *e,
                                     const scattered_entry *end, const void *init, char *out) {
    accumulators acc[4], odd[4];
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        acc[v] = load_init(init);
        odd[v] = zero_acc();
    }
    for (; end - e >= 2; e += 2) {
        SCATTERED(add)(vectors, acc, turned, e);
        SCATTERED(add)(vectors, odd, turned, e + 1);
    }
    if (e < end) {
        SCATTERED(add)(vectors, acc, turned, e);
    }
    UNROLL(4)
    for (int v = 0; v < vectors; v++) {
        store_acc(out + v * LANES * 4, add_acc(acc[v], odd[v]));
    }
}

ALWAYS_INLINE void SCATTERED(columns)(int vectors, const scattered_tile *t) {
    const uint32_t *starts = t->panel;
    const scattered_entry *entries = (const scattered_entry *) const_row_of(t->panel, 1, SCATTERED_HEAD_BYTES);
    const char *init = t->init;
    char *out = t->acc;
    for (int64_t j = 0; j < t->columns; j++) {
        SCATTERED(column)(vectors, t->turned, entries + starts[j], entries + starts[j + 1], init + j * 4,
                          out + j * SCATTERED(pitch));
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
#undef zero_acc
#undef add_acc
#undef store_acc
#undef multiply_add
