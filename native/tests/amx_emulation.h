/*
 * The AMX intrinsics that the kernels use, in plain C, for machines without AMX and for sanitizers. Stricter than the
 * hardware where the kernels rely on it: a tile that is not configured, or shapes that do not fit, abort.
 */
#ifndef TERSOR_AMX_EMULATION_H
#define TERSOR_AMX_EMULATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct emulated_tile {
    int rows, row_bytes;
    uint8_t data[16][64];
} emulated_tile;

static _Thread_local emulated_tile emulated_tiles[8];

static inline void emulated_require(int condition) {
    if (!condition) {
        abort();
    }
}

static inline void _tile_loadconfig(const void *address) {
    const uint8_t *c = address;
    emulated_require(c[0] == 1 && c[1] == 0);
    for (int i = 0; i < 8; i++) {
        emulated_tile *t = &emulated_tiles[i];
        memset(t, 0, sizeof *t);
        t->row_bytes = c[16 + 2 * i] | c[17 + 2 * i] << 8;
        t->rows = c[48 + i];
        emulated_require(t->rows <= 16 && t->row_bytes <= 64 && (t->rows == 0) == (t->row_bytes == 0));
    }
}

static inline void _tile_release(void) {
    memset(emulated_tiles, 0, sizeof emulated_tiles);
}

static inline void _tile_loadd(int index, const void *base, int64_t stride) {
    emulated_tile *t = &emulated_tiles[index];
    emulated_require(t->rows > 0);
    for (int i = 0; i < t->rows; i++) {
        memcpy(t->data[i], (const char *) base + i * stride, (size_t) t->row_bytes);
    }
}

static inline void _tile_stream_loadd(int index, const void *base, int64_t stride) {
    _tile_loadd(index, base, stride);
}

static inline void _tile_zero(int index) {
    emulated_require(emulated_tiles[index].rows > 0);
    memset(emulated_tiles[index].data, 0, sizeof emulated_tiles[index].data);
}

static inline void _tile_stored(int index, void *base, int64_t stride) {
    const emulated_tile *t = &emulated_tiles[index];
    emulated_require(t->rows > 0);
    for (int i = 0; i < t->rows; i++) {
        memcpy((char *) base + i * stride, t->data[i], (size_t) t->row_bytes);
    }
}

static inline void emulated_dot(int c, int a, int b, bool a_signed, bool b_signed) {
    emulated_tile *tc = &emulated_tiles[c];
    const emulated_tile *ta = &emulated_tiles[a], *tb = &emulated_tiles[b];
    emulated_require(tc->rows > 0 && tc->rows == ta->rows && tc->row_bytes == tb->row_bytes);
    emulated_require(ta->row_bytes == 4 * tb->rows);
    for (int i = 0; i < tc->rows; i++) {
        for (int j = 0; j < tc->row_bytes / 4; j++) {
            uint32_t acc;
            memcpy(&acc, &tc->data[i][4 * j], 4);
            for (int k = 0; k < ta->row_bytes; k++) {
                const uint8_t x = ta->data[i][k];
                const uint8_t y = tb->data[k / 4][4 * j + k % 4];
                const int product = (a_signed ? (int8_t) x : x) * (b_signed ? (int8_t) y : y);
                acc += (uint32_t) product;
            }
            memcpy(&tc->data[i][4 * j], &acc, 4);
        }
    }
}

static inline float emulated_bf16(const uint8_t *from) {
    const uint32_t bits = (uint32_t) from[0] << 16 | (uint32_t) from[1] << 24;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* Without the hardware's flushing of subnormal numbers. */
static inline void _tile_dpbf16ps(int c, int a, int b) {
    emulated_tile *tc = &emulated_tiles[c];
    const emulated_tile *ta = &emulated_tiles[a], *tb = &emulated_tiles[b];
    emulated_require(tc->rows > 0 && tc->rows == ta->rows && tc->row_bytes == tb->row_bytes);
    emulated_require(ta->row_bytes == 4 * tb->rows);
    for (int i = 0; i < tc->rows; i++) {
        for (int j = 0; j < tc->row_bytes / 4; j++) {
            float acc;
            memcpy(&acc, &tc->data[i][4 * j], 4);
            for (int k = 0; k < ta->row_bytes / 2; k++) {
                acc += emulated_bf16(&ta->data[i][2 * k]) * emulated_bf16(&tb->data[k / 2][4 * j + k % 2 * 2]);
            }
            memcpy(&tc->data[i][4 * j], &acc, 4);
        }
    }
}

static inline void _tile_dpbusd(int c, int a, int b) {
    emulated_dot(c, a, b, false, true);
}

static inline void _tile_dpbssd(int c, int a, int b) {
    emulated_dot(c, a, b, true, true);
}

static inline void _tile_dpbsud(int c, int a, int b) {
    emulated_dot(c, a, b, true, false);
}

#endif
