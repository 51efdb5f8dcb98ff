/* Choices between elements of one size in plain C, compiled once for each instruction set. */
#ifndef TERSOR_SELECT_BODY_H
#define TERSOR_SELECT_BODY_H

#include "real.h"

/* Loops for operands that are runs, and for those that are the same for all; the compiler makes blends of them. */
#define SELECT(type)                                                                                                   \
    static void select_##type(const uint8_t *condition, const void *a, int64_t a_step, const void *b, int64_t b_step,  \
                              int64_t count, void *dst) {                                                              \
        const type *restrict x = a, *restrict y = b;                                                                   \
        type *restrict to = dst;                                                                                       \
        if (a_step != 0 && b_step != 0) {                                                                              \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type left = x[i], right = y[i];                                                                  \
                to[i] = condition[i] != 0 ? left : right;                                                              \
            }                                                                                                          \
        } else if (a_step != 0) {                                                                                      \
            const type right = *y;                                                                                     \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type left = x[i];                                                                                \
                to[i] = condition[i] != 0 ? left : right;                                                              \
            }                                                                                                          \
        } else if (b_step != 0) {                                                                                      \
            const type left = *x;                                                                                      \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type right = y[i];                                                                               \
                to[i] = condition[i] != 0 ? left : right;                                                              \
            }                                                                                                          \
        } else {                                                                                                       \
            const type left = *x, right = *y;                                                                          \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                to[i] = condition[i] != 0 ? left : right;                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }

SELECT(uint8_t)
SELECT(uint16_t)
SELECT(uint32_t)
SELECT(uint64_t)

/* By the logarithm of the element's bytes. */
#define SELECT_FUNCTIONS                                                                                               \
    { select_uint8_t, select_uint16_t, select_uint32_t, select_uint64_t }

#endif
