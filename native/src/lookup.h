/* Tables of 256 bytes. */
#ifndef TERSOR_LOOKUP_H
#define TERSOR_LOOKUP_H

#include <stdint.h>

/* dst may be src. */
typedef void lookup_function(int64_t count, const uint8_t *src, const uint8_t *table, uint8_t *dst);

extern lookup_function lookup__portable, lookup__avx2, lookup__avx512_vbmi;

#endif
