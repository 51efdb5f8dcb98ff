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

static inline void emulated_loadconfig(const void *address) {
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

static inline void emulated_release(void) {
    memset(emulated_tiles, 0, sizeof emulated_tiles);
}

static __attribute__((noinline, unused)) void emulated_loadd(int index, const void *base, int64_t stride) {
    emulated_tile *t = &emulated_tiles[index];
    emulated_require(t->rows > 0);
    for (int i = 0; i < t->rows; i++) {
        memcpy(t->data[i], (const char *) base + i * stride, (size_t) t->row_bytes);
    }
}

static inline void emulated_stream_loadd(int index, const void *base, int64_t stride) {
    emulated_loadd(index, base, stride);
}

static inline void emulated_zero(int index) {
    emulated_require(emulated_tiles[index].rows > 0);
    memset(emulated_tiles[index].data, 0, sizeof emulated_tiles[index].data);
}

static __attribute__((noinline, unused)) void emulated_stored(int index, void *base, int64_t stride) {
    const emulated_tile *t = &emulated_tiles[index];
    emulated_require(t->rows > 0);
    for (int i = 0; i < t->rows; i++) {
        memcpy((char *) base + i * stride, t->data[i], (size_t) t->row_bytes);
    }
}

static __attribute__((noinline)) void emulated_dot(int c, int a, int b, bool a_signed, bool b_signed) {
    emulated_tile *tc = &emulated_tiles[c];
    const emulated_tile *ta = &emulated_tiles[a], *tb = &emulated_tiles[b];
    emulated_require(tc->rows > 0 && tc->rows == ta->rows && tc->row_bytes == tb->row_bytes);
    emulated_require(ta->row_bytes == 4 * tb->rows);
    for (int i = 0; i < tc->rows; i++) {
        uint32_t sums[16] = {0};
        memcpy(sums, tc->data[i], (size_t) tc->row_bytes);
        for (int k = 0; k < tb->rows; k++) {
            for (int j = 0; j < tc->row_bytes / 4; j++) {
                for (int l = 0; l < 4; l++) {
                    const uint8_t x = ta->data[i][4 * k + l], y = tb->data[k][4 * j + l];
                    sums[j] += (uint32_t) ((a_signed ? (int8_t) x : x) * (b_signed ? (int8_t) y : y));
                }
            }
        }
        memcpy(tc->data[i], sums, (size_t) tc->row_bytes);
    }
}

static inline float emulated_bf16(const uint8_t *from) {
    const uint32_t bits = (uint32_t) from[0] << 16 | (uint32_t) from[1] << 24;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* Without the hardware's flushing of subnormal numbers. */
static __attribute__((noinline, unused)) void emulated_dpbf16ps(int c, int a, int b) {
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

static inline void emulated_dpbusd(int c, int a, int b) {
    emulated_dot(c, a, b, false, true);
}

static inline void emulated_dpbssd(int c, int a, int b) {
    emulated_dot(c, a, b, true, true);
}

static inline void emulated_dpbsud(int c, int a, int b) {
    emulated_dot(c, a, b, true, false);
}

/* In the place of intrinsics, which may be functions or macros. */
#undef _tile_loadconfig
#define _tile_loadconfig emulated_loadconfig
#undef _tile_release
#define _tile_release emulated_release
#undef _tile_loadd
#define _tile_loadd emulated_loadd
#undef _tile_stream_loadd
#define _tile_stream_loadd emulated_stream_loadd
#undef _tile_zero
#define _tile_zero emulated_zero
#undef _tile_stored
#define _tile_stored emulated_stored
#undef _tile_dpbf16ps
#define _tile_dpbf16ps emulated_dpbf16ps
#undef _tile_dpbusd
#define _tile_dpbusd emulated_dpbusd
#undef _tile_dpbssd
#define _tile_dpbssd emulated_dpbssd
#undef _tile_dpbsud
#define _tile_dpbsud emulated_dpbsud

#endif
