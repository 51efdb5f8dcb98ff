/*
 * Weighted sums of a few positions along one axis in plain C, compiled once for each instruction set; the compiler
 * vectorizes the loops, with gathers along a last axis.
 */
#ifndef TERSOR_INTERPOLATE_BODY_H
#define TERSOR_INTERPOLATE_BODY_H

#include "compiler.h"
#include "real.h"

enum { INTERPOLATE_STRIP = 64 };

/* One line whose neighbours are one element apart; no index is negative. */
static void interpolate_line(const interpolation *p, const float *restrict from, float *restrict to) {
    const int64_t count = p->count;
    const int32_t *i0 = p->index, *i1 = i0 + count, *i2 = i1 + count, *i3 = i2 + count;
    const float *w0 = p->weights, *w1 = w0 + count, *w2 = w1 + count, *w3 = w2 + count;
    if (p->taps == 2) {
        for (int64_t i = 0; i < count; i++) {
            to[i] = w0[i] * from[i0[i]] + w1[i] * from[i1[i]];
        }
        return;
    }
    if (p->taps == 4) {
        for (int64_t i = 0; i < count; i++) {
            to[i] = w0[i] * from[i0[i]] + w1[i] * from[i1[i]] + w2[i] * from[i2[i]] + w3[i] * from[i3[i]];
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        to[i] = w0[i] * from[i0[i]];
    }
    for (int64_t t = 1; t < p->taps; t++) {
        const int32_t *index = p->index + t * count;
        const float *weights = p->weights + t * count;
        for (int64_t i = 0; i < count; i++) {
            to[i] += weights[i] * from[index[i]];
        }
    }
}

/* The same with what is left out. */
static void interpolate_sparse_line(const interpolation *p, const float *from, float *to) {
    for (int64_t i = 0; i < p->count; i++) {
        float sum = 0.0f;
        for (int64_t t = 0; t < p->taps; t++) {
            const int32_t index = p->index[t * p->count + i];
            sum += index < 0 ? 0.0f : p->weights[t * p->count + i] * from[index];
        }
        to[i] = sum;
    }
}

/* A run of neighbours of position i; strips of constant length stay in registers. */
ALWAYS_INLINE void interpolate_strip(const interpolation *p, int64_t i, const float *from, int64_t length,
                                     float *restrict to) {
    float sums[INTERPOLATE_STRIP] = {0};
    for (int64_t t = 0; t < p->taps; t++) {
        const int32_t index = p->index[t * p->count + i];
        const float weight = p->weights[t * p->count + i], *run = from + index * p->inner;
        if (index >= 0) {
            for (int64_t j = 0; j < length; j++) {
                sums[j] += weight * run[j];
            }
        }
    }
    for (int64_t j = 0; j < length; j++) {
        to[j] = sums[j];
    }
}

static void interpolate(const interpolation *p, const float *from, float *to) {
    if (p->inner == 1) {
        if (p->leaves_out) {
            interpolate_sparse_line(p, from, to);
        } else {
            interpolate_line(p, from, to);
        }
        return;
    }
    const int64_t whole = p->inner - p->inner % INTERPOLATE_STRIP;
    for (int64_t i = 0; i < p->count; i++, to += p->inner) {
        for (int64_t j = 0; j < whole; j += INTERPOLATE_STRIP) {
            interpolate_strip(p, i, from + j, INTERPOLATE_STRIP, to + j);
        }
        if (whole < p->inner) {
            interpolate_strip(p, i, from + whole, p->inner - whole, to + whole);
        }
    }
}

#endif
