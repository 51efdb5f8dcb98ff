#include <immintrin.h>

#include "limits.h"

/* Two tiles are multiplied into six: with sixteen cycles each, that covers the latency of 52. */
enum { TILES = 8, TILE_ROWS = 16, ROW_BYTES = 64, SUMS = 6 };

typedef struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_config;

static void configure(uint8_t fill) {
    tile_config config = {.palette = 1};
    for (int i = 0; i < TILES; i++) {
        config.row_bytes[i] = ROW_BYTES;
        config.rows[i] = TILE_ROWS;
    }
    uint8_t data[TILE_ROWS * ROW_BYTES];
    memset(data, fill, sizeof data);
    /* Some compilers' intrinsics do not say that they read memory: they would drop what is written to it. */
    __asm__ volatile("" : : "r"(&config), "r"(data) : "memory");
    _tile_loadconfig(&config);
    _tile_loadd(6, data, ROW_BYTES);
    _tile_loadd(7, data, ROW_BYTES);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
}

static void run_int8(int64_t iterations) {
    configure(57);
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        _tile_dpbusd(0, 6, 7);
        _tile_dpbusd(1, 6, 7);
        _tile_dpbusd(2, 6, 7);
        _tile_dpbusd(3, 6, 7);
        _tile_dpbusd(4, 6, 7);
        _tile_dpbusd(5, 6, 7);
    }
    _tile_release();
}

static void run_bf16(int64_t iterations) {
    configure(0x3f);
    for (int64_t iteration = 0; iteration < iterations; iteration++) {
        _tile_dpbf16ps(0, 6, 7);
        _tile_dpbf16ps(1, 6, 7);
        _tile_dpbf16ps(2, 6, 7);
        _tile_dpbf16ps(3, 6, 7);
        _tile_dpbf16ps(4, 6, 7);
        _tile_dpbf16ps(5, 6, 7);
    }
    _tile_release();
}

const limit_loop limit_amx_int8 = {INT64_C(2) * SUMS * TILE_ROWS * 16 * ROW_BYTES, run_int8};
const limit_loop limit_amx_bf16 = {INT64_C(2) * SUMS * TILE_ROWS * 16 * ROW_BYTES / 2, run_bf16};
