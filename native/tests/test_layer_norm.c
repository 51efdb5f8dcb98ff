/* Normalization on every instruction set against its formula in double, at unreadable pages, with NaN. */
#include <math.h>

#include "testing.h"

static int64_t cases;

typedef struct norm {
    uint32_t isa;
    tersor_type type;
    bool centered;
    int64_t rows, columns;
    guard_side side;
} norm;

/* y of element i of a row, and how far it may be off. */
static double expected(const norm *c, const float *row, const float *scale, const float *bias, float epsilon, int64_t i,
                       double *tolerance) {
    double mean = 0, variance = 0, largest = 0;
    for (int64_t j = 0; j < c->columns && c->centered; j++) {
        mean += (double) row[j] / (double) c->columns;
    }
    for (int64_t j = 0; j < c->columns; j++) {
        variance += ((double) row[j] - mean) * ((double) row[j] - mean) / (double) c->columns;
        largest = fmax(largest, fabs((double) row[j]));
    }
    const double factor = 1 / sqrt(variance + (double) epsilon);
    const double y = ((double) row[i] - mean) * factor * (double) scale[i] + (double) bias[i];
    *tolerance = 0x1p-16 * (fabs(y) + fabs((double) bias[i]) + fabs((double) scale[i]) * largest * factor);
    return y;
}

static bool close_to(const norm *c, double y, double tolerance, const void *dst, int64_t i, int32_t zero_point) {
    if (c->type == TERSOR_F32) {
        return fabs((double) ((const float *) dst)[i] - y) <= tolerance;
    }
    const int32_t min = c->type == TERSOR_U8 ? 0 : -128;
    const int32_t level = c->type == TERSOR_U8 ? ((const uint8_t *) dst)[i] : ((const int8_t *) dst)[i];
    const double lowest = fmin(fmax(nearbyint(y - tolerance) + zero_point, min), min + 255);
    const double highest = fmin(fmax(nearbyint(y + tolerance) + zero_point, min), min + 255);
    return level >= lowest && level <= highest;
}

static void run(const norm *c) {
    cases++;
    const int64_t count = c->rows * c->columns;
    random_seed((uint64_t) (count * 10 + c->type));
    const bool bytes = c->type != TERSOR_F32, in_place = !bytes && c->columns % 2 == 0;
    float *src = guarded(c->side, (size_t) count * 4), *scale = guarded(c->side, (size_t) c->columns * 4);
    float *bias = guarded(c->side, (size_t) c->columns * 4), *given = guarded(GUARD_AFTER, (size_t) count * 4);
    void *dst = in_place ? (void *) src : guarded(c->side, (size_t) (count * bytes_of(c->type)));
    random_floats(src, (size_t) count, 4.0f);
    random_floats(scale, (size_t) c->columns, bytes ? 100.0f : 2.0f);
    random_floats(bias, (size_t) c->columns, bytes ? 50.0f : 1.0f);
    for (int64_t i = 0; i < count; i++) {
        src[i] += 3.0f;
        given[i] = src[i];
    }
    if (c->rows > 2 && c->columns > 0) {
        src[c->columns] = given[c->columns] = NAN;
    }
    const int32_t zero_point =
        !bytes ? 0 : (int32_t) random_between(c->type == TERSOR_U8 ? 0 : -128, c->type == TERSOR_U8 ? 255 : 127);
    const bool plain = !bytes && c->columns % 3 == 0;
    for (int64_t i = 0; plain && i < c->columns; i++) {
        scale[i] = 1;
        bias[i] = 0;
    }
    bool ok = expect_status(tersor_layer_norm(c->isa, c->type, c->centered, c->rows, c->columns, 1e-5f,
                                              plain ? NULL : scale, plain ? NULL : bias, zero_point, src, dst),
                            TERSOR_OK, "layer_norm");
    for (int64_t i = 0; ok && i < count; i++) {
        const int64_t row = i / c->columns, column = i % c->columns;
        if (c->rows > 2 && row == 1) {
            ok = bytes ? stored_bits(dst, i, c->type) == (c->type == TERSOR_U8 ? 0 : 0x80) : isnan(((float *) dst)[i]);
        } else {
            double tolerance;
            const double y = expected(c, given + row * c->columns, scale, bias, 1e-5f, column, &tolerance);
            ok = close_to(c, y, tolerance, dst, i, zero_point);
        }
        if (!ok) {
            fail("isa=%s layer_norm %s [%lld, %lld] centered=%d side=%d at %lld", tersor_isa_name(c->isa),
                 type_name(c->type), (long long) c->rows, (long long) c->columns, c->centered, c->side, (long long) i);
        }
    }
    guarded_free_all();
}

int main(void) {
    static const int64_t COLUMNS[] = {0, 1, 2, 15, 16, 17, 31, 48, 63, 64, 65, 100, 127, 128, 129, 768, 1029};
    static const tersor_type TYPES[] = {TERSOR_F32, TERSOR_U8, TERSOR_S8};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof COLUMNS / sizeof *COLUMNS; i++) {
            for (int t = 0; t < 12; t++) {
                run(&(norm){isa, TYPES[t % 3], t % 2 == 0, t < 6 ? 5 : 1, COLUMNS[i], t % 4 < 2 ? GUARD_AFTER : GUARD_BEFORE});
            }
        }
    }
    return test_result("layer_norm", cases);
}
