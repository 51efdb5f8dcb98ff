/* Softmax of a row in C, compiled once for each instruction set. */
#ifndef TERSOR_SOFTMAX_BODY_H
#define TERSOR_SOFTMAX_BODY_H

#include "reduce_body.h"

/* Exponentials are summed while they are in the first cache. */
enum { SOFTMAX_STRIP = 1024 };

ALWAYS_INLINE void softmax_exponentials(const float *from, int64_t count, float max, float *to) {
    INDEPENDENT
    for (int64_t i = 0; i < count; i++) {
        to[i] = real_exp_of_difference(from[i], max);
    }
}

static void softmax_row(const float *from, int64_t columns, float *to) {
    const float max = reduce_max(from, columns);
    double sum = 0;
    for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
        const int64_t count = min_s64(SOFTMAX_STRIP, columns - i);
        softmax_exponentials(from + i, count, max, to + i);
        sum += reduce_sum(to + i, count);
    }
    const float factor = (float) (1.0 / sum);
    INDEPENDENT
    for (int64_t i = 0; i < columns; i++) {
        to[i] = to[i] * factor;
    }
}

static void log_softmax_row(const float *from, int64_t columns, float *to) {
    const float max = reduce_max(from, columns);
    double sum = 0;
    for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
        float strip[SOFTMAX_STRIP];
        const int64_t count = min_s64(SOFTMAX_STRIP, columns - i);
        softmax_exponentials(from + i, count, max, strip);
        sum += reduce_sum(strip, count);
    }
    const float logarithm = (float) log(sum);
    INDEPENDENT
    for (int64_t i = 0; i < columns; i++) {
        to[i] = from[i] - max - logarithm;
    }
}

#endif
