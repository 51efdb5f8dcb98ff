/* tersor_conv2d of f32 on every instruction set against double sums, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

typedef struct finish {
    const float *bias;     /* or NULL */
    const float *residual; /* or NULL; half of it is added */
    float lo, hi;
} finish;

/* Whether `actual` is the exact sum within the bound of tersor.h, allowing for the rounding of what is added. */
static bool close_to(float actual, double sum, double magnitudes, int64_t k, const finish *f, int64_t n, int64_t i) {
    const double added = f->residual == NULL ? 0 : 0.5 * (double) f->residual[i];
    const double bias = f->bias == NULL ? 0 : (double) f->bias[n];
    const double bound = ldexp((double) (k + 1) * magnitudes + fabs(sum) + fabs(bias) + fabs(added), -23);
    const double expected = fmin(fmax(sum + bias + added, (double) f->lo), (double) f->hi);
    return fabs((double) actual - expected) <= bound;
}

typedef struct conv_case {
    int64_t n, h, w, ic, oc, kh, kw, stride, pad, dilation, groups;
} conv_case;

static int64_t out(int64_t extent_in, const conv_case *c, int64_t kernel) {
    const int64_t room = extent_in + 2 * c->pad - (c->dilation * (kernel - 1) + 1);
    return room < 0 ? 0 : room / c->stride + 1;
}

static void reference(const conv_case *c, const float *src, const float *weights, int64_t n, int64_t y, int64_t x,
                      int64_t o, double *sum, double *magnitudes) {
    const int64_t icg = c->ic / c->groups, ocg = c->oc / c->groups;
    *sum = *magnitudes = 0;
    for (int64_t i = 0; i < icg; i++) {
        for (int64_t kh = 0; kh < c->kh; kh++) {
            for (int64_t kw = 0; kw < c->kw; kw++) {
                const int64_t h = y * c->stride - c->pad + kh * c->dilation;
                const int64_t w = x * c->stride - c->pad + kw * c->dilation;
                if (h < 0 || h >= c->h || w < 0 || w >= c->w) {
                    continue;
                }
                const double product = (double) src[((n * c->h + h) * c->w + w) * c->ic + o / ocg * icg + i] *
                                       (double) weights[((o * icg + i) * c->kh + kh) * c->kw + kw];
                *sum += product;
                *magnitudes += fabs(product);
            }
        }
    }
}

