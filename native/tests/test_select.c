/* Choices by a condition on every instruction set, of every kind of operand, at unreadable pages. */
#include <string.h>

#include "testing.h"

static int64_t cases;

enum { OPERANDS = 3 };

typedef struct operand {
    int64_t row, column, count;
    uint8_t *data;
} operand;

/* kind: bit 0: columns of its own; bit 1: rows of its own, with a gap between them. */
static operand draw(int kind, int64_t bytes, int64_t rows, int64_t columns, guard_side side) {
    operand o = {.column = kind & 1};
    o.row = (kind >> 1) * ((o.column != 0 ? columns : 1) + 3);
    o.count = rows == 0 || columns == 0 ? 0 : (rows - 1) * o.row + (columns - 1) * o.column + 1;
    o.data = guarded(side, (size_t) (o.count * bytes));
    random_bytes(o.data, (size_t) (o.count * bytes), false);
    return o;
}

static void run(uint32_t isa, int64_t bytes, int64_t rows, int64_t columns, int kinds, guard_side side) {
    cases++;
    random_seed((uint64_t) (rows * 1000 + columns * 64 + kinds + 1));
    operand o[OPERANDS];
    for (int i = 0; i < OPERANDS; i++) {
        o[i] = draw(kinds >> 2 * i & 3, i == 0 ? 1 : bytes, rows, columns, side);
    }
    for (int64_t i = 0; i < o[0].count; i++) {
        o[0].data[i] = (uint8_t) (random_between(0, 1) != 0 ? 0 : o[0].data[i]);
    }
    uint8_t *dst = guarded(side, (size_t) (rows * columns * bytes));
    bool ok = expect_status(tersor_select(isa, (int32_t) bytes, rows, columns, o[0].data, o[0].row, o[0].column,
                                          o[1].data,
                                          o[1].row, o[1].column, o[2].data, o[2].row, o[2].column, dst),
                            TERSOR_OK, "select");
    for (int64_t i = 0; ok && i < rows * columns; i++) {
        const int64_t row = i / columns, column = i % columns;
        const operand *from = &o[o[0].data[row * o[0].row + column * o[0].column] != 0 ? 1 : 2];
        if (memcmp(dst + i * bytes, from->data + (row * from->row + column * from->column) * bytes,
                   (size_t) bytes) != 0) {
            ok = false;
            fail("isa=%s select of %lld bytes [%lld, %lld] kinds=%d side=%d at %lld", tersor_isa_name(isa),
                 (long long) bytes, (long long) rows, (long long) columns, kinds, side, (long long) i);
        }
    }
    guarded_free_all();
}

static void run_refusals(void) {
    cases++;
    const uint8_t condition[4] = {0, 1, 0, 1};
    int32_t from[4] = {1, 2, 3, 4}, to[4] = {7, 7, 7, 7};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    expect_status(tersor_select(0, 4, 1, 4, condition, 0, 1, from, 0, 1, from, 0, 1, to), TERSOR_UNSUPPORTED_ISA,
                  "isa");
    expect_status(tersor_select(isa, 3, 1, 4, condition, 0, 1, from, 0, 1, from, 0, 1, to), TERSOR_INVALID_ARGUMENT,
                  "bytes");
    expect_status(tersor_select(isa, 4, 1, -4, condition, 0, 1, from, 0, 1, from, 0, 1, to), TERSOR_INVALID_SIZE,
                  "columns");
    expect_status(tersor_select(isa, 4, 1, 4, condition, 0, 2, from, 0, 1, from, 0, 1, to), TERSOR_INVALID_ARGUMENT,
                  "column stride");
    expect_status(tersor_select(isa, 4, 1, 4, condition, 0, 1, from, -1, 1, from, 0, 1, to), TERSOR_INVALID_ARGUMENT,
                  "row stride");
    expect_status(tersor_select(isa, 4, 3, 1, condition, 0, 1, from, 0, 1, from, INT64_MAX, 1, to), TERSOR_INVALID_SIZE,
                  "reach");
    expect_status(tersor_select(isa, 8, INT64_MAX / 4, 4, condition, 0, 0, from, 0, 0, from, 0, 0, to),
                  TERSOR_INVALID_SIZE, "overflow");
    expect_status(tersor_select(isa, 4, 1, 4, NULL, 0, 1, from, 0, 1, from, 0, 1, to), TERSOR_NULL_POINTER, "null");
    expect_status(tersor_select(isa, 4, 1, 3, condition, 0, 1, from, 0, 1, from, 0, 1, (char *) to + 1),
                  TERSOR_MISALIGNED, "misaligned");
    expect_status(tersor_select(isa, 4, 0, 4, NULL, 0, 1, NULL, 0, 1, NULL, 0, 1, NULL), TERSOR_OK, "nothing");
    for (int i = 0; i < 4; i++) {
        expect_status(to[i] == 7 ? TERSOR_OK : TERSOR_INVALID_ARGUMENT, TERSOR_OK, "what is refused leaves dst alone");
    }
}

int main(void) {
    static const int64_t COLUMNS[] = {0, 1, 2, 7, 16, 17, 33, 65, 130};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof COLUMNS / sizeof *COLUMNS; i++) {
            for (int kinds = 0; kinds < 64; kinds++) {
                for (int64_t bytes = 1; bytes <= 8; bytes *= 2) {
                    run(isa, bytes, kinds % 5, COLUMNS[i], kinds, kinds % 2 != 0 ? GUARD_AFTER : GUARD_BEFORE);
                    run(isa, bytes, 2, COLUMNS[i], kinds, kinds % 2 != 0 ? GUARD_BEFORE : GUARD_AFTER);
                }
            }
        }
    }
    run_refusals();
    return test_result("select", cases);
}
