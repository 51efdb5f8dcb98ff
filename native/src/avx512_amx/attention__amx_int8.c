/* Attention by AMX: 32 x 16 sums in two tiles, twice, products 64 deep. The rest is that of AVX-512. */
#include "amx_tile.h"
#if defined(TERSOR_EMULATION)
#include "attention_body.h"
#define BESIDE_AMX(name) name
#define SOFTMAX attention_softmax_rows
#else
#include "avx512_vnni/attention_rows__avx512_vnni.h"
#define BESIDE_AMX(name) name##__avx512_vnni
#define SOFTMAX attention_softmax__avx512_vnni
#endif

enum { TILE_ROWS = AMX_TILE_ROWS, TILE_BYTES = TILE_ROWS * AMX_STEP_BYTES, ROW_BYTES = AMX_STEP_BYTES };

/* Some compilers' intrinsics do not say that they read or write memory. */
#define MEMORY_BARRIER() __asm__ volatile("" : : : "memory")

/* Tiles 0 to 3: sums of an even panel (top, bottom) and of an odd one; 4, 5: rows (top, bottom); 6, 7: panels. */
static void enter(void) {
    amx_enter(TILE_ROWS, ROW_BYTES);
}

/*
 * Sums of one panel, into tiles `top` and `bottom` (only if tall). Rows of a single step stay in their tiles from the
 * first panel on. An init of stride 0 is the same for all rows.
 */
#define MULTIPLY_PANEL(p, panel, tall, top, bottom, weights)                                                           \
    do {                                                                                                               \
        const int64_t stride_ = (p)->steps * ROW_BYTES;                                                                \
        const int32_t *init_ = (p)->init + (panel) * ATTENTION_LANES;                                                  \
        const int8_t *b_ = (p)->b + (panel) * (p)->steps * TILE_BYTES;                                                 \
        const uint8_t *a_ = (p)->a;                                                                                    \
        _tile_loadd(top, init_, 0);                                                                                    \
        if (tall) {                                                                                                    \
            _tile_loadd(bottom, init_, 0);                                                                             \
        }                                                                                                              \
        for (int64_t step_ = 0; step_ < (p)->steps; step_++, a_ += ROW_BYTES, b_ += TILE_BYTES) {                      \
            const bool reads_rows_ = (p)->steps > 1 || (panel) == 0;                                                   \
            _tile_loadd(weights, b_, ROW_BYTES);                                                                       \
            if (reads_rows_) {                                                                                         \
                _tile_loadd(4, a_, stride_);                                                                           \
            }                                                                                                          \
            _tile_dpbusd(top, 4, weights);                                                                             \
            if (tall) {                                                                                                \
                if (reads_rows_) {                                                                                     \
                    _tile_loadd(5, a_ + TILE_ROWS * stride_, stride_);                                                 \
                }                                                                                                      \
                _tile_dpbusd(bottom, 5, weights);                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

#define STORE_PANEL(p, panel, tall, top, bottom)                                                                       \
    do {                                                                                                               \
        const int64_t stride_ = (p)->panels * ROW_BYTES;                                                               \
        char *c_ = (char *) (p)->c + (panel) * ROW_BYTES;                                                              \
        _tile_stored(top, c_, stride_);                                                                                \
        if (tall) {                                                                                                    \
            _tile_stored(bottom, c_ + TILE_ROWS * stride_, stride_);                                                   \
        }                                                                                                              \
    } while (0)

/* The sums of a panel are stored while those of the next are in the making: a multiplication takes longer than four
 * others need to issue. */
ALWAYS_INLINE void multiply_rows(const attention_product *p, bool tall) {
    int64_t panel = 0;
    for (; panel < p->panels; panel++) {
        if (panel % 2 == 0) {
            MULTIPLY_PANEL(p, panel, tall, 0, 1, 6);
            if (panel > 0) {
                STORE_PANEL(p, panel - 1, tall, 2, 3);
            }
        } else {
            MULTIPLY_PANEL(p, panel, tall, 2, 3, 7);
            STORE_PANEL(p, panel - 1, tall, 0, 1);
        }
    }
    if (panel % 2 == 1) {
        STORE_PANEL(p, panel - 1, tall, 0, 1);
    } else if (panel > 0) {
        STORE_PANEL(p, panel - 1, tall, 2, 3);
    }
}

static void multiply(const attention_product *p) {
    MEMORY_BARRIER();
    if (p->rows > TILE_ROWS) {
        multiply_rows(p, true);
    } else {
        multiply_rows(p, false);
    }
    MEMORY_BARRIER();
}

const attention_kernel attention__amx_int8 = {
    .name = "u8s8_attention_32x16__amx_int8",
    .enter = enter,
    .leave = amx_leave,
    .copy = BESIDE_AMX(attention_copy),
    .pack_transposed = BESIDE_AMX(attention_pack_transposed),
    .pack = BESIDE_AMX(attention_pack),
    .multiply = multiply,
    .softmax = SOFTMAX,
    .store_f32 = attention_store_f32,
    .store_i8 = BESIDE_AMX(attention_store_i8),
};
