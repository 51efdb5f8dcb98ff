/*
 * Attention's product in vectors. The including file defines
 *   TILE_ROWS, TILE_PANELS         what is computed at a time; TILE_ROWS divides ATTENTION_ROWS
 *   LANES, accumulators, factor    sums in a vector, its type, that of 4 * LANES bytes
 *   load_acc, store_acc            unaligned
 *   load_bytes(from), broadcast(s32)
 *   dot(acc, u8, s8)               adds products of 4 neighbours to each sum, exactly
 */
#include "attention.h"
#include "compiler.h"

enum { PARTS = ATTENTION_LANES / LANES };

/* `panels` panels, at most TILE_PANELS, from the given row and panel on. */
ALWAYS_INLINE void multiply_tile(int panels, const attention_product *p, int64_t row, int64_t panel) {
    const int64_t k = p->steps * ATTENTION_STEP;
    const uint8_t *a = p->a + row * k;
    const int8_t *b = p->b + panel * k * ATTENTION_LANES;
    accumulators acc[TILE_ROWS][TILE_PANELS * PARTS];
    UNROLL(16)
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL(16)
        for (int v = 0; v < panels * PARTS; v++) {
            acc[i][v] = load_acc(p->init + panel * ATTENTION_LANES + v * LANES);
        }
    }
    for (int64_t at = 0; at < k; at += 4, b += 4 * ATTENTION_LANES) {
        factor w[TILE_PANELS * PARTS];
        UNROLL(16)
        for (int v = 0; v < panels * PARTS; v++) {
            w[v] = load_bytes(b + v / PARTS * k * ATTENTION_LANES + v % PARTS * 4 * LANES);
        }
        UNROLL(16)
        for (int i = 0; i < TILE_ROWS; i++) {
            const factor u = broadcast(load_s32(a + i * k + at));
            UNROLL(16)
            for (int v = 0; v < panels * PARTS; v++) {
                acc[i][v] = dot(acc[i][v], u, w[v]);
            }
        }
    }
    UNROLL(16)
    for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL(16)
        for (int v = 0; v < panels * PARTS; v++) {
            store_acc(p->c + ((row + i) * p->panels + panel) * ATTENTION_LANES + v * LANES, acc[i][v]);
        }
    }
}

static void multiply(const attention_product *p) {
    for (int64_t row = 0; row < p->rows; row += TILE_ROWS) {
        int64_t panel = 0;
        for (; panel + TILE_PANELS <= p->panels; panel += TILE_PANELS) {
            multiply_tile(TILE_PANELS, p, row, panel);
        }
        for (; panel < p->panels; panel++) {
            multiply_tile(1, p, row, panel);
        }
    }
}
