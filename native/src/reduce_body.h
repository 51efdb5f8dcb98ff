/*
 * Sums in binary64 and extremes of runs and columns of floats in C, compiled once for each instruction set. An
 * including file may define REDUCE_SUMS as better functions for runs: of reduce_sum's, reduce_magnitudes' and
 * reduce_squares' kind.
 */
#ifndef TERSOR_REDUCE_BODY_H
#define TERSOR_REDUCE_BODY_H

#include "exponential.h"
#include "real.h"

enum { REDUCE_TERM_PLAIN, REDUCE_TERM_MAGNITUDE, REDUCE_TERM_SQUARE };

ALWAYS_INLINE double reduce_term(double x, int term) {
    return term == REDUCE_TERM_SQUARE ? x * x : term == REDUCE_TERM_MAGNITUDE ? fabs(x) : x;
}

#ifndef REDUCE_SUMS
#if defined(__AVX__)
enum { REDUCE_LANES = 4 };
#else
enum { REDUCE_LANES = 2 };
#endif

/* A register of doubles, and the floats that become one, which lie anywhere. */
typedef double reduce_doubles __attribute__((vector_size(REDUCE_LANES * 8)));
typedef float reduce_floats __attribute__((vector_size(REDUCE_LANES * 4), aligned(4), may_alias));

ALWAYS_INLINE double reduce_sum_of(const float *x, int64_t count, int term) {
    enum { STRIP = 4 * REDUCE_LANES };
    reduce_doubles sums[4] = {{0}, {0}, {0}, {0}};
    int64_t i = 0;
    for (; i + STRIP <= count; i += STRIP) {
        UNROLL(4)
        for (int v = 0; v < 4; v++) {
            reduce_doubles value =
                __builtin_convertvector(*(const reduce_floats *) (x + i + v * REDUCE_LANES), reduce_doubles);
            if (term == REDUCE_TERM_SQUARE) {
                value *= value;
            } else if (term == REDUCE_TERM_MAGNITUDE) {
                UNROLL(4)
                for (int lane = 0; lane < REDUCE_LANES; lane++) {
                    value[lane] = fabs(value[lane]);
                }
            }
            sums[v] += value;
        }
    }
    sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    double sum = 0;
    UNROLL(4)
    for (int lane = 0; lane < REDUCE_LANES; lane++) {
        sum += sums[0][lane];
    }
    for (; i < count; i++) {
        sum += reduce_term((double) x[i], term);
    }
    return sum;
}

static double reduce_sum(const float *x, int64_t count) {
    return reduce_sum_of(x, count, REDUCE_TERM_PLAIN);
}

static double reduce_magnitudes(const float *x, int64_t count) {
    return reduce_sum_of(x, count, REDUCE_TERM_MAGNITUDE);
}

static double reduce_squares(const float *x, int64_t count) {
    return reduce_sum_of(x, count, REDUCE_TERM_SQUARE);
}
#define REDUCE_SUMS reduce_sum, reduce_magnitudes, reduce_squares
#endif

/* The bits of a number as an integer that orders as the numbers do, -0 below 0; the other way round, too. */
ALWAYS_INLINE int32_t reduce_ordered(int32_t bits) {
    return bits ^ ((bits >> 31) & 0x7fffffff);
}

ALWAYS_INLINE int32_t reduce_bits(const float *x) {
    int32_t bits;
    memcpy(&bits, x, sizeof bits);
    return bits;
}

enum { REDUCE_INFINITY_BITS = 0x7f800000 };

ALWAYS_INLINE float reduce_result(int32_t ordered, int32_t largest_magnitude) {
    return largest_magnitude > REDUCE_INFINITY_BITS ? NAN : real_from_bits((uint32_t) reduce_ordered(ordered));
}

/* In integers: compilers know their extremes for associative. */
static float reduce_max(const float *x, int64_t count) {
    int32_t max = reduce_ordered((int32_t) 0xff800000), magnitude = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t bits = reduce_bits(x + i), ordered = reduce_ordered(bits), unsigned_bits = bits & 0x7fffffff;
        max = ordered > max ? ordered : max;
        magnitude = unsigned_bits > magnitude ? unsigned_bits : magnitude;
    }
    return reduce_result(max, magnitude);
}

