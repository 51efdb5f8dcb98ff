/*
 * Softmax of rows in C, compiled once for each instruction set. An including file may define SOFTMAX_MAX,
 * SOFTMAX_EXPONENTIALS and LOG_SOFTMAX_EXPONENTIALS as better functions of the kinds of reduce_max, which need not tell
 * of NaNs, softmax_exponentials and log_softmax_exponentials.
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

static double log_softmax_exponentials(const float *from, int64_t count, float max) {
    float strip[SOFTMAX_STRIP];
    return softmax_exponentials(from, count, max, strip);
}
#define SOFTMAX_MAX reduce_max
#define SOFTMAX_EXPONENTIALS softmax_exponentials
#define LOG_SOFTMAX_EXPONENTIALS log_softmax_exponentials
#endif

/* In steps over all rows: what waits for a row's maximum or sum does not hold up the next ones. */
static void softmax_rows(const float *from, int64_t rows, int64_t columns, float *to) {
    float max[SOFTMAX_ROWS], factor[SOFTMAX_ROWS];
    for (int64_t r = 0; r < rows; r++) {
        max[r] = SOFTMAX_MAX(from + r * columns, columns);
    }
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
            const int64_t at = r * columns + i;
            sum += SOFTMAX_EXPONENTIALS(from + at, min_s64(SOFTMAX_STRIP, columns - i), max[r], to + at);
        }
        factor[r] = (float) (1.0 / sum);
    }
    for (int64_t r = 0; r < rows; r++) {
        float *row = to + r * columns;
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++) {
            row[i] = row[i] * factor[r];
        }
    }
}

static void log_softmax_rows(const float *from, int64_t rows, int64_t columns, float *to) {
    float max[SOFTMAX_ROWS], logarithm[SOFTMAX_ROWS];
    for (int64_t r = 0; r < rows; r++) {
        max[r] = SOFTMAX_MAX(from + r * columns, columns);
    }
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < columns; i += SOFTMAX_STRIP) {
            sum += LOG_SOFTMAX_EXPONENTIALS(from + r * columns + i, min_s64(SOFTMAX_STRIP, columns - i), max[r]);
        }
        logarithm[r] = (float) log(sum);
    }
    for (int64_t r = 0; r < rows; r++) {
        const float *x = from + r * columns;
        float *row = to + r * columns;
        INDEPENDENT
        for (int64_t i = 0; i < columns; i++) {
            row[i] = x[i] - max[r] - logarithm[r];
        }
    }
}

#endif
