/* Argument checks shared by the public functions; all O(1). */
#ifndef TERSOR_CHECK_H
#define TERSOR_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tersor.h"

#define MAX_DIMENSION INT64_C(0x7fffffff)

/* Leaves the calling function with the status unless it is TERSOR_OK. */
#define RETURN_IF_ERROR(expression)                                                                                    \
    do {                                                                                                               \
        const tersor_status status_ = (expression);                                                                    \
        if (status_ != TERSOR_OK) {                                                                                    \
            return status_;                                                                                            \
        }                                                                                                              \
    } while (0)

static inline tersor_status check_dimension(int64_t value) {
    return value >= 0 && value <= MAX_DIMENSION ? TERSOR_OK : TERSOR_INVALID_SIZE;
}

static inline tersor_status check_range(const void *address, int64_t bytes, size_t alignment) {
    if (bytes == 0) {
        return TERSOR_OK;
    }
    if (address == NULL) {
        return TERSOR_NULL_POINTER;
    }
    if ((uintptr_t) address % alignment != 0) {
        return TERSOR_MISALIGNED;
    }
    if (bytes < 0 || (uint64_t) bytes > PTRDIFF_MAX || (uintptr_t) address > UINTPTR_MAX - (uintptr_t) bytes) {
        return TERSOR_INVALID_SIZE;
    }
    return TERSOR_OK;
}

/* A row-major matrix whose rows lie `ld` elements apart; the last row ends with its last column. */
static inline tersor_status check_matrix(const void *address, int64_t rows, int64_t columns, int64_t ld,
                                         int64_t element_bytes) {
    RETURN_IF_ERROR(check_dimension(rows));
    RETURN_IF_ERROR(check_dimension(columns));
    RETURN_IF_ERROR(check_dimension(ld));
    if (ld < columns) {
        return TERSOR_INVALID_SIZE;
    }
    if (rows == 0 || columns == 0) {
        return TERSOR_OK;
    }
    int64_t bytes = (rows - 1) * ld + columns; /* below 2^62 */
    if (__builtin_mul_overflow(bytes, element_bytes, &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(address, bytes, (size_t) element_bytes);
}

static inline tersor_status check_vector(const void *address, int64_t count, int64_t element_bytes) {
    return check_matrix(address, 1, count, count, element_bytes);
}

/* An array of any length. */
static inline tersor_status check_floats(const float *address, int64_t count) {
    int64_t bytes;
    if (count < 0 || __builtin_mul_overflow(count, INT64_C(4), &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(address, bytes, 4);
}

/* The product of `count` factors that are not negative, unless it leaves int64. */
static inline tersor_status checked_product(const int64_t *factors, int count, int64_t *product) {
    *product = 1;
    for (int i = 0; i < count; i++) {
        if (__builtin_mul_overflow(*product, factors[i], product)) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return TERSOR_OK;
}

/*
 * Rows of columns that may lie at one place: strides of elements, those of rows not negative, of columns 0 or 1. The
 * last element that they reach lies where int64 and the address space have it.
 */
static inline tersor_status check_broadcast(const void *address, int64_t element_bytes, int64_t rows,
                                            int64_t row_stride,
                                            int64_t columns, int64_t column_stride) {
    int64_t bytes;
    if (row_stride < 0 || (column_stride != 0 && column_stride != 1)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (rows == 0 || columns == 0) {
        return TERSOR_OK;
    }
    if (__builtin_mul_overflow(rows - 1, row_stride, &bytes)
        || __builtin_add_overflow(bytes, (columns - 1) * column_stride + 1, &bytes)
        || __builtin_mul_overflow(bytes, element_bytes, &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(address, bytes, (size_t) element_bytes);
}

/* [first, first + count) lies within [0, total). */
static inline tersor_status check_part(int64_t first, int64_t count, int64_t total) {
    const bool inside = first >= 0 && count >= 0 && first <= total && count <= total - first;
    return inside ? TERSOR_OK : TERSOR_INVALID_SIZE;
}

static inline tersor_status check_buffer(const void *address, int64_t bytes, int64_t needed) {
    if (bytes < needed) {
        return TERSOR_BUFFER_TOO_SMALL;
    }
    return check_range(address, needed, TERSOR_ALIGNMENT);
}

static inline bool is_i8(tersor_type type) {
    return type == TERSOR_U8 || type == TERSOR_S8;
}

static inline bool is_float(tersor_type type) {
    return type == TERSOR_F32 || type == TERSOR_BF16;
}

static inline int32_t type_min(tersor_type type) {
    return type == TERSOR_U8 ? 0 : -128;
}

static inline int32_t type_max(tersor_type type) {
    return type == TERSOR_U8 ? 255 : 127;
}

/* A zero point lies within its 8-bit type; the wider types have none. */
static inline tersor_status check_zero_point(tersor_type type, int32_t zero_point) {
    const bool valid = is_i8(type) ? zero_point >= type_min(type) && zero_point <= type_max(type) : zero_point == 0;
    return valid ? TERSOR_OK : TERSOR_INVALID_ARGUMENT;
}

static inline int64_t type_bytes(tersor_type type) {
    return is_i8(type) ? 1 : type == TERSOR_BF16 ? 2 : 4;
}

#endif