static float reduce_min(const float *x, int64_t count) {
    int32_t min = REDUCE_INFINITY_BITS, magnitude = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t bits = reduce_bits(x + i), ordered = reduce_ordered(bits), unsigned_bits = bits & 0x7fffffff;
        min = ordered < min ? ordered : min;
        magnitude = unsigned_bits > magnitude ? unsigned_bits : magnitude;
    }
    return reduce_result(min, magnitude);
}

/* The bits of numbers from 0 on order as integers do, those of negative ones as unsigned integers, above all others. */
static void reduce_extremes(const float *x, int64_t count, float *range) {
    int32_t high = 0;
    uint32_t low = 0;
    for (int64_t i = 0; i < count; i++) {
        const int32_t bits = reduce_bits(x + i);
        high = bits > high ? bits : high;
        low = (uint32_t) bits > low ? (uint32_t) bits : low;
    }
    const bool is_nan = high > REDUCE_INFINITY_BITS || low > 0xff800000u;
    range[0] = is_nan ? NAN : low > 0x80000000u ? real_from_bits(low) : 0.0f;
    range[1] = is_nan ? NAN : real_from_bits((uint32_t) high);
}

ALWAYS_INLINE void reduce_column_sums(const float *x, int64_t rows, int64_t pitch, int64_t count, int term,
                                      double *restrict sums) {
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict row = x + r * pitch;
        for (int64_t i = 0; i < count; i++) {
            sums[i] += reduce_term((double) row[i], term);
        }
    }
}

ALWAYS_INLINE void reduce_column_extremes(const float *x, int64_t rows, int64_t pitch, int64_t count, bool max,
                                          float *restrict to) {
    int32_t best[REDUCE_COLUMNS], magnitudes[REDUCE_COLUMNS];
    for (int64_t i = 0; i < count; i++) {
        best[i] = max ? reduce_ordered((int32_t) 0xff800000) : REDUCE_INFINITY_BITS;
        magnitudes[i] = 0;
    }
    for (int64_t r = 0; r < rows; r++) {
        const float *restrict row = x + r * pitch;
        for (int64_t i = 0; i < count; i++) {
            const int32_t bits = reduce_bits(row + i), ordered = reduce_ordered(bits), magnitude = bits & 0x7fffffff;
            best[i] = (max ? ordered > best[i] : ordered < best[i]) ? ordered : best[i];
            magnitudes[i] = magnitude > magnitudes[i] ? magnitude : magnitudes[i];
        }
    }
    for (int64_t i = 0; i < count; i++) {
        to[i] = reduce_result(best[i], magnitudes[i]);
    }
}

static void reduce_columns(const float *x, int64_t rows, int64_t pitch, int64_t count, tersor_reduction kind,
                           float *to) {
    double sums[REDUCE_COLUMNS] = {0};
    switch (kind) {
    case TERSOR_REDUCE_MAX:
        reduce_column_extremes(x, rows, pitch, count, true, to);
        return;
    case TERSOR_REDUCE_MIN:
        reduce_column_extremes(x, rows, pitch, count, false, to);
        return;
    case TERSOR_REDUCE_L1:
        reduce_column_sums(x, rows, pitch, count, REDUCE_TERM_MAGNITUDE, sums);
        break;
    case TERSOR_REDUCE_L2:
    case TERSOR_REDUCE_SUM_SQUARE:
        reduce_column_sums(x, rows, pitch, count, REDUCE_TERM_SQUARE, sums);
        break;
    default:
        reduce_column_sums(x, rows, pitch, count, REDUCE_TERM_PLAIN, sums);
    }
    for (int64_t i = 0; i < count; i++) {
        to[i] = real_finished(sums[i], rows, kind);
    }
}

#define ROW_REDUCTIONS                                                                                                 \
    { REDUCE_SUMS, reduce_max, reduce_min, reduce_extremes }

#endif
