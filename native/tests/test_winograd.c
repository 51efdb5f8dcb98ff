/*
 * tersor_conv2d of f32 with errors bounded by norms, on every instruction set against double sums, at unreadable pages:
 * tiles of 2x2 and 4x4 outputs, their edges, parts, and what is not finite.
 */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

typedef struct conv_case {
    int64_t n, h, w, ic, oc, pad_top, pad_left, pad_bottom, pad_right;
} conv_case;

/* What one run needs. */
typedef struct operands {
    const conv_case *c;
    int64_t oh, ow, step; /* of the tiles */
    float *src, *weights, *bias, *residual; /* bias and residual may be NULL */
    void *packed, *scratch;
    int64_t packed_bytes, scratch_bytes;
    tersor_epilogue e;
} operands;

static bool prepare(uint32_t isa, guard_side side, operands *o) {
    const conv_case *c = o->c;
    const tersor_conv2d_geometry g =
        plain_3x3(c->ic, c->oc, c->pad_top, c->pad_left, c->pad_bottom, c->pad_right);
    const char *name = "";
    bool ok = expect_status(tersor_conv2d_packed_bytes(isa, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, TERSOR_NORMWISE, &g, 0,
                                                       o->weights, &o->packed_bytes),
                            TERSOR_OK, "bytes");
    o->packed = guarded(side, (size_t) o->packed_bytes);
    ok = ok && expect_status(tersor_conv2d_pack(isa, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, TERSOR_NORMWISE, &g, o->weights,
                                                0, NULL, NULL, o->packed, o->packed_bytes),
                             TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_kernel_name(o->packed, o->packed_bytes, &name), TERSOR_OK, "name");
    ok = ok && expect_status(tersor_packed_scratch_bytes(o->packed, o->packed_bytes, &o->scratch_bytes), TERSOR_OK,
                             "scratch");
    o->scratch = guarded(side, ok ? (size_t) o->scratch_bytes : 0);
    o->step = strstr(name, "winograd_4x4") != NULL ? 4 : strstr(name, "winograd_2x2") != NULL ? 2 : 0;
    if (ok && o->step == 0) {
        fail("isa=%s ic=%lld oc=%lld: %s", tersor_isa_name(isa), (long long) c->ic, (long long) c->oc, name);
    }
    return ok && o->step != 0;
}

static bool run(const operands *o, int64_t first_line, int64_t lines, int64_t first_channel, int64_t channels, float *dst) {
    const conv_case *c = o->c;
    return expect_status(tersor_conv2d(o->packed, o->packed_bytes, &o->e, c->n, c->h, c->w, first_line, lines,
                                       first_channel, channels, o->src, o->residual, dst, o->scratch, o->scratch_bytes),
                         TERSOR_OK, "conv2d");
}

/* The source at a line and column of the output's window, or 0 in the padding. */
static double pixel(const operands *o, int64_t n, int64_t y, int64_t x, int64_t channel) {
    const conv_case *c = o->c;
    const int64_t h = y - c->pad_top, w = x - c->pad_left;
    return h < 0 || h >= c->h || w < 0 || w >= c->w ? 0 : (double) o->src[((n * c->h + h) * c->w + w) * c->ic + channel];
}

/* An output's sum and the bound of its error that tersor.h states. */
static double sum_of(const operands *o, int64_t n, int64_t y, int64_t x, int64_t oc, double *bound) {
    double sum = 0, norms = 0;
    for (int64_t ic = 0; ic < o->c->ic; ic++) {
        const float *taps = o->weights + (oc * o->c->ic + ic) * 9;
        double weight = 0, largest = 0;
        for (int64_t i = 0; i < 9; i++) {
            sum += pixel(o, n, y + i / 3, x + i % 3, ic) * (double) taps[i];
            weight = fmax(weight, fabs((double) taps[i]));
        }
        for (int64_t i = 1 - o->step; i < o->step + 2; i++) {
            for (int64_t j = 1 - o->step; j < o->step + 2; j++) {
                largest = fmax(largest, fabs(pixel(o, n, y + i, x + j, ic)));
            }
        }
        norms += largest * weight;
    }
    *bound = ldexp((o->step == 2 ? 64 : 2304) * (double) (o->c->ic + 16) * norms, -24);
    return sum;
}

/* Every output against its bound, and all together against what tiles usually lose. */
static void check(uint32_t isa, const operands *o, const float *dst) {
    const int64_t count = o->c->n * o->oh * o->ow * o->c->oc;
    double errors = 0, squares = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t oc = i % o->c->oc, x = i / o->c->oc % o->ow, y = i / o->c->oc / o->ow % o->oh;
        double bound;
        const double sum = sum_of(o, i / o->c->oc / o->ow / o->oh, y, x, oc, &bound);
        const double added = (o->bias == NULL ? 0 : (double) o->bias[oc]) +
                             (o->residual == NULL ? 0 : 0.5 * (double) o->residual[i]);
        const double expected = fmax(sum + added, (double) o->e.lo), error = fabs((double) dst[i] - expected);
        if (!(error <= bound + ldexp(fabs(sum) + fabs(added), -22))) {
            fail("isa=%s %lldx%lld %lld to %lld at [%lld, %lld, %lld]: expected %.9g, got %.9g", tersor_isa_name(isa),
                 (long long) o->c->h, (long long) o->c->w, (long long) o->c->ic, (long long) o->c->oc, (long long) y,
                 (long long) x, (long long) oc, expected, (double) dst[i]);
            return;
        }
        errors += error * error;
        squares += expected * expected;
    }
    if (errors > ldexp(squares, -2 * 17)) {
        fail("isa=%s step=%lld: errors of %.3g", tersor_isa_name(isa), (long long) o->step, sqrt(errors / squares));
    }
}

