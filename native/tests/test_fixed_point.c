/* Fixed-point numbers on every instruction set: each level, what they add up to again, and what is refused. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

enum { ROWS = 5 };

/* A row's unit by its definition. */
static float unit_of(const float *row, int64_t count) {
    double largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (!isfinite(row[i])) {
            return NAN;
        }
        largest = fmax(largest, fabs((double) row[i]));
    }
    int e;
    frexp(largest, &e); /* 2^(e - 1) <= largest < 2^e */
    return largest < 0x1p-100 ? 0 : (float) ldexp(1.0, e - 22);
}

static float *rows_of(int64_t columns, guard_side side) {
    static const float MAGNITUDES[ROWS] = {1, 1e20f, 0x1p-101f, 0x1p-100f, 3};
    float *src = guarded(side, (size_t) (ROWS * columns) * 4);
    for (int64_t i = 0; i < ROWS; i++) {
        random_floats(src + i * columns, (size_t) columns, MAGNITUDES[i]);
        if (columns > 1) {
            src[i * columns + columns / 2] = i == 0 ? 1 : i == 3 ? -0x1p-100f : src[i * columns];
            src[i * columns + columns - 1] = i == 4 ? NAN : src[i * columns + columns - 1];
        }
    }
    return src;
}

static void run(uint32_t isa, int64_t columns, guard_side side) {
    cases++;
    random_seed((uint64_t) columns);
    const float *src = rows_of(columns, side);
    const int64_t plane = ROWS * columns;
    uint8_t *levels = guarded(side, (size_t) (3 * plane));
    float *units = guarded(side, ROWS * 2 * 4);
    bool ok = expect_status(tersor_fixed_point(isa, ROWS, columns, src, levels, units), TERSOR_OK, "fixed_point");
    for (int64_t i = 0; ok && i < ROWS; i++) {
        const float unit = unit_of(src + i * columns, columns);
        ok = (units[2 * i] == unit || (isnan(unit) && isnan(units[2 * i]))) && units[2 * i + 1] == 0;
        if (!ok) {
            fail("isa=%s columns=%lld: row %lld has the unit %g, not %g", tersor_isa_name(isa), (long long) columns,
                 (long long) i, (double) units[2 * i], (double) unit);
        }
        for (int64_t j = 0; ok && j < columns; j++) {
            const int64_t at = i * columns + j;
            const int32_t v = levels[at] | levels[plane + at] << 8 | levels[2 * plane + at] << 16;
            const double expected = unit > 0 ? nearbyint((double) src[at] / (double) unit) : 0;
            if (v - (1 << 22) != (int32_t) expected) {
                ok = false;
                fail("isa=%s columns=%lld: %g becomes %d, not %g", tersor_isa_name(isa), (long long) columns,
                     (double) src[at], v - (1 << 22), expected);
            }
        }
    }
    guarded_free_all();
}

/* Sums of any integers become floats by the formula; in two parts, as threads do. */
static void run_back(uint32_t isa, int64_t columns, guard_side side) {
    cases++;
    random_seed((uint64_t) columns + 1);
    const int64_t plane = ROWS * columns, ld = columns + 3;
    int32_t *sums = guarded(side, (size_t) (3 * plane) * 4);
    int32_t *column_sums = guarded(side, (size_t) columns * 4);
    float *units = guarded(side, ROWS * 2 * 4), *scales = guarded(side, (size_t) columns * 4);
    float *bias = guarded(side, (size_t) columns * 4), *dst = guarded(side, (size_t) ((ROWS - 1) * ld + columns) * 4);
    for (int64_t i = 0; i < 3 * plane; i++) {
        sums[i] = (int32_t) random_between(-(1 << 28), 1 << 28);
    }
    for (int64_t j = 0; j < columns; j++) {
        column_sums[j] = (int32_t) random_between(-(1 << 20), 1 << 20);
    }
    random_floats(units, ROWS * 2, 1e-3f);
    random_floats(scales, (size_t) columns, 0.1f);
    random_floats(bias, (size_t) columns, 2.0f);
    bool ok = true;
    for (int part = 0; part < 2; part++) {
        ok &= expect_status(tersor_from_fixed_point(isa, ROWS, columns, part * 2, part == 0 ? 2 : ROWS - 2, sums, units,
                                                    column_sums, scales, bias, dst, ld),
                            TERSOR_OK, "from_fixed_point");
    }
    for (int64_t i = 0; ok && i < plane; i++) {
        const int64_t row = i / columns, j = i % columns;
        const int32_t high = sums[2 * plane + i] - 64 * column_sums[j];
        const float sum = fmaf((float) high, 0x1p16f, fmaf((float) sums[plane + i], 0x1p8f, (float) sums[i]));
        volatile float r = units[2 * row] * scales[j];
        r = sum * r;
        r = r + bias[j];
        if (dst[row * ld + j] != r) {
            ok = false;
            fail("isa=%s columns=%lld: (%lld, %lld) becomes %g, not %g", tersor_isa_name(isa), (long long) columns,
                 (long long) row, (long long) j, (double) dst[row * ld + j], (double) r);
        }
    }
    guarded_free_all();
}

static void run_refusals(void) {
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    const int64_t huge = 0x7fffffff;
    float x[8] = {0}, units[4] = {7, 7, 7, 7}, dst[4] = {7, 7, 7, 7};
    uint8_t levels[16];
    int32_t sums[16] = {0};
    cases++;
    expect_status(tersor_fixed_point(0, 2, 2, x, levels, units), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_fixed_point(isa, -1, 2, x, levels, units), TERSOR_INVALID_SIZE, "rows");
    expect_status(tersor_fixed_point(isa, huge, huge, x, levels, units), TERSOR_INVALID_SIZE, "overflow");
    expect_status(tersor_fixed_point(isa, 2, 2, NULL, levels, units), TERSOR_NULL_POINTER, "src");
    expect_status(tersor_fixed_point(isa, 2, 2, x, NULL, units), TERSOR_NULL_POINTER, "levels");
    expect_status(tersor_from_fixed_point(0, 2, 2, 0, 2, sums, x, sums, x, x, dst, 2), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_from_fixed_point(isa, 2, 2, 1, 2, sums, x, sums, x, x, dst, 2), TERSOR_INVALID_SIZE, "part");
    expect_status(tersor_from_fixed_point(isa, 2, 2, 0, 2, sums, x, sums, x, x, dst, 1), TERSOR_INVALID_SIZE, "ld");
    expect_status(tersor_from_fixed_point(isa, 2, 2, 0, 2, NULL, x, sums, x, x, dst, 2), TERSOR_NULL_POINTER, "sums");
    expect_status(tersor_from_fixed_point(isa, 2, 2, 0, 2, sums, x, sums, NULL, x, dst, 2), TERSOR_NULL_POINTER,
                  "scales");
    for (int i = 0; i < 4; i++) {
        if (units[i] != 7 || dst[i] != 7) {
            fail("what is refused leaves results alone");
        }
    }
}

int main(void) {
    static const int64_t COLUMNS[] = {0, 1, 2, 7, 8, 15, 16, 17, 33, 64, 130, 512};
    const uint32_t isas = usable_isas();
    run_refusals();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (size_t c = 0; (isas & isa) != 0 && c < sizeof COLUMNS / sizeof *COLUMNS; c++) {
            run(isa, COLUMNS[c], c % 2 == 0 ? GUARD_BEFORE : GUARD_AFTER);
            run_back(isa, COLUMNS[c], c % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE);
        }
    }
    return test_result("fixed_point", cases);
}
