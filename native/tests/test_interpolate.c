/* Weighted sums of positions on every instruction set against their formula in binary64, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

static void run(uint32_t isa, int64_t outer, int64_t extent, int64_t inner, int64_t count, int64_t taps,
    bool leaves_out,
                guard_side side) {
    cases++;
    random_seed((uint64_t) (outer * 7 + extent * 1000 + inner * 64 + count + taps * 31 + leaves_out));
    int32_t *index = guarded(side, (size_t) (taps * count) * 4);
    float *weights = guarded(side, (size_t) (taps * count) * 4);
    float *src = guarded(side, (size_t) (outer * extent * inner) * 4);
    float *dst = guarded(side, (size_t) (outer * count * inner) * 4);
    random_floats(weights, (size_t) (taps * count), 2.0f);
    random_floats(src, (size_t) (outer * extent * inner), 10.0f);
    for (int64_t i = 0; i < taps * count; i++) {
        index[i] = (int32_t) random_between(leaves_out ? -1 : 0, extent - 1);
    }
    /* What is left out must not be read either. */
    bool ok = expect_status(tersor_interpolate(isa, outer, extent, inner, count, taps, index, weights, src, dst),
                            TERSOR_OK, "interpolate");
    for (int64_t k = 0; ok && k < outer * count * inner; k++) {
        const int64_t j = k % inner, i = k / inner % count, o = k / inner / count;
        double sum = 0, magnitude = 0;
        for (int64_t t = 0; t < taps; t++) {
            const int32_t position = index[t * count + i];
            const double product = position < 0 ? 0 : (double) weights[t * count + i]
                                                          * (double) src[(o * extent + position) * inner + j];
            sum += product;
            magnitude += fabs(product);
        }
        if (!(fabs((double) dst[k] - sum) <= (double) (taps + 1) * 0x1p-23 * magnitude)) {
            ok = false;
            fail("isa=%s interpolate [%lld, %lld, %lld] to %lld by %lld at %lld: expected %g, got %g",
                 tersor_isa_name(isa), (long long) outer, (long long) extent, (long long) inner, (long long) count,
                 (long long) taps, (long long) k, sum, (double) dst[k]);
        }
    }
    guarded_free_all();
}

/* A position that is left out does not count, whatever stands at the others. */
static void run_left_out(uint32_t isa, int64_t inner) {
    cases++;
    const int32_t index[4] = {1, -1, -1, 1};
    const float weights[4] = {1, 5, 7, 2};
    float src[2 * 70] = {0}, dst[2 * 70];
    for (int64_t j = 0; j < inner; j++) {
        src[j] = NAN;
        src[inner + j] = (float) j;
    }
    expect_status(tersor_interpolate(isa, 1, 2, inner, 2, 2, index, weights, src, dst), TERSOR_OK, "left out");
    for (int64_t j = 0; j < inner; j++) {
        if (dst[j] != (float) j || dst[inner + j] != 2 * (float) j) {
            fail("isa=%s left out at %lld: %g %g", tersor_isa_name(isa), (long long) j, (double) dst[j],
                 (double) dst[inner + j]);
        }
    }
}

static tersor_status call(uint32_t isa, int64_t outer, int64_t extent, int64_t inner, int64_t count, int64_t taps,
                          const int32_t *index, const float *values, float *dst) {
    return tersor_interpolate(isa, outer, extent, inner, count, taps, index, values, values, dst);
}

static void run_refusals(void) {
    cases++;
    const int32_t index[4] = {0, 1, 1, 0}, beyond[4] = {0, 1, 2, 0};
    const float values[4] = {1, 2, 3, 4};
    float to[4] = {7, 7, 7, 7};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    expect_status(call(0, 1, 2, 1, 2, 2, index, values, to), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(call(isa, 1, 2, 1, 2, 2, beyond, values, to), TERSOR_INVALID_ARGUMENT, "index");
    expect_status(call(isa, 1, 0, 1, 2, 2, index, values, to), TERSOR_INVALID_ARGUMENT, "no positions");
    expect_status(call(isa, -1, 2, 1, 2, 2, index, values, to), TERSOR_INVALID_SIZE, "outer");
    expect_status(call(isa, 1, -2, 1, 2, 2, index, values, to), TERSOR_INVALID_SIZE, "extent");
    expect_status(call(isa, 1, 2, -1, 2, 2, index, values, to), TERSOR_INVALID_SIZE, "inner");
    expect_status(call(isa, 1, 2, 1, -2, 2, index, values, to), TERSOR_INVALID_SIZE, "count");
    expect_status(call(isa, 1, 2, 1, 2, 0, index, values, to), TERSOR_INVALID_SIZE, "taps");
    expect_status(call(isa, INT64_MAX / 2, 2, 1, 2, 2, index, values, to), TERSOR_INVALID_SIZE, "overflow");
    expect_status(call(isa, 1, 2, 1, 2, 2, NULL, values, to), TERSOR_NULL_POINTER, "null index");
    expect_status(call(isa, 1, 2, 1, 2, 2, index, NULL, to), TERSOR_NULL_POINTER, "null src");
    expect_status(call(isa, 1, 2, 1, 2, 2, index, values, NULL), TERSOR_NULL_POINTER, "null dst");
    expect_status(call(isa, 0, 2, 1, 2, 2, index, values, NULL), TERSOR_OK, "nothing");
    if (to[0] != 7) {
        fail("a refused sum wrote");
    }
}

int main(void) {
    static const int64_t INNER[] = {1, 2, 3, 15, 16, 33, 64, 65, 130}, COUNTS[] = {0, 1, 7, 16, 33, 131};
    const uint32_t isas = usable_isas();
    run_refusals();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        run_left_out(isa, 1);
        run_left_out(isa, 70);
        for (size_t n = 0; n < sizeof INNER / sizeof *INNER; n++) {
            for (size_t c = 0; c < sizeof COUNTS / sizeof *COUNTS; c++) {
                for (int64_t taps = 1; taps <= 5; taps++) {
                    const guard_side side = (n + c + (size_t) taps) % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
                    run(isa, 1 + (int64_t) n % 3, 5 + (int64_t) c, INNER[n], COUNTS[c], taps, taps % 2 == 0, side);
                    run(isa, 2, 1, INNER[n], COUNTS[c], taps, taps % 2 != 0, side);
                }
            }
        }
        run(isa, 0, 4, 3, 5, 2, false, GUARD_AFTER);
        run(isa, 2, 9, 0, 5, 2, false, GUARD_AFTER);
    }
    return test_result("interpolate", cases);
}
