/* Row conversions and sums, compiled once for each instruction set that includes this file; the compiler vectorizes
 * them. */
#ifndef TERSOR_ROWS_H
#define TERSOR_ROWS_H

#include "compiler.h"

static inline void rows_copy(const void *src, int64_t count, void *row) {
    memcpy(row, src, (size_t) count);
}

static inline void rows_copy_f32(const void *src, int64_t count, void *row) {
    memcpy(row, src, (size_t) count * 4);
}

static inline void rows_copy_bf16(const void *src, int64_t count, void *row) {
    memcpy(row, src, (size_t) count * 2);
}

static inline void rows_widen_bf16(const void *src, int64_t count, void *row) {
    const uint16_t *from = src;
    uint32_t *to = row;
    for (int64_t i = 0; i < count; i++) {
        to[i] = (uint32_t) from[i] << 16;
    }
}

/* s8 to u8: adding 128 is flipping the highest bit. */
static inline void rows_shift_s8(const void *src, int64_t count, void *row) {
    const uint8_t *from = src;
    uint8_t *to = row;
    for (int64_t i = 0; i < count; i++) {
        to[i] = from[i] ^ 0x80;
    }
}

static inline void rows_widen_u8(const void *src, int64_t count, void *row) {
    const uint8_t *from = src;
    int16_t *to = row;
    for (int64_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static inline void rows_widen_s8(const void *src, int64_t count, void *row) {
    const int8_t *from = src;
    int16_t *to = row;
    for (int64_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static inline int32_t rows_sum_u8(const void *src, int64_t count, int32_t shift) {
    const uint8_t *from = src;
    uint32_t sum = (uint32_t) count * (uint32_t) shift;
    for (int64_t i = 0; i < count; i++) {
        sum += from[i];
    }
    return (int32_t) sum;
}

static inline int32_t rows_sum_s8(const void *src, int64_t count, int32_t shift) {
    const int8_t *from = src;
    uint32_t sum = (uint32_t) count * (uint32_t) shift;
    for (int64_t i = 0; i < count; i++) {
        sum += (uint32_t) from[i];
    }
    return (int32_t) sum;
}

/* Fields of a gemm_kernel: how it reads rows of a type. */
#define ROWS_OF_U8 .src_bytes = 1, .row_bytes = 1, .convert = rows_copy, .row_sum = rows_sum_u8
#define ROWS_OF_S8 .src_bytes = 1, .row_bytes = 1, .convert = rows_copy, .row_sum = rows_sum_s8
#define ROWS_OF_SHIFTED_S8                                                                                             \
    .src_bytes = 1, .row_bytes = 1, .src_shift = 128, .convert_always = true, .convert = rows_shift_s8,                \
    .row_sum = rows_sum_s8
#define ROWS_OF_WIDE_U8                                                                                                \
    .src_bytes = 1, .row_bytes = 2, .convert_always = true, .convert = rows_widen_u8, .row_sum = rows_sum_u8
#define ROWS_OF_WIDE_S8                                                                                                \
    .src_bytes = 1, .row_bytes = 2, .convert_always = true, .convert = rows_widen_s8, .row_sum = rows_sum_s8
#define ROWS_OF_F32 .src_bytes = 4, .row_bytes = 4, .convert = rows_copy_f32

#endif
