/* tersor_f32_gemm and tersor_f32_conv2d on every instruction set against double sums, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

static size_t extent(int64_t rows, int64_t columns, int64_t ld) {
    return rows == 0 || columns == 0 ? 0 : (size_t) ((rows - 1) * ld + columns);
}

typedef struct finish {
    const float *bias; /* or NULL */
    float lo, hi;
} finish;

/* Whether `actual` is the exact sum within the bound of tersor.h, allowing for the rounding of the bias. */
static bool close_to(float actual, double sum, double magnitudes, int64_t k, const finish *f, int64_t n) {
    const double bias = f->bias == NULL ? 0 : (double) f->bias[n];
    const double bound = ldexp((double) (k + 1) * magnitudes + fabs(sum + bias), -23);
    const double expected = fmin(fmax(sum + bias, (double) f->lo), (double) f->hi);
    return fabs((double) actual - expected) <= bound;
}

static void run_gemm(uint32_t isa, int64_t m, int64_t k, int64_t n, int turn) {
    cases++;
    random_seed((uint64_t) (m * 31 + k * 37 + n * 41 + turn));
    const guard_side side = turn % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
    const bool transposed = turn % 3 == 1;
    const int64_t ld_src = k + turn % 4 * 3, ld_dst = n + turn % 5;
    const int64_t weight_rows = transposed ? n : k, weight_columns = transposed ? k : n;
    const int64_t ld_weights = weight_columns + turn % 3;
    const size_t src_count = extent(m, k, ld_src), weights_count = extent(weight_rows, weight_columns, ld_weights);
    const size_t dst_count = extent(m, n, ld_dst);
    float *src = guarded(side, src_count * 4);
    float *weights = guarded(side, weights_count * 4);
    float *dst = guarded(side, dst_count * 4);
    float *bias = turn % 4 < 2 ? guarded(side, (size_t) n * 4) : NULL;
    random_floats(src, src_count, 3.0f);
    random_floats(weights, weights_count, 1.0f);
    if (bias != NULL) {
        random_floats(bias, (size_t) n, 5.0f);
    }
    memset(dst, 0xa5, dst_count * 4);
    const finish f = {bias, turn % 3 == 0 ? 0.0f : -INFINITY, turn % 6 == 0 ? 2.0f : INFINITY};
    int64_t packed_bytes = -1, scratch_bytes = -1;
    bool ok = expect_status(tersor_f32_gemm_packed_bytes(isa, k, n, &packed_bytes), TERSOR_OK, "packed_bytes");
    void *packed = guarded(side, (size_t) packed_bytes);
    ok = ok && expect_status(tersor_f32_gemm_pack(isa, k, n, weights, transposed ? 1 : ld_weights,
                                                  transposed ? ld_weights : 1, packed, packed_bytes),
                             TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    void *scratch = guarded(side, ok ? (size_t) scratch_bytes : 0);
    for (int part = 0; part < 2; part++) {
        const int64_t first = part == 0 ? 0 : m / 3, count = part == 0 ? m / 3 : m - m / 3;
        ok = ok && expect_status(tersor_f32_gemm(isa, m, k, n, first, count, src, ld_src, packed, packed_bytes, bias,
                                                 f.lo, f.hi, dst, ld_dst, scratch, scratch_bytes),
                                 TERSOR_OK, "gemm");
    }
    for (int64_t i = 0; ok && i < m; i++) {
        for (int64_t j = 0; ok && j < n; j++) {
            double sum = 0, magnitudes = 0;
            for (int64_t l = 0; l < k; l++) {
                const double product = (double) src[i * ld_src + l] *
                                       (double) weights[transposed ? j * ld_weights + l : l * ld_weights + j];
                sum += product;
                magnitudes += fabs(product);
            }
            if (!close_to(dst[i * ld_dst + j], sum, magnitudes, k, &f, j)) {
                ok = false;
                fail("isa=%s f32 m=%lld k=%lld n=%lld turn=%d at [%lld, %lld]: expected %.9g, got %.9g",
                     tersor_isa_name(isa), (long long) m, (long long) k, (long long) n, turn, (long long) i,
                     (long long) j, sum, (double) dst[i * ld_dst + j]);
            }
        }
        for (int64_t j = n; ok && i + 1 < m && n > 0 && j < ld_dst; j++) {
            if (stored_bits(dst, i * ld_dst + j, TERSOR_F32) != 0xa5a5a5a5) {
                ok = false;
                fail("isa=%s f32 m=%lld k=%lld n=%lld: wrote between the rows", tersor_isa_name(isa), (long long) m,
                     (long long) k, (long long) n);
            }
        }
    }
    guarded_free_all();
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

static void run_conv(uint32_t isa, const conv_case *c, int turn) {
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
    if (bias != NULL) {
        random_floats(bias, (size_t) c->oc, 5.0f);
    }
    const finish f = {bias, turn % 3 == 0 ? 0.0f : -INFINITY, INFINITY};
    int64_t packed_bytes = -1, scratch_bytes = -1;
    bool ok = expect_status(tersor_f32_conv2d_packed_bytes(isa, c->ic, c->oc, c->kh, c->kw, c->groups, &packed_bytes),
                            TERSOR_OK, "bytes");
    void *packed = guarded(side, (size_t) packed_bytes);
    ok = ok && expect_status(tersor_f32_conv2d_pack(isa, c->ic, c->oc, c->kh, c->kw, c->stride, c->stride, c->pad,
                                                    c->pad, c->pad, c->pad, c->dilation, c->dilation, c->groups,
                                                    weights, packed, packed_bytes),
                             TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    void *scratch = guarded(side, ok ? (size_t) scratch_bytes : 0);
    for (int part = 0; part < 2; part++) {
        const int64_t first = part == 0 ? 0 : pixels / 3, count = part == 0 ? pixels / 3 : pixels - pixels / 3;
        ok = ok && expect_status(tersor_f32_conv2d(isa, c->n, c->h, c->w, first, count, src, packed, packed_bytes, bias,
                                                   f.lo, f.hi, dst, scratch, scratch_bytes),
                                 TERSOR_OK, "conv2d");
    }
    for (int64_t i = 0; ok && i < pixels * c->oc; i++) {
        const int64_t o = i % c->oc, x = i / c->oc % ow, y = i / c->oc / ow % oh, n = i / c->oc / ow / oh;
        double sum, magnitudes;
        reference(c, src, weights, n, y, x, o, &sum, &magnitudes);
        if (!close_to(dst[i], sum, magnitudes, c->kh * c->kw * c->ic / c->groups, &f, o)) {
            ok = false;
            fail("isa=%s f32 conv case %d at [%lld, %lld, %lld, %lld]: expected %.9g, got %.9g", tersor_isa_name(isa),
                 turn, (long long) n, (long long) y, (long long) x, (long long) o, sum, (double) dst[i]);
        }
    }
    guarded_free_all();
}

/* NaN and infinity pass, and a bound turns NaN into lo. */
static void run_special(uint32_t isa) {
    cases++;
    float src[] = {NAN, INFINITY, 1.0f}, weights[] = {1.0f}, dst[3];
    int64_t packed_bytes = 0, scratch_bytes = 0;
    expect_status(tersor_f32_gemm_packed_bytes(isa, 1, 1, &packed_bytes), TERSOR_OK, "packed_bytes");
    void *packed = guarded(GUARD_AFTER, (size_t) packed_bytes);
    expect_status(tersor_f32_gemm_pack(isa, 1, 1, weights, 1, 1, packed, packed_bytes), TERSOR_OK, "pack");
    expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    void *scratch = guarded(GUARD_AFTER, (size_t) scratch_bytes);
    expect_status(tersor_f32_gemm(isa, 3, 1, 1, 0, 3, src, 1, packed, packed_bytes, NULL, -INFINITY, INFINITY, dst, 1,
                                  scratch, scratch_bytes),
                  TERSOR_OK, "gemm");
    if (!isnan(dst[0]) || !isinf(dst[1]) || dst[2] != 1.0f) {
        fail("isa=%s: NaN, inf, 1 became %g, %g, %g", tersor_isa_name(isa), (double) dst[0], (double) dst[1],
             (double) dst[2]);
    }
    expect_status(tersor_f32_gemm(isa, 3, 1, 1, 0, 3, src, 1, packed, packed_bytes, NULL, -2.0f, 6.0f, dst, 1, scratch,
                                  scratch_bytes),
                  TERSOR_OK, "gemm");
    if (dst[0] != -2.0f || dst[1] != 6.0f || dst[2] != 1.0f) {
        fail("isa=%s: NaN, inf, 1 clipped to [-2, 6] became %g, %g, %g", tersor_isa_name(isa), (double) dst[0],
             (double) dst[1], (double) dst[2]);
    }
    guarded_free_all();
}

int main(void) {
    static const int64_t M[] = {0, 1, 5, 12, 25};
    static const int64_t K[] = {0, 1, 3, 16, 67};
    static const int64_t N[] = {0, 1, 7, 16, 31, 32, 33, 70};
    static const conv_case CONVS[] = {
        {1, 5, 7, 3, 5, 3, 3, 1, 1, 1, 1},    {2, 6, 6, 20, 33, 1, 1, 1, 0, 1, 1},
        {1, 9, 8, 3, 9, 7, 7, 2, 3, 1, 1},    {1, 5, 6, 6, 9, 3, 3, 1, 1, 1, 3},
        {1, 9, 9, 4, 6, 3, 3, 1, 0, 2, 1},    {2, 6, 7, 16, 16, 3, 3, 1, 1, 1, 16},
        {1, 7, 5, 37, 37, 5, 3, 2, 2, 1, 37}, {1, 8, 8, 64, 64, 3, 3, 1, 0, 2, 64},
        {1, 5, 5, 9, 18, 3, 3, 1, 1, 1, 9},   {1, 0, 0, 3, 4, 2, 2, 1, 1, 1, 1},
        {0, 5, 5, 3, 4, 3, 3, 1, 1, 1, 1},    {1, 2, 2, 3, 4, 3, 3, 1, 0, 1, 1},
        {1, 40, 23, 2, 3, 3, 3, 1, 1, 1, 1},
    };
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        int turn = 0;
        for (size_t m = 0; m < sizeof M / sizeof *M; m++) {
            for (size_t k = 0; k < sizeof K / sizeof *K; k++) {
                for (size_t n = 0; n < sizeof N / sizeof *N; n++) {
                    run_gemm(isa, M[m], K[k], N[n], turn++);
                }
            }
        }
        /* More rows than one block, a stride that aliases in L1, a sum in chunks. */
        run_gemm(isa, 801, 5, 3, turn++);
        run_gemm(isa, 64, 1024, 100, 4);
        run_gemm(isa, 40, 2100, 35, turn++);
        for (size_t i = 0; i < sizeof CONVS / sizeof *CONVS; i++) {
            run_conv(isa, &CONVS[i], (int) i);
            run_conv(isa, &CONVS[i], (int) i + 1);
        }
        run_special(isa);
    }
    return test_result("f32", cases);
}
