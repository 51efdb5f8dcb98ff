/*
 * The tile of a register-blocked kernel: every instruction set that has vectors includes this file once for each kernel,
 * after it has defined
 *
 *   TILE(name)                  the name with the kernel's prefix
 *   ROWS, LANES, VECTORS        rows of the tile; accumulators in a vector; vectors of columns, 1 or 2
 *   accumulators, factor        types of the vectors
 *   load_acc, store_acc         of an aligned vector of accumulators
 *   zero_acc(), add_acc(a, b)   a vector of zeros, a sum of two
 *   load_weights(panel, v)      factor for vector v of one k step
 *   load_src(src)               factor that broadcasts one k step of a row
 *   multiply_add(acc, a, b)
 *   SRC_STEP, PANEL_STEP        bytes of one k step of a row and of a panel
 *   FINISHES                    of floats, or not defined: the kernel finishes (gemm.h), with
 *                               load_any, store_any, product, maximum, minimum, broadcast
 *   FETCHES                     or not defined: `ahead` alone is served
 *   REQUANTIZE(rows, vectors, acc, e, t)
 *                               of integers, or not defined: the kernel requantizes (gemm.h)
 *
 * A few rows have few sums in flight, fewer than an addition takes cycles, so that they keep two or four sets of sums,
 * each for every second or fourth k step: that makes m = 1 from L2 1.4 (AVX-512 VNNI) to 1.7 times (AVX-VNNI) as fast.
 */
#include "compiler.h"
#include "gemm.h"
#ifdef FETCHES
#define LEAST_AHEAD -1
#else
#define LEAST_AHEAD 0
#endif

enum {
    TILE(enough_chains) = 8,
    TILE(ahead_steps) = 8, /* between prefetches of what comes next */
    TILE(least_ahead) = LEAST_AHEAD,
    TILE(row_group) = 3 /* rows that x86 addresses from one pointer: at it, 1 and 2 strides behind it */
};

/* k steps with sums of their own. */
ALWAYS_INLINE int TILE(sets)(int rows, int vectors) {
    const int chains = rows * vectors;
    return chains >= TILE(enough_chains) ? 1 : 2 * chains >= TILE(enough_chains) ? 2 : 4;
}

ALWAYS_INLINE void TILE(step)(int rows, int vectors, accumulators acc[ROWS][2], const char *src, int64_t stride,
                              const char *panel) {
    factor b[2];
    b[0] = load_weights(panel, 0);
    if (vectors > 1) {
        b[1] = load_weights(panel, 1);
    }
    const char *row = src;
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        if (i > 0 && i % TILE(row_group) == 0) {
            row = src + i * stride;
            PIN_ADDRESS(row);
        }
        const factor a = load_src(row + i % TILE(row_group) * stride);
        acc[i][0] = multiply_add(acc[i][0], a, b[0]);
        if (vectors > 1) {
            acc[i][1] = multiply_add(acc[i][1], a, b[1]);
        }
#ifdef FETCHES
        /* GCC 12 otherwise adds up the products of several steps before, and keeps them in memory until then. */
        PIN(acc[i][0]);
        if (vectors > 1) {
            PIN(acc[i][1]);
        }
#endif
    }
}

/* Where k step s of a run, or entry s of a list, is read. */
ALWAYS_INLINE const char *TILE(source)(const gemm_tile *t, bool listed, const char *src, int64_t s) {
    return src + (listed ? t->step_offsets[t->listed[s]] : s * SRC_STEP);
}

ALWAYS_INLINE void TILE(accumulate)(int rows, int vectors, accumulators acc[ROWS][2], const gemm_tile *t, bool listed,
                                    const char *src, const char *panel, int64_t steps) {
    const int64_t stride = t->src_stride;
    int64_t s = 0;
    const int sets = TILE(sets)(rows, vectors);
    if (sets > 1 && steps >= 2 * sets) {
        accumulators more[3][ROWS][2];
        UNROLL(4)
        for (int set = 0; set < sets - 1; set++) {
            UNROLL(16)
            for (int i = 0; i < rows; i++) {
                more[set][i][0] = zero_acc();
                more[set][i][1] = zero_acc();
            }
        }
        for (; s + sets <= steps; s += sets, panel += sets * PANEL_STEP) {
            TILE(step)(rows, vectors, acc, TILE(source)(t, listed, src, s), stride, panel);
            UNROLL(4)
            for (int set = 0; set < sets - 1; set++) {
                TILE(step)(rows, vectors, more[set], TILE(source)(t, listed, src, s + set + 1), stride,
                           panel + (set + 1) * PANEL_STEP);
            }
        }
        UNROLL(4)
        for (int set = 0; set < sets - 1; set++) {
            UNROLL(16)
            for (int i = 0; i < rows; i++) {
                acc[i][0] = add_acc(acc[i][0], more[set][i][0]);
                acc[i][1] = add_acc(acc[i][1], more[set][i][1]);
            }
        }
    }
#if defined(FINISHES) || defined(FETCHES)
    if (!listed && t->ahead_bytes > TILE(least_ahead)) {
        const char *ahead = t->ahead, *end = ahead + t->ahead_bytes;
        const int64_t lines = t->ahead_bytes / 64 / (t->runs * (steps / TILE(ahead_steps)) + 1) + 1;
        for (; s + TILE(ahead_steps) <= steps; s += TILE(ahead_steps)) {
            for (int64_t i = 0; i < lines && ahead < end; i++, ahead += 64) {
                __builtin_prefetch(ahead, 0, 2);
            }
            UNROLL(8)
            for (int i = 0; i < TILE(ahead_steps); i++, panel += PANEL_STEP) {
                TILE(step)(rows, vectors, acc, TILE(source)(t, listed, src, s + i), stride, panel);
            }
        }
    }
#endif
    for (; s < steps; s++, panel += PANEL_STEP) {
        TILE(step)(rows, vectors, acc, TILE(source)(t, listed, src, s), stride, panel);
    }
}

