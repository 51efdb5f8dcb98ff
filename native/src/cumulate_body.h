/* Cumulative sums in C, compiled once for each instruction set. */
#ifndef TERSOR_CUMULATE_BODY_H
#define TERSOR_CUMULATE_BODY_H

#include "compiler.h"
#include "real.h"

#if defined(__AVX512F__)
#include <immintrin.h>
enum { CUMULATE_LANES = 8, CUMULATE_VECTORS = 8 };
#elif defined(__AVX__)
enum { CUMULATE_LANES = 4, CUMULATE_VECTORS = 8 };
#else
enum { CUMULATE_LANES = 2, CUMULATE_VECTORS = 4 };
#endif

/* A register of doubles, and the floats that become one, which lie anywhere. */
typedef double cumulate_doubles __attribute__((vector_size(CUMULATE_LANES * 8)));
typedef float cumulate_floats __attribute__((vector_size(CUMULATE_LANES * 4), aligned(4), may_alias));

/*
 * sums + from; `one` is 1, which the compiler must not know. With AVX-512 the multipliers add: conversions take all
 * that the adders can. Of the general form of those GCC makes two of half a register.
 */
ALWAYS_INLINE cumulate_doubles cumulate_add(cumulate_doubles sums, const float *from, cumulate_doubles one) {
#if defined(__AVX512F__)
    const __m512d terms = _mm512_cvtps_pd(_mm256_loadu_ps(from));
    return (cumulate_doubles) _mm512_fmadd_pd(terms, (__m512d) one, (__m512d) sums);
#else
    (void) one;
    return sums + __builtin_convertvector(*(const cumulate_floats *) from, cumulate_doubles);
#endif
}

ALWAYS_INLINE void cumulate_store(float *to, cumulate_doubles sums) {
#if defined(__AVX512F__)
    _mm256_storeu_ps(to, _mm512_cvtpd_ps((__m512d) sums));
#else
    *(cumulate_floats *) to = __builtin_convertvector(sums, cumulate_floats);
#endif
}

/* The sums of so many vectors of columns stay in registers. */
ALWAYS_INLINE void cumulate_strip(const float *from, int64_t count, int64_t step, bool exclusive, float *to) {
    cumulate_doubles sums[CUMULATE_VECTORS], one = (cumulate_doubles){0} + 1.0;
#if defined(__AVX512F__)
    __asm__("" : "+v"(one));
#endif
    UNROLL(8)
    for (int v = 0; v < CUMULATE_VECTORS; v++) {
        sums[v] = (cumulate_doubles){0};
    }
    for (int64_t k = 0; k < count; k++, from += step, to += step) {
        UNROLL(8)
        for (int v = 0; v < CUMULATE_VECTORS; v++) {
            const cumulate_doubles before = sums[v];
            sums[v] = cumulate_add(before, from + v * CUMULATE_LANES, one);
            cumulate_store(to + v * CUMULATE_LANES, exclusive ? before : sums[v]);
        }
    }
}

/* A few columns, which lie so many elements apart: the sum of one does not wait for that of another. */
ALWAYS_INLINE void cumulate_lines(const float *from, int64_t count, int64_t step, int lines, int64_t apart,
                                  bool exclusive, float *to) {
    double sums[CUMULATE_LINES] = {0};
    for (int64_t k = 0; k < count; k++, from += step, to += step) {
        for (int i = 0; i < lines; i++) {
            const double before = sums[i];
            sums[i] = before + (double) from[i * apart];
            to[i * apart] = (float) (exclusive ? before : sums[i]);
        }
    }
}

ALWAYS_INLINE void cumulate_some(const float *from, int64_t count, int64_t step, int64_t lines, int64_t apart,
                                 bool exclusive, float *to) {
    enum { STRIP = CUMULATE_LANES * CUMULATE_VECTORS };
    int64_t i = 0;
    for (; apart == 1 && i + STRIP <= lines; i += STRIP) {
        cumulate_strip(from + i, count, step, exclusive, to + i);
    }
    for (; i + CUMULATE_LINES <= lines; i += CUMULATE_LINES) {
        cumulate_lines(from + i * apart, count, step, CUMULATE_LINES, apart, exclusive, to + i * apart);
    }
    for (; i < lines; i++) {
        cumulate_lines(from + i * apart, count, step, 1, apart, exclusive, to + i * apart);
    }
}

static void cumulate(const float *from, int64_t count, int64_t step, int64_t lines, int64_t apart, bool exclusive,
                     float *to) {
    if (exclusive) {
        cumulate_some(from, count, step, lines, apart, true, to);
    } else {
        cumulate_some(from, count, step, lines, apart, false, to);
    }
}

#endif
