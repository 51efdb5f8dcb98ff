/*
 * Softmax of a row in C, compiled once for each instruction set. An including file may define SOFTMAX_MAX and
 * SOFTMAX_EXPONENTIALS as better functions of the kinds of reduce_max, which need not tell of NaNs, and
 * softmax_exponentials.
 */
#ifndef TERSOR_SOFTMAX_BODY_H
#define TERSOR_SOFTMAX_BODY_H

#include "reduce_body.h"

/* Exponentials are summed while they are in the first cache. */
enum { SOFTMAX_STRIP = 1024 };

#ifndef SOFTMAX_EXPONENTIALS
/* At most SOFTMAX_STRIP of them; returns their sum. */
static double softmax_exponentials(const float *from, int64_t count, float max, float *to) {
    INDEPENDENT
    for (int64_t i = 0; i < count; i++) {
        to[i] = real_exp_of_difference(from[i], max);
    }
    return reduce_sum(to, count);
}
#define SOFTMAX_MAX reduce_max
#define SOFTMAX_EXPONENTIALS softmax_exponentials
#endif

static void softmax_row(const float *from, int64_t columns, float *to) {
    const float max = SOFTMAX_MAX(from, columns);
    double sum = 0;
    for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
        const int64_t count = min_s64(SOFTMAX_STRIP, columns - i);
        sum += SOFTMAX_EXPONENTIALS(from + i, count, max, to + i);
    }
    const float factor = (float) (1.0 / sum);
    INDEPENDENT
    for (int64_t i = 0; i < columns; i++) {
        to[i] = to[i] * factor;
    }
}

static void log_softmax_row(const float *from, int64_t columns, float *to) {
    const float max = SOFTMAX_MAX(from, columns);
    double sum = 0;
    for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
        float strip[SOFTMAX_STRIP];
        const int64_t count = min_s64(SOFTMAX_STRIP, columns - i);
        sum += SOFTMAX_EXPONENTIALS(from + i, count, max, strip);
    }
    const float logarithm = (float) log(sum);
    INDEPENDENT
    for (int64_t i = 0; i < columns; i++) {
        to[i] = from[i] - max - logarithm;
    }
}

#endif
