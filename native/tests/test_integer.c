/* Operations of integers on every instruction set, of every kind of operand, at unreadable pages. */
#include <string.h>

#include "testing.h"

static int64_t cases;

/* An operand: rows and columns of its own or not. */
typedef struct operand {
    int64_t row, column, count;
    void *data;
} operand;

static int64_t size_of(tersor_type type) {
    return type == TERSOR_BOOL ? 1 : type == TERSOR_S32 ? 4 : 8;
}

static int64_t value_at(const void *from, int64_t i, tersor_type type) {
    return type == TERSOR_BOOL  ? ((const uint8_t *) from)[i]
           : type == TERSOR_S32 ? ((const int32_t *) from)[i]
                                : ((const int64_t *) from)[i];
}

static int64_t least_of(tersor_type type) {
    return type == TERSOR_S32 ? INT32_MIN : INT64_MIN;
}

/* Small numbers, which meet, and some of all bits, with 0, -1 and the least one among them. */
static int64_t draw_value(tersor_type type) {
    if (type == TERSOR_BOOL) {
        return random_between(0, 1);
    }
    switch (random_between(0, 9)) {
    case 0:
        return least_of(type);
    case 1:
        return -1;
    case 2:
        return 0;
    case 3:
    case 4: {
        uint64_t bits;
        random_bytes((uint8_t *) &bits, sizeof bits, false);
        return type == TERSOR_S32 ? (int32_t) (uint32_t) bits : (int64_t) bits;
    }
    default:
        return random_between(-6, 6);
    }
}

static operand draw(int kind, tersor_type type, int64_t rows, int64_t columns, guard_side side) {
    operand o = {.column = kind & 1};
    o.row = (kind >> 1) * ((o.column != 0 ? columns : 1) + 3);
    o.count = rows == 0 || columns == 0 ? 0 : (rows - 1) * o.row + (columns - 1) * o.column + 1;
    o.data = guarded(side, (size_t) (o.count * size_of(type)));
    for (int64_t i = 0; i < o.count; i++) {
        const int64_t value = draw_value(type);
        if (type == TERSOR_BOOL) {
            ((uint8_t *) o.data)[i] = (uint8_t) value;
        } else if (type == TERSOR_S32) {
            ((int32_t *) o.data)[i] = (int32_t) value;
        } else {
            ((int64_t *) o.data)[i] = value;
        }
    }
    return o;
}

static int64_t wrapped(uint64_t value, tersor_type type) {
    return type == TERSOR_S32 ? (int32_t) (uint32_t) value : (int64_t) value;
}

static int64_t quotient(int64_t x, int64_t y) {
    return y == 0 ? 0 : y == -1 ? (int64_t) (0 - (uint64_t) x) : x / y;
}

static int64_t expected(tersor_integer_operation operation, int64_t x, int64_t y, tersor_type type) {
    switch (operation) {
    case TERSOR_INTEGER_ADD:
        return wrapped((uint64_t) x + (uint64_t) y, type);
    case TERSOR_INTEGER_SUB:
        return wrapped((uint64_t) x - (uint64_t) y, type);
    case TERSOR_INTEGER_MUL:
        return wrapped((uint64_t) x * (uint64_t) y, type);
    case TERSOR_INTEGER_DIV:
        return wrapped((uint64_t) quotient(x, y), type);
    case TERSOR_INTEGER_MOD: {
        const int64_t rest = y == 0 || y == -1 ? 0 : x % y;
        return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
    }
    case TERSOR_INTEGER_MIN:
        return x < y ? x : y;
    case TERSOR_INTEGER_MAX:
        return x > y ? x : y;
    case TERSOR_INTEGER_AND:
        return x & y;
    case TERSOR_INTEGER_OR:
        return x | y;
    case TERSOR_INTEGER_XOR:
        return x ^ y;
    case TERSOR_INTEGER_EQUAL:
        return x == y;
    case TERSOR_INTEGER_LESS:
        return x < y;
    default:
        return x <= y;
    }
}

static void run(uint32_t isa, tersor_integer_operation operation, tersor_type type, int64_t rows, int64_t columns,
                int kinds, guard_side side) {
    cases++;
    random_seed((uint64_t) (rows * 1000 + columns * 64 + kinds + operation));
    const operand a = draw(kinds & 3, type, rows, columns, side), b = draw(kinds >> 2, type, rows, columns, side);
    const tersor_type to = operation < TERSOR_INTEGER_EQUAL ? type : TERSOR_BOOL;
    void *dst = guarded(side, (size_t) (rows * columns * size_of(to)));
    bool ok = expect_status(tersor_integer(isa, operation, type, rows, columns, a.data, a.row, a.column, b.data, b.row,
                                           b.column, dst),
                            TERSOR_OK, "integer");
    for (int64_t i = 0; ok && i < rows * columns; i++) {
        const int64_t row = i / columns, column = i % columns;
        const int64_t x = value_at(a.data, row * a.row + column * a.column, type);
        const int64_t y = value_at(b.data, row * b.row + column * b.column, type);
        const int64_t want = expected(operation, x, y, type), got = value_at(dst, i, to);
        if (want != got) {
            ok = false;
            fail("isa=%s integer %d of %s [%lld, %lld] kinds=%d side=%d at %lld: of %lld and %lld expected %lld, "
                 "got %lld",
                 tersor_isa_name(isa), operation, type_name(type), (long long) rows, (long long) columns, kinds, side,
                 (long long) i, (long long) x, (long long) y, (long long) want, (long long) got);
        }
    }
    guarded_free_all();
}

