/* tersor_multiply on every instruction set: types, strides, bounds, at unreadable pages, in place. */
#include <math.h>
#include <string.h>

#include "testing.h"

typedef struct operand {
    tersor_type type;
    int32_t zero_point;
    int64_t row_stride, column_stride;
    uint8_t *bytes;
} operand;

static int64_t cases;

static int32_t least(tersor_type type) {
    return type == TERSOR_U8 ? 0 : -128;
}

static operand operand_of(tersor_type type, guard_side side, int64_t rows, int64_t columns, int64_t row_stride,
                          int64_t column_stride) {
    const int64_t count = rows == 0 || columns == 0 ? 0 : (rows - 1) * row_stride + (columns - 1) * column_stride + 1;
    operand o = {type, (int32_t) random_between(least(type), least(type) + 255), row_stride, column_stride,
                 guarded(side, (size_t) count)};
    random_bytes(o.bytes, (size_t) count, false);
    return o;
}

static int32_t level(const operand *o, const uint8_t *bytes, int64_t row, int64_t column) {
    const uint8_t byte = bytes[row * o->row_stride + column * o->column_stride];
    return (o->type == TERSOR_U8 ? byte : (int8_t) byte) - o->zero_point;
}

static void run(uint32_t isa, int64_t rows, int64_t columns, int variant, guard_side side) {
    cases++;
    random_seed((uint64_t) (rows * 1000 + columns * 17 + variant));
    static const tersor_type TYPES[] = {TERSOR_U8, TERSOR_S8};
    const tersor_type dst_type = TYPES[variant & 1];
    const bool in_place = variant % 5 == 0;
    /* Whole rows alike, each row the same, or all apart, for either operand. */
    const int64_t a_column = variant % 3 == 1 ? 0 : 1, b_column = variant % 3 == 2 ? 0 : 1;
    const int64_t a_row = in_place && a_column == 1 ? columns : variant % 7 == 1 ? 0 : columns + variant % 2;
    const int64_t b_row = variant % 4 == 3 ? 0 : b_column == 0 ? 1 : columns;
    const operand a = operand_of(TYPES[variant >> 1 & 1], side, rows, columns, a_row, a_column);
    const operand b = operand_of(TYPES[variant >> 2 & 1], side, rows, columns, b_row, b_column);
    const size_t count = (size_t) (rows * columns);
    uint8_t *dst = in_place && a_column == 1 ? a.bytes : guarded(side, count);
    uint8_t given[4096];
    const size_t a_count = rows == 0 || columns == 0 ? 0 : (size_t) ((rows - 1) * a_row + (columns - 1) * a_column + 1);
    memcpy(given, a.bytes, a_count);
    const int32_t zero_point = (int32_t) random_between(least(dst_type), least(dst_type) + 255);
    const float multiplier = variant % 11 == 0 ? 1e6f : 0.003f;
    bool ok = expect_status(tersor_multiply(isa, rows, columns, a.type, a.zero_point, a_row, a_column, a.bytes, b.type,
                                            b.zero_point, b_row, b_column, b.bytes, multiplier, dst_type, zero_point, dst),
                            TERSOR_OK, "multiply");
    for (int64_t i = 0; ok && i < rows * columns; i++) {
        volatile float factor = (float) level(&b, b.bytes, i / columns, i % columns);
        factor = factor * multiplier;
        volatile float r = (float) level(&a, given, i / columns, i % columns);
        r = r * factor;
        const double rounded = nearbyint((double) r) + zero_point;
        const double max = least(dst_type) + 255;
        const int32_t expected = (int32_t) (rounded < least(dst_type) ? least(dst_type) : rounded > max ? max : rounded);
        ok = dst[i] == (uint8_t) expected;
        if (!ok) {
            fail("isa=%s multiply [%lld, %lld] variant=%d side=%d: %d at %lld, expected %d", tersor_isa_name(isa),
                 (long long) rows, (long long) columns, variant, side, dst[i], (long long) i, (uint8_t) expected);
        }
    }
    guarded_free_all();
}

static void refuse(tersor_type type, int32_t zero_point, int64_t row_stride, int64_t column_stride, int64_t rows,
                   tersor_status expected, const char *what) {
    uint8_t bytes[64] = {0};
    expect_status(tersor_multiply(TERSOR_ISA_PORTABLE, rows, 4, type, zero_point, row_stride, column_stride, bytes,
                                  TERSOR_U8, 0, 4, 1, bytes, 1.0f, TERSOR_U8, 0, bytes), expected, what);
    expect_status(tersor_multiply(TERSOR_ISA_PORTABLE, rows, 4, TERSOR_U8, 0, 4, 1, bytes, type, zero_point, row_stride,
                                  column_stride, bytes, 1.0f, TERSOR_U8, 0, bytes), expected, what);
}

int main(void) {
    static const int64_t COLUMNS[] = {0, 1, 3, 15, 16, 33, 64, 100};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (int variant = 0; (isas & isa) != 0 && variant < 120; variant++) {
            run(isa, variant % 6, COLUMNS[variant % 8], variant, variant % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE);
            run(isa, 3, COLUMNS[variant / 8 % 8], variant, variant % 2 == 0 ? GUARD_BEFORE : GUARD_AFTER);
        }
    }
    refuse(TERSOR_F32, 0, 4, 1, 2, TERSOR_INVALID_ARGUMENT, "floats");
    refuse(TERSOR_S8, 128, 4, 1, 2, TERSOR_INVALID_ARGUMENT, "zero point");
    refuse(TERSOR_U8, 0, -4, 1, 2, TERSOR_INVALID_SIZE, "negative stride");
    refuse(TERSOR_U8, 0, 4, 2, 2, TERSOR_INVALID_SIZE, "column stride");
    refuse(TERSOR_U8, 0, 4, 1, -1, TERSOR_INVALID_SIZE, "rows");
    refuse(TERSOR_U8, 0, INT64_MAX / 2, 1, 9, TERSOR_INVALID_SIZE, "reach");
    uint8_t byte = 0;
    expect_status(tersor_multiply(TERSOR_ISA_PORTABLE, 1, 1, TERSOR_U8, 0, 1, 1, NULL, TERSOR_U8, 0, 1, 1, &byte, 1.0f,
                                  TERSOR_U8, 0, &byte), TERSOR_NULL_POINTER, "no operand");
    expect_status(tersor_multiply(TERSOR_ISA_PORTABLE, 1, 1, TERSOR_U8, 0, 1, 1, &byte, TERSOR_U8, 0, 1, 1, &byte, 1.0f,
                                  TERSOR_F32, 0, &byte), TERSOR_INVALID_ARGUMENT, "results of floats");
    return test_result("multiply", cases);
}
