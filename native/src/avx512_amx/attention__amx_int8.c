/* Attention by AMX: 32 x 32 sums in four tiles, products 64 deep. The rest is that of AVX-512. */
#if defined(TERSOR_EMULATION)
#include "amx_emulation.h"
#include "attention_body.h"
#define BESIDE_AMX(name) name
#define SOFTMAX attention_softmax_rows
#else
#include "avx512_vnni/attention_rows__avx512_vnni.h"
#define BESIDE_AMX(name) name##__avx512_vnni
#define SOFTMAX attention_softmax__avx512_vnni
#endif

enum { TILE_ROWS = 16, TILE_BYTES = 1024, ROW_BYTES = 64 };

/* Some compilers' intrinsics do not say that they read or write memory. */
#define MEMORY_BARRIER() __asm__ volatile("" : : : "memory")

/* Tiles 0 to 3: sums (top left, top right, bottom left, bottom right); 4, 5: rows; 6, 7: panels. */
static void enter(void) {
    _Alignas(64) uint8_t configuration[64] = {1};
    for (int i = 0; i < 8; i++) {
        configuration[16 + 2 * i] = ROW_BYTES;
        configuration[48 + i] = TILE_ROWS;
    }
    MEMORY_BARRIER();
    _tile_loadconfig(configuration);
    MEMORY_BARRIER();
}

static void leave(void) {
    _tile_release();
}

/* Two panels, or (wide false) one, times 32 rows, or (tall false) 16. An init of stride 0 is the same for all rows. */
ALWAYS_INLINE void multiply_tiles(const attention_product *p, int64_t row, int64_t panel, bool tall, bool wide) {
    const int64_t stride = p->steps * ROW_BYTES, c_stride = p->panels * ROW_BYTES;
    const uint8_t *top = p->a + row * stride, *bottom = top + TILE_ROWS * stride;
    const int8_t *left = p->b + panel * p->steps * TILE_BYTES, *right = left + p->steps * TILE_BYTES;
    const int32_t *init = p->init + panel * ATTENTION_LANES;
    char *c = (char *) p->c + row * c_stride + panel * ROW_BYTES;
    _tile_loadd(0, init, 0);
    if (wide) {
        _tile_loadd(1, init + ATTENTION_LANES, 0);
    }
    if (tall) {
        _tile_loadd(2, init, 0);
    }
    if (tall && wide) {
        _tile_loadd(3, init + ATTENTION_LANES, 0);
    }
    for (int64_t step = 0; step < p->steps; step++) {
        _tile_loadd(6, left + step * TILE_BYTES, ROW_BYTES);
        _tile_loadd(4, top + step * ROW_BYTES, stride);
        _tile_dpbusd(0, 4, 6);
        if (wide) {
            _tile_loadd(7, right + step * TILE_BYTES, ROW_BYTES);
            _tile_dpbusd(1, 4, 7);
        }
        if (tall) {
            _tile_loadd(5, bottom + step * ROW_BYTES, stride);
            _tile_dpbusd(2, 5, 6);
        }
        if (tall && wide) {
            _tile_dpbusd(3, 5, 7);
        }
    }
    _tile_stored(0, c, c_stride);
    if (wide) {
        _tile_stored(1, c + ROW_BYTES, c_stride);
    }
    if (tall) {
        _tile_stored(2, c + TILE_ROWS * c_stride, c_stride);
    }
    if (tall && wide) {
        _tile_stored(3, c + TILE_ROWS * c_stride + ROW_BYTES, c_stride);
    }
}

ALWAYS_INLINE void multiply_rows(const attention_product *p, bool tall) {
    int64_t panel = 0;
    for (; panel + 2 <= p->panels; panel += 2) {
        multiply_tiles(p, 0, panel, tall, true);
    }
    if (panel < p->panels) {
        multiply_tiles(p, 0, panel, tall, false);
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
    .name = "u8s8_attention_32x32__amx_int8",
    .enter = enter,
    .leave = leave,
    .copy = BESIDE_AMX(attention_copy),
    .pack_transposed = BESIDE_AMX(attention_pack_transposed),
    .pack = BESIDE_AMX(attention_pack),
    .multiply = multiply,
    .softmax = SOFTMAX,
    .store_f32 = attention_store_f32,
    .store_i8 = BESIDE_AMX(attention_store_i8),
};