/* Where one value is not finite: NaN or infinite where the window sees it, and the same as before beyond its tiles. */
static void check_special(uint32_t isa, operands *o, const float *plain, float *dst, float special) {
    const conv_case *c = o->c;
    const int64_t line = c->h / 2, column = c->w / 3, at = (line * c->w + column) * c->ic + c->ic / 2;
    const float kept = o->src[at];
    o->src[at] = special;
    if (!run(o, 0, c->n * o->oh, 0, c->oc, dst)) {
        return;
    }
    for (int64_t i = 0; i < c->n * o->oh * o->ow * c->oc; i++) {
        const int64_t x = i / c->oc % o->ow, y = i / c->oc / o->ow % o->oh, n = i / c->oc / o->ow / o->oh;
        const int64_t dy = line + c->pad_top - y, dx = column + c->pad_left - x;
        const bool seen = n == 0 && dy >= 0 && dy < 3 && dx >= 0 && dx < 3;
        const bool near = n == 0 && dy > -o->step && dy < o->step + 2 && dx > -o->step && dx < o->step + 2;
        if ((seen && isfinite(dst[i])) || (!near && memcmp(&dst[i], &plain[i], 4) != 0)) {
            fail("isa=%s step=%lld: %g at [%lld, %lld] makes %g at [%lld, %lld]", tersor_isa_name(isa),
                 (long long) o->step, (double) special, (long long) line, (long long) column, (double) dst[i],
                 (long long) y, (long long) x);
            break;
        }
    }
    o->src[at] = kept;
}

static void run_case(uint32_t isa, const conv_case *c, int turn) {
    const guard_side side = turn % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
    operands o = {.c = c, .oh = c->h + c->pad_top + c->pad_bottom - 2, .ow = c->w + c->pad_left + c->pad_right - 2};
    const int64_t lines = c->n * o.oh;
    const size_t src_count = (size_t) (c->n * c->h * c->w * c->ic), count = (size_t) (lines * o.ow * c->oc);
    cases++;
    random_seed((uint64_t) (c->h * 5 + c->w * 7 + c->ic * 11 + c->oc * 13 + turn));
    o.src = guarded(side, src_count * 4);
    o.weights = guarded(side, (size_t) (c->oc * c->ic * 9) * 4);
    o.bias = turn % 3 == 0 ? NULL : guarded(side, (size_t) c->oc * 4);
    o.residual = turn % 4 < 2 ? NULL : guarded(side, count * 4);
    random_floats(o.src, src_count, 3.0f);
    random_floats(o.weights, (size_t) (c->oc * c->ic * 9), 1.0f);
    if (o.bias != NULL) {
        random_floats(o.bias, (size_t) c->oc, 5.0f);
    }
    if (o.residual != NULL) {
        random_floats(o.residual, count, 2.0f);
    }
    o.e = (tersor_epilogue){
        .offset = o.bias,
        .lo = turn % 5 == 1 ? 0.0f : -INFINITY,
        .hi = INFINITY,
        .dst_type = TERSOR_F32,
        .residual_type = o.residual == NULL ? 0 : TERSOR_F32,
        .residual_multiplier = 0.5f,
    };
    float *dst = guarded(side, count * 4), *other = guarded(side, count * 4);
    if (prepare(isa, side, &o) && run(&o, 0, lines, 0, c->oc, dst)) {
        check(isa, &o, dst);
        if (src_count > 0 && o.e.lo != 0.0f) {
            check_special(isa, &o, dst, other, INFINITY);
            check_special(isa, &o, dst, other, NAN);
        }
        const int64_t middle = c->oc > TERSOR_CHANNELS ? TERSOR_CHANNELS : c->oc;
        for (int part = 0; part < (middle < c->oc ? 4 : 2); part++) {
            const int64_t line = part % 2 == 0 ? 0 : lines / 3, channel = part < 2 ? 0 : middle;
            run(&o, line, part % 2 == 0 ? lines / 3 : lines - lines / 3, channel, part < 2 ? middle : c->oc - middle, dst);
        }
        check(isa, &o, dst);
    }
    guarded_free_all();
}

int main(void) {
    static const conv_case CONVS[] = {
        {1, 8, 8, 16, 16, 1, 1, 1, 1},   {1, 5, 7, 17, 33, 1, 1, 1, 1},     {2, 6, 9, 20, 65, 0, 0, 0, 0},
        {3, 13, 11, 31, 16, 1, 1, 1, 1}, {1, 1, 1, 64, 70, 1, 1, 1, 1},     {2, 3, 4, 48, 130, 2, 0, 1, 3},
        {1, 9, 90, 16, 16, 1, 2, 0, 1},  {1, 7, 6, 150, 120, 1, 1, 1, 1},   {2, 5, 3, 129, 130, 1, 1, 1, 1},
        {1, 3, 5, 16, 1100, 0, 1, 1, 0}, {1, 3, 3, 600, 28, 0, 0, 0, 0},   {1, 30, 31, 60, 17, 1, 1, 1, 1},
        {1, 2, 1, 130, 131, 2, 2, 2, 2}, {1, 13, 12, 400, 41, 1, 1, 1, 1},
    };
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof CONVS / sizeof *CONVS; i++) {
            run_case(isa, &CONVS[i], (int) i);
        }
    }
    return test_result("winograd", cases);
}
