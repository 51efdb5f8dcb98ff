/* The few things that C11 leaves to the compiler. */
#ifndef TERSOR_COMPILER_H
#define TERSOR_COMPILER_H

#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#define PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define UNROLL(count) PRAGMA(clang loop unroll(full))
#else
#define UNROLL(count) PRAGMA(GCC unroll count)
#endif

/* No iteration of the loop reads what another one writes: operands are the same memory or do not overlap. */
#if defined(__clang__)
#define INDEPENDENT PRAGMA(clang loop vectorize(assume_safety))
#else
#define INDEPENDENT PRAGMA(GCC ivdep)
#endif

/*
 * Keeps a vector of sums in one register through a loop: GCC 12 otherwise moves each sum of a loop that takes two steps at
 * a time to another register and back, a third of the loop's instructions.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PIN(vector) __asm__("" : "+v"(vector))
#else
#define PIN(vector) ((void) 0)
#endif
/*
 * Keeps a pointer computed here, from others that are few. GCC 12 would hold the distance of every row of a tile in a
 * register of its own, has too few of them, and fetches the rest from memory, or even from a vector register, which
 * costs a multiplication each time.
 */
#if defined(__GNUC__)
#define PIN_ADDRESS(pointer) __asm__("" : "+r"(pointer))
#else
#define PIN_ADDRESS(pointer) ((void) 0)
#endif

ALWAYS_INLINE int32_t load_s32(const void *address) {
    int32_t value;
    memcpy(&value, address, sizeof value);
    return value;
}

ALWAYS_INLINE float load_f32(const void *address) {
    float value;
    memcpy(&value, address, sizeof value);
    return value;
}

/* Row i of a matrix whose rows lie stride_bytes apart. */
ALWAYS_INLINE void *row_of(void *base, int64_t i, int64_t stride_bytes) {
    return (char *) base + i * stride_bytes;
}

ALWAYS_INLINE const void *const_row_of(const void *base, int64_t i, int64_t stride_bytes) {
    return (const char *) base + i * stride_bytes;
}

ALWAYS_INLINE int64_t min_s64(int64_t a, int64_t b) {
    return a < b ? a : b;
}

ALWAYS_INLINE int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

#endif
