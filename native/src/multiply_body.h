/* Products of bytes in plain C, compiled once for each instruction set; the compiler vectorizes the loops. */
#ifndef TERSOR_MULTIPLY_BODY_H
#define TERSOR_MULTIPLY_BODY_H

#include "compiler.h"
#include "elementwise.h"
#include "scalar.h"

/* A byte less its zero point: s8 becomes u8 with its highest bit flipped, and the zero point with it. */
ALWAYS_INLINE float multiply_factor(const multiply_operand *x, uint8_t byte) {
    return (float) ((int32_t) (byte ^ x->flip) - x->zero_point);
}

ALWAYS_INLINE void multiply_columns(const byte_product *p, int64_t a_step, int64_t b_step, const uint8_t *a,
                                    const uint8_t *b, uint8_t *to) {
    const multiply_operand a_form = p->a, b_form = p->b;
    const float multiplier = p->multiplier, lo = p->lo, hi = p->hi;
    const int32_t zero_point = p->zero_point;
    const int64_t columns = p->columns;
    for (int64_t i = 0; i < columns; i++) {
        const float factor = multiply_factor(&b_form, b[i * b_step]) * multiplier;
        const float r = multiply_factor(&a_form, a[i * a_step]) * factor;
        to[i] = (uint8_t) scalar_round(scalar_clamp(r, lo, hi), zero_point);
    }
}

static void multiply_rows(const byte_product *p, int64_t rows, const uint8_t *a, const uint8_t *b, uint8_t *to) {
    for (int64_t row = 0; row < rows; row++, a += p->a.row_stride, b += p->b.row_stride, to += p->columns) {
        if (p->a.column_stride == 0) {
            if (p->b.column_stride == 0) {
                multiply_columns(p, 0, 0, a, b, to);
            } else {
                multiply_columns(p, 0, 1, a, b, to);
            }
        } else if (p->b.column_stride == 0) {
            multiply_columns(p, 1, 0, a, b, to);
        } else {
            multiply_columns(p, 1, 1, a, b, to);
        }
    }
}

#endif
