/* Operations of two integers in plain C, compiled once for each instruction set; the compiler vectorizes the loops. */
#ifndef TERSOR_INTEGER_BODY_H
#define TERSOR_INTEGER_BODY_H

#include "compiler.h"
#include "real.h"

/* Loops for operands that are runs, and for one that is the same for all. */
#define INTEGER(name, type, dst_type, expression)                                                                      \
    static void integer_##name##_##type(const void *a, int64_t a_step, const void *b, int64_t b_step, int64_t count,   \
                                        void *dst) {                                                                   \
        const type *left = a, *right = b;                                                                              \
        dst_type *to = dst;                                                                                            \
        if (a_step != 0 && b_step != 0) {                                                                              \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type x = left[i], y = right[i];                                                                  \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        } else if (a_step != 0) {                                                                                      \
            const type y = *right;                                                                                     \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type x = left[i];                                                                                \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        } else {                                                                                                       \
            const type x = *left;                                                                                      \
            INDEPENDENT                                                                                                \
            for (int64_t i = 0; i < count; i++) {                                                                      \
                const type y = right[i * b_step];                                                                      \
                to[i] = (dst_type) (expression);                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

/* Binary64 holds quotients of 32 bits well enough: those that are no integers are farther from one than it rounds. */
ALWAYS_INLINE int32_t divided_int32_t(int32_t x, int32_t y) {
    const double quotient = (double) x / (double) (y == 0 ? 1 : y);
    return y == 0 ? 0 : (int32_t) (uint32_t) (int64_t) quotient;
}

ALWAYS_INLINE int64_t divided_int64_t(int64_t x, int64_t y) {
    if (y == 0) {
        return 0;
    }
    return y == -1 ? (int64_t) (0 - (uint64_t) x) : x / y;
}

/* What a division leaves, moved to the divisor's sign. */
ALWAYS_INLINE int32_t remainder_int32_t(int32_t x, int32_t y) {
    const int32_t rest = (int32_t) ((uint32_t) x - (uint32_t) divided_int32_t(x, y) * (uint32_t) y);
    const int32_t moved = rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
    return y == 0 ? 0 : moved;
}

ALWAYS_INLINE int64_t remainder_int64_t(int64_t x, int64_t y) {
    const int64_t rest = (int64_t) ((uint64_t) x - (uint64_t) divided_int64_t(x, y) * (uint64_t) y);
    const int64_t moved = rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
    return y == 0 ? 0 : moved;
}

#define INTEGER_BITS(type)                                                                                             \
    INTEGER(and, type, type, x &y)                                                                                     \
    INTEGER(or, type, type, x | y)                                                                                     \
    INTEGER(xor, type, type, x ^ y)                                                                                    \
    INTEGER(equal, type, uint8_t, x == y)                                                                              \
    INTEGER(less, type, uint8_t, x < y)                                                                                \
    INTEGER(less_or_equal, type, uint8_t, x <= y)

/* Sums and products wrap. */
#define INTEGER_ARITHMETIC(type, unsigned_type)                                                                        \
    INTEGER(add, type, type, (unsigned_type) x + (unsigned_type) y)                                                    \
    INTEGER(sub, type, type, (unsigned_type) x - (unsigned_type) y)                                                    \
    INTEGER(mul, type, type, (unsigned_type) x *(unsigned_type) y)                                                     \
    INTEGER(div, type, type, divided_##type(x, y))                                                                     \
    INTEGER(mod, type, type, remainder_##type(x, y))                                                                   \
    INTEGER(min, type, type, x < y ? x : y)                                                                            \
    INTEGER(max, type, type, x > y ? x : y)

INTEGER_BITS(uint8_t)
INTEGER_BITS(int32_t)
INTEGER_BITS(int64_t)
INTEGER_ARITHMETIC(int32_t, uint32_t)
INTEGER_ARITHMETIC(int64_t, uint64_t)

#define INTEGER_BITS_OF(type)                                                                                          \
    [TERSOR_INTEGER_AND] = integer_and_##type, [TERSOR_INTEGER_OR] = integer_or_##type,                                \
    [TERSOR_INTEGER_XOR] = integer_xor_##type, [TERSOR_INTEGER_EQUAL] = integer_equal_##type,                          \
    [TERSOR_INTEGER_LESS] = integer_less_##type, [TERSOR_INTEGER_LESS_OR_EQUAL] = integer_less_or_equal_##type
#define INTEGER_ARITHMETIC_OF(type)                                                                                    \
    [TERSOR_INTEGER_ADD] = integer_add_##type, [TERSOR_INTEGER_SUB] = integer_sub_##type,                              \
    [TERSOR_INTEGER_MUL] = integer_mul_##type, [TERSOR_INTEGER_DIV] = integer_div_##type,                              \
    [TERSOR_INTEGER_MOD] = integer_mod_##type, [TERSOR_INTEGER_MIN] = integer_min_##type,                              \
    [TERSOR_INTEGER_MAX] = integer_max_##type

/* Of bool, s32 and s64. */
#define INTEGER_OPERATIONS                                                                                             \
    {                                                                                                                  \
        {INTEGER_BITS_OF(uint8_t)}, {INTEGER_BITS_OF(int32_t), INTEGER_ARITHMETIC_OF(int32_t)}, {                      \
            INTEGER_BITS_OF(int64_t), INTEGER_ARITHMETIC_OF(int64_t)                                                   \
        }                                                                                                              \
    }

#endif