/* dst is an operand. */
static void run_in_place(uint32_t isa) {
    cases++;
    int32_t a[37], b[37];
    for (int32_t i = 0; i < 37; i++) {
        a[i] = i;
        b[i] = 100 * i;
    }
    expect_status(tersor_integer(isa, TERSOR_INTEGER_ADD, TERSOR_S32, 1, 37, a, 0, 1, b, 0, 1, b), TERSOR_OK,
        "in place");
    for (int32_t i = 0; i < 37; i++) {
        if (b[i] != 101 * i) {
            fail("isa=%s in place at %d: %d", tersor_isa_name(isa), i, b[i]);
        }
    }
}

static tersor_status call(uint32_t isa, tersor_integer_operation operation, tersor_type type, int64_t rows,
                          int64_t columns, const void *a, int64_t row, int64_t column, void *dst) {
    return tersor_integer(isa, operation, type, rows, columns, a, row, column, a, 0, 0, dst);
}

static void run_refusals(void) {
    cases++;
    int64_t from[4] = {1, 2, 3, 4}, to[4] = {7, 7, 7, 7};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    expect_status(call(0, 0, TERSOR_S64, 1, 4, from, 0, 1, to), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(call(isa, TERSOR_INTEGER_OPERATIONS, TERSOR_S64, 1, 4, from, 0, 1, to), TERSOR_INVALID_ARGUMENT,
                  "operation");
    expect_status(call(isa, -1, TERSOR_S64, 1, 4, from, 0, 1, to), TERSOR_INVALID_ARGUMENT, "operation below");
    expect_status(call(isa, 0, TERSOR_F32, 1, 4, from, 0, 1, to), TERSOR_INVALID_ARGUMENT, "type");
    expect_status(call(isa, TERSOR_INTEGER_ADD, TERSOR_BOOL, 1, 4, from, 0, 1, to), TERSOR_INVALID_ARGUMENT,
                  "sum of truths");
    expect_status(call(isa, 0, TERSOR_S64, 1, -4, from, 0, 1, to), TERSOR_INVALID_SIZE, "columns");
    expect_status(call(isa, 0, TERSOR_S64, 1, 4, from, 0, 2, to), TERSOR_INVALID_ARGUMENT, "column stride");
    expect_status(call(isa, 0, TERSOR_S64, 1, 4, from, -1, 1, to), TERSOR_INVALID_ARGUMENT, "row stride");
    expect_status(call(isa, 0, TERSOR_S64, 3, 1, from, INT64_MAX / 2, 1, to), TERSOR_INVALID_SIZE, "reach");
    expect_status(call(isa, 0, TERSOR_S64, INT64_MAX / 4, 4, from, 0, 0, to), TERSOR_INVALID_SIZE, "overflow");
    expect_status(call(isa, 0, TERSOR_S64, 1, 4, NULL, 0, 1, to), TERSOR_NULL_POINTER, "null");
    expect_status(call(isa, 0, TERSOR_S64, 1, 3, from, 0, 1, (char *) to + 4), TERSOR_MISALIGNED, "misaligned");
    expect_status(call(isa, 0, TERSOR_S64, 0, 4, NULL, 0, 1, NULL), TERSOR_OK, "nothing");
    if (to[0] != 7) {
        fail("a refused operation wrote");
    }
}

int main(void) {
    static const tersor_type TYPES[] = {TERSOR_BOOL, TERSOR_S32, TERSOR_S64};
    static const int64_t LENGTHS[] = {0, 1, 7, 16, 33, 64, 131, 1000};
    const uint32_t isas = usable_isas();
    run_refusals();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        run_in_place(isa);
        for (size_t t = 0; t < 3; t++) {
            const tersor_integer_operation first = TYPES[t] == TERSOR_BOOL ? TERSOR_INTEGER_AND : 0;
            for (tersor_integer_operation operation = first; operation < TERSOR_INTEGER_OPERATIONS; operation++) {
                for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
                    for (int kinds = 0; kinds < 16; kinds++) {
                        run(isa, operation, TYPES[t], (int64_t) i % 4, LENGTHS[i], kinds,
                            kinds % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE);
                    }
                }
            }
        }
    }
    return test_result("integer", cases);
}
