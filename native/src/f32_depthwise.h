/*
 * f32 depthwise sums of two vectors of channels, of four pixels side by side: their sums hide the latency of the
 * additions. Every instruction set that has vectors includes this file once, after it has defined
 *
 *   LANES                       floats in a vector
 *   floats                      type of a vector
 *   zero()                      a vector of zeros
 *   load(from), load_aligned(from), store_aligned(to, v)
 *   multiply_add(a, b, acc)
 */
#include "compiler.h"
#include "depthwise.h"

enum { PIXELS = 4, CHANNELS = 2 * LANES };

ALWAYS_INLINE void sum_pixels(const depthwise_tile *t, int64_t p, int pixels) {
    const char *src = t->src + p * t->src_stride;
    floats acc[PIXELS][2];
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        acc[i][0] = acc[i][1] = zero();
    }
    const float *weights = t->weights;
    for (int64_t s = 0; s < t->steps; s++, weights += CHANNELS) {
        const floats w0 = load_aligned(weights), w1 = load_aligned(weights + LANES);
        UNROLL(4)
        for (int i = 0; i < pixels; i++) {
            const float *a = const_row_of(src + t->offsets[s], i, t->src_stride);
            acc[i][0] = multiply_add(load(a), w0, acc[i][0]);
            acc[i][1] = multiply_add(load(a + LANES), w1, acc[i][1]);
        }
    }
    float *to = (float *) t->acc + p * CHANNELS;
    UNROLL(4)
    for (int i = 0; i < pixels; i++) {
        store_aligned(to + i * CHANNELS, acc[i][0]);
        store_aligned(to + i * CHANNELS + LANES, acc[i][1]);
    }
}

static void sum(const depthwise_tile *t) {
    int64_t p = 0;
    for (; p + PIXELS <= t->pixels; p += PIXELS) {
        sum_pixels(t, p, PIXELS);
    }
    for (; p < t->pixels; p++) {
        sum_pixels(t, p, 1);
    }
}