#ifdef FINISHES
/* The plain epilogue of floats on sums in registers, in the order of tersor.h. */
ALWAYS_INLINE void TILE(finish)(int rows, accumulators acc[ROWS][2], const gemm_tile *t) {
    const epilogue *e = t->e;
    const epilogue_tile *r = t->results;
    if (e->offset != NULL) {
        const float *offset = e->offset + r->first;
        const accumulators left = load_any(offset), right = load_any(offset + LANES);
        UNROLL(16)
        for (int i = 0; i < rows; i++) {
            acc[i][0] = add_acc(acc[i][0], left);
            acc[i][1] = add_acc(acc[i][1], right);
        }
    }
    if (e->residual_type != 0) {
        const accumulators multiplier = broadcast(e->residual_multiplier);
        UNROLL(16)
        for (int i = 0; i < rows; i++) {
            const float *residual = (const float *) const_row_of(r->residual, i, r->residual_stride) + r->first;
            acc[i][0] = add_acc(acc[i][0], product(load_any(residual), multiplier));
            acc[i][1] = add_acc(acc[i][1], product(load_any(residual + LANES), multiplier));
        }
    }
    if (e->clamps) {
        const accumulators lo = broadcast(e->lo), hi = broadcast(e->hi);
        UNROLL(16)
        for (int i = 0; i < rows; i++) {
            acc[i][0] = minimum(maximum(acc[i][0], lo), hi);
            acc[i][1] = minimum(maximum(acc[i][1], lo), hi);
        }
    }
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        float *dst = (float *) row_of(r->dst, i, r->dst_stride) + r->first;
        store_any(dst, acc[i][0]);
        store_any(dst + LANES, acc[i][1]);
    }
}
#endif

/* One load for all rows where they start alike: 24 of 64 bytes take as many cycles on Zen 4, a third of a tile of k = 16. */
ALWAYS_INLINE void TILE(start)(int rows, int vectors, accumulators acc[ROWS][2], const gemm_tile *t) {
    const bool alike = ROWS > 6 && t->init_stride == 0;
    acc[0][0] = load_acc(t->init);
    acc[0][1] = vectors > 1 ? load_acc((const char *) t->init + LANES * 4) : zero_acc();
    UNROLL(16)
    for (int i = 1; i < rows && ROWS > 6; i++) {
        acc[i][0] = acc[0][0];
        acc[i][1] = acc[0][1];
    }
    UNROLL(16)
    for (int i = 1; i < rows && !alike; i++) {
        const char *init = const_row_of(t->init, i, t->init_stride);
        acc[i][0] = load_acc(init);
        acc[i][1] = vectors > 1 ? load_acc(init + LANES * 4) : zero_acc();
    }
}

ALWAYS_INLINE void TILE(multiply)(int rows, int vectors, const gemm_tile *t) {
    accumulators acc[ROWS][2];
    TILE(start)(rows, vectors, acc, t);
    const char *panel = t->panel;
    if (t->listed != NULL) {
        TILE(accumulate)(rows, vectors, acc, t, true, t->src, panel, t->listed_count);
        panel += t->listed_count * PANEL_STEP;
    } else {
        for (int64_t run = 0; run < t->runs; run++, panel += t->steps * PANEL_STEP) {
            const char *src = (const char *) t->src + t->run_offsets[run];
            TILE(accumulate)(rows, vectors, acc, t, false, src, panel, t->steps);
        }
    }
    if (t->tail != NULL) {
        TILE(step)(rows, vectors, acc, t->tail, t->tail_stride, panel);
    }
#ifdef FINISHES
    if (vectors > 1 && t->results != NULL) {
        TILE(finish)(rows, acc, t);
        return;
    }
#elif defined(REQUANTIZE)
    if (vectors * LANES >= 16 && t->results != NULL) {
        REQUANTIZE(rows, vectors, acc, t->e, t->results);
        return;
    }
#endif
    char *out = t->acc;
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        store_acc(out + i * VECTORS * LANES * 4, acc[i][0]);
        if (vectors > 1) {
            store_acc(out + (i * VECTORS + 1) * LANES * 4, acc[i][1]);
        }
    }
}

#define TILE_CASE(count)                                                                                               \
    case count:                                                                                                        \
        if (VECTORS > 1 && t->columns > LANES) {                                                                       \
            TILE(multiply)(count, VECTORS, t);                                                                               \
        } else {                                                                                                       \
            TILE(multiply)(count, 1, t);                                                                               \
        }                                                                                                              \
        return;

static void TILE(tile)(const gemm_tile *t) {
    switch (t->rows) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
#if ROWS > 6
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
#endif
    }
}

#undef TILE
#undef TILE_CASE
#undef ROWS
#undef LANES
#undef VECTORS
#undef accumulators
#undef factor
#undef load_acc
#undef store_acc
#undef zero_acc
#undef add_acc
#undef load_weights
#undef load_src
#undef multiply_add
#undef FINISHES
#undef FETCHES
#undef REQUANTIZE
#undef LEAST_AHEAD
#undef load_any
#undef store_any
#undef product
#undef maximum
#undef minimum
#undef broadcast
#undef SRC_STEP
#undef PANEL_STEP