static void run_conv(uint32_t isa, tersor_sparsity sparsity, const conv_case *c, int turn) {
    cases++;
    random_seed((uint64_t) (c->h * 5 + c->w * 7 + c->ic * 11 + c->oc * 13 + c->kh * 17 + turn));
    const guard_side side = turn % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
    const int64_t oh = out(c->h, c, c->kh), ow = out(c->w, c, c->kw), pixels = c->n * oh * ow;
    const size_t src_count = (size_t) (c->n * c->h * c->w * c->ic);
    const size_t weights_count = (size_t) (c->oc * (c->ic / c->groups) * c->kh * c->kw);
    float *src = guarded(side, src_count * 4);
    float *weights = guarded(side, weights_count * 4);
    float *dst = guarded(side, (size_t) (pixels * c->oc * 4));
    float *bias = turn % 4 < 2 ? guarded(side, (size_t) c->oc * 4) : NULL;
    random_floats(src, src_count, 3.0f);
    random_floats(weights, weights_count, 1.0f);
    const int64_t icg = c->ic / c->groups, taps = c->kh * c->kw;
    for (size_t i = 0; i < weights_count; i++) {
        const int64_t o = (int64_t) i / (icg * taps), channel = (int64_t) i / taps % icg, tap = (int64_t) i % taps;
        if (pruned(sparsity, tap * icg + channel, o)) {
            weights[i] = 0.0f;
        }
    }
    if (bias != NULL) {
        random_floats(bias, (size_t) c->oc, 5.0f);
    }
    const size_t results = (size_t) (pixels * c->oc);
    float *residual = turn % 5 < 2 ? guarded(side, results * 4) : NULL;
    if (residual != NULL) {
        random_floats(residual, results, 2.0f);
    }
    const tersor_conv2d_geometry geometry = {c->ic,  c->oc,  c->kh,  c->kw,  c->groups,   c->stride,  c->stride,
                                             c->pad, c->pad, c->pad, c->pad, c->dilation, c->dilation};
    const finish f = {bias, residual, turn % 3 == 0 ? 0.0f : -INFINITY, INFINITY};
    int64_t packed_bytes = -1, scratch_bytes = -1;
    const tersor_epilogue given = {
        .offset = f.bias,
        .lo = f.lo,
        .hi = f.hi,
        .dst_type = TERSOR_F32,
        .residual_type = residual == NULL ? 0 : TERSOR_F32,
        .residual_multiplier = 0.5f,
    };
    bool ok = expect_status(tersor_conv2d_packed_bytes(isa, TERSOR_F32, TERSOR_F32, sparsity, TERSOR_COMPONENTWISE, &geometry, 0, weights,
                                                       &packed_bytes),
                            TERSOR_OK, "bytes");
    void *packed = guarded(side, (size_t) packed_bytes);
    ok = ok && expect_status(tersor_conv2d_pack(isa, TERSOR_F32, TERSOR_F32, sparsity, TERSOR_COMPONENTWISE, &geometry, weights, 0, NULL, NULL,
                                                packed, packed_bytes),
                             TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    void *scratch = guarded(side, ok ? (size_t) scratch_bytes : 0);
    for (int part = 0; part < 2; part++) {
        const int64_t lines = c->n * oh;
        const int64_t first = part == 0 ? 0 : lines / 3, count = part == 0 ? lines / 3 : lines - lines / 3;
        ok = ok && expect_status(tersor_conv2d(packed, packed_bytes, &given, c->n, c->h, c->w, first, count, 0, c->oc,
                                               src, residual, dst, scratch, scratch_bytes),
                                 TERSOR_OK, "conv2d");
    }
    for (int64_t i = 0; ok && i < pixels * c->oc; i++) {
        const int64_t o = i % c->oc, x = i / c->oc % ow, y = i / c->oc / ow % oh, n = i / c->oc / ow / oh;
        double sum, magnitudes;
        reference(c, src, weights, n, y, x, o, &sum, &magnitudes);
        if (!close_to(dst[i], sum, magnitudes, c->kh * c->kw * c->ic / c->groups, &f, o, i)) {
            ok = false;
            fail("isa=%s f32 sparsity=%d conv case %d at [%lld, %lld, %lld, %lld]: expected %.9g, got %.9g",
                 tersor_isa_name(isa), sparsity, turn, (long long) n, (long long) y, (long long) x, (long long) o, sum, (double) dst[i]);
        }
    }
    guarded_free_all();
}

int main(void) {
    static const conv_case CONVS[] = {
        {1, 5, 7, 3, 5, 3, 3, 1, 1, 1, 1},    {2, 6, 6, 20, 33, 1, 1, 1, 0, 1, 1},
        {1, 9, 8, 3, 9, 7, 7, 2, 3, 1, 1},    {1, 5, 6, 6, 9, 3, 3, 1, 1, 1, 3},
        {1, 9, 9, 4, 6, 3, 3, 1, 0, 2, 1},    {2, 6, 7, 16, 16, 3, 3, 1, 1, 1, 16},
        {1, 7, 5, 37, 37, 5, 3, 2, 2, 1, 37}, {1, 8, 8, 64, 64, 3, 3, 1, 0, 2, 64},
        {1, 5, 5, 9, 18, 3, 3, 1, 1, 1, 9},   {1, 0, 0, 3, 4, 2, 2, 1, 1, 1, 1},
        {0, 5, 5, 3, 4, 3, 3, 1, 1, 1, 1},    {1, 2, 2, 3, 4, 3, 3, 1, 0, 1, 1},
        {1, 40, 23, 2, 3, 3, 3, 1, 1, 1, 1},  {1, 14, 14, 256, 40, 3, 3, 1, 1, 1, 1},
        {1, 9, 30, 300, 4, 3, 3, 1, 9, 9, 1}, {2, 9, 30, 20, 20, 3, 3, 1, 1, 1, 20},
        {1, 9, 39, 35, 35, 3, 3, 2, 1, 1, 35}, {1, 7, 19, 24, 24, 5, 5, 1, 2, 1, 24},
        {1, 9, 40, 6, 6, 3, 3, 1, 9, 9, 6},   {1, 1, 1, 33, 33, 5, 5, 1, 2, 1, 33},
    };
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof CONVS / sizeof *CONVS; i++) {
            for (tersor_sparsity sparsity = TERSOR_DENSE; sparsity <= TERSOR_SINGLES; sparsity++) {
                run_conv(isa, sparsity, &CONVS[i], (int) i);
                run_conv(isa, sparsity, &CONVS[i], (int) i + 1);
            }
        }
    }
    return test_result("f32_conv2d", cases);
}
