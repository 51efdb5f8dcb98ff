/* Tiles of AMX registers: 0 to 3 hold sums, 4 and 5 rows of the source, 6 and 7 weights. A k step is up to 64 bytes. */
#ifndef TERSOR_AMX_TILE_H
#define TERSOR_AMX_TILE_H

#if !defined(TERSOR_EMULATION)
#include <immintrin.h>
#endif

/* Instead of everything that AMX machines have, or of the tiles alone. */
#if defined(TERSOR_EMULATION) || defined(TERSOR_EMULATED_TILES)
#include "amx_emulation.h"
#endif

#include "compiler.h"
#include "gemm.h"

enum {
    AMX_TILE_ROWS = 16,
    AMX_TILE_COLUMNS = 16,
    AMX_STEP_BYTES = 64,
    AMX_CHUNK_BYTES = 36 * 1024 /* of a panel, in L1 */
};

/* Column tiles of a panel: 3 or 4, a constant wherever it is a parameter. */
typedef int amx_width;

/* Bytes between rows of a panel, and of sums. */
ALWAYS_INLINE int64_t amx_stride(amx_width width) {
    return (int64_t) width * 64;
}

ALWAYS_INLINE int64_t amx_sums_bytes(amx_width width) {
    return AMX_TILE_ROWS * amx_stride(width);
}

typedef enum amx_product { AMX_U8S8, AMX_S8S8, AMX_BF16 } amx_product;

typedef struct amx_configuration {
    uint8_t palette;
    uint8_t start_row;
    uint8_t reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} amx_configuration;

/* Tiles of so many rows, steps of so many bytes. Takes as long as four steps, and forgets all tiles. */
static void amx_enter(int64_t rows, int64_t step_bytes) {
    _Alignas(64) amx_configuration c = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        const bool source = i == 4 || i == 5, weights = i > 5;
        c.rows[i] = (uint8_t) (weights ? step_bytes / 4 : rows);
        c.row_bytes[i] = (uint16_t) (source ? step_bytes : 64);
    }
    /* Some compilers' intrinsic does not say that it reads all 64 bytes. */
    __asm__ volatile("" : : "r"(&c) : "memory");
    _tile_loadconfig(&c);
}

static void amx_leave(void) {
    _tile_release();
}

/* sums += a * b, where all three are numbers of tiles. */
#define AMX_DOT(product, sums, a, b)                                                                                   \
    do {                                                                                                               \
        if ((product) == AMX_U8S8) {                                                                                   \
            _tile_dpbusd(sums, a, b);                                                                                  \
        } else if ((product) == AMX_S8S8) {                                                                            \
            _tile_dpbssd(sums, a, b);                                                                                  \
        } else {                                                                                                       \
            _tile_dpbf16ps(sums, a, b);                                                                                \
        }                                                                                                              \
    } while (0)

#endif
