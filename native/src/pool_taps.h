/* Where the windows of pooling meet an image, along one axis. */
#ifndef TERSOR_POOL_TAPS_H
#define TERSOR_POOL_TAPS_H

#include "compiler.h"

/* The taps of a window that lie inside one axis of an image. */
typedef struct taps {
    int64_t first, count; /* the first one's place */
} taps;

/* The steps that cover a distance; a division takes as long as a window. */
ALWAYS_INLINE int64_t steps_over(int64_t distance, int64_t step) {
    return step == 1 ? distance : (distance + step - 1) / step;
}

ALWAYS_INLINE taps taps_inside(int64_t start, int64_t dilation, int64_t window, int64_t extent) {
    const int64_t before = start >= 0 ? 0 : steps_over(-start, dilation);
    const int64_t end = start >= extent ? 0 : steps_over(extent - start, dilation);
    return (taps){start + before * dilation, (end < window ? end : window) - before};
}

/* How many taps lie before `end`, of the image or of its padding. */
ALWAYS_INLINE int64_t taps_before(int64_t start, int64_t dilation, int64_t window, int64_t end) {
    const int64_t count = start >= end ? 0 : steps_over(end - start, dilation);
    return count < window ? count : window;
}

#endif
