#include "lookup.h"

void lookup__portable(int64_t count, const uint8_t *src, const uint8_t *table, uint8_t *dst) {
    for (int64_t i = 0; i < count; i++) {
        dst[i] = table[src[i]];
    }
}
