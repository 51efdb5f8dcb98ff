/* Pooling on every instruction set against its formula, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

typedef struct geometry {
    int64_t h, w, channels, oh, ow;
    tersor_pool2d_window k;
} geometry;

/* A geometry's pixels and what becomes of bytes. */
typedef struct pooling {
    uint32_t isa;
    tersor_pooling kind;
    tersor_type type;
    const geometry *g;
    int64_t images;
    int32_t src_zero_point, dst_zero_point;
    float multiplier;
    const void *src;
    void *dst;
} pooling;

static double value_at(const void *pixels, int64_t i, tersor_type type) {
    return type == TERSOR_F32  ? (double) ((const float *) pixels)[i]
           : type == TERSOR_U8 ? ((const uint8_t *) pixels)[i]
                               : ((const int8_t *) pixels)[i];
}

static double level_of(double r, int32_t zero_point, tersor_type type) {
    const double least = type == TERSOR_U8 ? 0 : -128;
    return fmin(fmax(nearbyint(r) + zero_point, least), least + 255);
}

/* What one window gives; of floats it may be off by *bound. */
static double expected(const pooling *p, int64_t image, int64_t y, int64_t x, int64_t channel, double *bound) {
    const geometry *g = p->g;
    int64_t padded = 0, covered = 0;
    double max = p->type == TERSOR_F32 ? (double) -INFINITY : p->type == TERSOR_U8 ? 0 : -128, sum = 0, magnitude = 0;
    for (int64_t ky = 0; ky < g->k.kh; ky++) {
        for (int64_t kx = 0; kx < g->k.kw; kx++) {
            const int64_t row = y * g->k.stride_h - g->k.pad_top + ky * g->k.dilation_h;
            const int64_t column = x * g->k.stride_w - g->k.pad_left + kx * g->k.dilation_w;
            padded += row < g->h + g->k.pad_bottom && column < g->w + g->k.pad_right;
            if (row >= 0 && row < g->h && column >= 0 && column < g->w) {
                const double value =
                    value_at(p->src, ((image * g->h + row) * g->w + column) * g->channels + channel, p->type);
                max = value > max || isnan(value) ? value : max;
                sum += value - p->src_zero_point;
                magnitude += fabs(value);
                covered++;
            }
        }
    }
    *bound = 0;
    if (p->kind == TERSOR_POOL_MAX) {
        return max;
    }
    const int64_t count = p->kind == TERSOR_POOL_AVERAGE ? covered : padded;
    if (p->type == TERSOR_F32) {
        *bound = count == 0 ? 0 : (double) (count + 1) * 0x1p-23 * magnitude / (double) count;
        return count == 0 ? 0 : sum / (double) count;
    }
    /* volatile: each operation rounds to float by itself. */
    volatile float r = (float) sum;
    r = r * p->multiplier;
    r = count == 0 ? 0.0f : r / (float) count;
    return level_of((double) r, p->dst_zero_point, p->type);
}

static tersor_status pool(const pooling *p, int64_t first, int64_t lines) {
    const geometry *g = p->g;
    return tersor_pool2d(p->isa, p->kind, p->type, &g->k, p->images, g->h, g->w, g->channels, g->oh, g->ow, first, lines,
                         p->src_zero_point, p->multiplier, p->dst_zero_point, p->src, p->dst);
}

static void fill(const pooling *p, void *src, int64_t count) {
    if (p->type != TERSOR_F32) {
        random_bytes(src, (size_t) count, false);
        return;
    }
    random_floats(src, (size_t) count, 10.0f);
    for (int64_t i = 0; p->kind == TERSOR_POOL_MAX && i < count; i += 37) {
        ((float *) src)[i] = i % 2 == 0 ? NAN : -INFINITY;
    }
}

static void run(uint32_t isa, tersor_pooling kind, tersor_type type, const geometry *g, int64_t images, guard_side side) {
    cases++;
    const int64_t count = images * g->oh * g->ow * g->channels, bytes = bytes_of(type);
    const int64_t pixels = images * g->h * g->w * g->channels;
    random_seed((uint64_t) (count * 16 + type * 4 + kind));
    void *src = guarded(side, (size_t) (pixels * bytes));
    const int32_t least = type == TERSOR_U8 ? 0 : -128;
    pooling p = {isa, kind, type, g, images, 0, 0, (float) random_between(20, 300) / 100.0f, src, NULL};
    if (type != TERSOR_F32) {
        p.src_zero_point = (int32_t) random_between(least, least + 255);
        p.dst_zero_point = (int32_t) random_between(least, least + 255);
    }
    p.dst = guarded(side, (size_t) (count * bytes));
    fill(&p, src, pixels);
    memset(p.dst, 77, (size_t) (count * bytes));
    /* All lines but the last, then that one. */
    const int64_t lines = images * g->oh, last = lines == 0 ? 0 : 1, line_bytes = last * g->ow * g->channels * bytes;
    bool ok = expect_status(pool(&p, 0, lines - last), TERSOR_OK, "lines");
    for (int64_t i = 0; i < line_bytes; i++) {
        ok = ok && ((const uint8_t *) p.dst)[count * bytes - 1 - i] == 77;
    }
    if (!ok) {
        fail("isa=%s a line too many", tersor_isa_name(isa));
    }
    ok &= expect_status(pool(&p, lines - last, last), TERSOR_OK, "last line");
    for (int64_t i = 0; ok && i < count; i++) {
        const int64_t pixel = i / g->channels, x = pixel % g->ow, y = pixel / g->ow % g->oh, image = pixel / g->ow / g->oh;
        double bound;
        const double want = expected(&p, image, y, x, i % g->channels, &bound), got = value_at(p.dst, i, type);
        if (!(fabs(got - want) <= bound || got == want || (isnan(got) && isnan(want)))) {
            ok = false;
            fail("isa=%s kind %d %s %lldx%lldx%lld window %dx%d at %lld: expected %g, got %g", tersor_isa_name(isa), kind,
                 type_name(type), (long long) g->h, (long long) g->w, (long long) g->channels, g->k.kh, g->k.kw,
                 (long long) i, want, got);
        }
    }
    guarded_free_all();
}

/* Means; `pixels` up to more than what one block of sums takes. */
static void run_average(uint32_t isa, tersor_type type, int64_t images, int64_t pixels, int64_t channels) {
    cases++;
    random_seed((uint64_t) (pixels * 1000 + channels));
    const guard_side side = pixels % 2 == 0 ? GUARD_BEFORE : GUARD_AFTER;
    /* The same as a window over all of a line of pixels. */
    const geometry g = {1, pixels, channels, 1, 1, {1, pixels == 0 ? 1 : (int32_t) pixels, 1, 1, 1, 1, 0, 0, 0, 0}};
    const int64_t bytes = bytes_of(type), count = images * pixels * channels;
    void *src = guarded(side, (size_t) (count * bytes));
    pooling p = {isa, TERSOR_POOL_AVERAGE, type, &g, images, 0, 0, (float) random_between(1, 400) / 100.0f, src, NULL};
    p.dst = guarded(side, (size_t) (images * channels * bytes));
    fill(&p, src, count);
    if (type != TERSOR_F32) {
        const int32_t least = type == TERSOR_U8 ? 0 : -128;
        p.src_zero_point = (int32_t) random_between(least, least + 255);
        p.dst_zero_point = (int32_t) random_between(least, least + 255);
    }
    bool ok = expect_status(tersor_global_average_pool(isa, type, images, pixels, channels, p.src_zero_point,
                                                       p.multiplier, p.dst_zero_point, src, p.dst),
                            TERSOR_OK, "global_average_pool");
    for (int64_t i = 0; ok && i < images * channels; i++) {
        double bound;
        const double want = expected(&p, i / channels, 0, 0, i % channels, &bound), got = value_at(p.dst, i, type);
        if (!(fabs(got - want) <= bound)) {
            ok = false;
            fail("isa=%s average %s [%lld, %lld, %lld] at %lld: expected %g, got %g", tersor_isa_name(isa),
                 type_name(type), (long long) images, (long long) pixels, (long long) channels, (long long) i, want, got);
        }
    }
    guarded_free_all();
}

static void run_averages(uint32_t isa) {
    static const int64_t CHANNELS[] = {0, 1, 3, 15, 33, 64, 65, 130};
    for (size_t c = 0; c < sizeof CHANNELS / sizeof *CHANNELS; c++) {
        for (int64_t pixels = 0; pixels < 60; pixels += 7) {
            run_average(isa, TERSOR_U8, 2, pixels, CHANNELS[c]);
            run_average(isa, TERSOR_S8, 1, pixels + 1, CHANNELS[c]);
            run_average(isa, TERSOR_F32, 2, pixels, CHANNELS[c]);
        }
    }
    run_average(isa, TERSOR_U8, 1, 200000, 3);
    run_average(isa, TERSOR_S8, 1, 70001, 65);
}

int main(void) {
    static const geometry GEOMETRIES[] = {
        {7, 5, 0, 4, 3, {3, 3, 2, 2, 1, 1, 1, 1, 1, 1}}, {7, 5, 0, 5, 3, {3, 3, 1, 1, 1, 1, 0, 0, 0, 0}},
        {4, 4, 0, 2, 2, {2, 2, 2, 2, 1, 1, 0, 0, 0, 0}}, {9, 9, 0, 7, 7, {3, 3, 1, 1, 2, 2, 1, 1, 1, 1}},
        {5, 9, 0, 5, 8, {3, 2, 1, 1, 1, 1, 2, 0, 0, 0}}, {2, 2, 0, 7, 7, {2, 2, 1, 1, 1, 1, 3, 3, 3, 3}},
        {1, 1, 0, 1, 1, {5, 7, 1, 1, 1, 1, 2, 3, 2, 3}}, {3, 3, 0, 1, 1, {3, 3, 9, 9, 5, 1, 2, 0, 1, 2}},
        {0, 3, 0, 2, 3, {3, 3, 1, 1, 1, 1, 1, 1, 3, 1}}, {3, 3, 0, 0, 3, {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}},
        {6, 6, 0, 3, 4, {2, 3, 3, 2, 1, 1, 0, 1, 0, 0}}, /* the last windows end beyond the padding */
    };
    /* Planes: parts of lines with every step, windows as wide as a part, and wider ones. */
    static const geometry PLANES[] = {
        {3, 2500, 1, 3, 2500, {3, 3, 1, 1, 1, 1, 1, 1, 1, 1}}, {4, 2301, 1, 2, 1151, {3, 3, 2, 2, 1, 1, 1, 1, 1, 1}},
        {5, 1100, 1, 2, 550, {2, 2, 2, 2, 1, 1, 0, 0, 0, 0}}, {6, 3001, 1, 3, 1001, {4, 3, 2, 3, 1, 1, 1, 1, 1, 1}},
        {1, 1500, 1, 1, 477, {1, 1024, 1, 1, 1, 1, 0, 0, 0, 0}}, {2, 1500, 1, 1, 476, {2, 1025, 1, 1, 1, 1, 0, 0, 0,
            0}},
        {2, 1200, 1, 2, 89, {2, 4, 1, 2, 1, 341, 1, 0, 0, 0}}, {7, 40, 1, 7, 36, {5, 5, 1, 1, 1, 1, 2, 0, 2, 0}},
        {9, 20, 1, 9, 20, {5, 5, 1, 1, 1, 1, 2, 2, 2, 2}}, {3, 4, 1, 4, 12, {2, 2, 1, 1, 1, 2, 1, 5, 1, 5}},
        {8, 33, 1, 3, 16, {5, 4, 2, 2, 1, 1, 1, 1, 0, 0}}, {4, 9, 1, 2, 3, {2, 3, 2, 2, 2, 2, 0, 1, 0, 1}},
        {1, 2, 1, 1, 9, {1, 3, 1, 1, 1, 1, 0, 5, 0, 4}}};
    static const int64_t CHANNELS[] = {0, 1, 3, 15, 16, 33, 64, 65, 130};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) != 0) {
            run_averages(isa);
        }
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof PLANES / sizeof *PLANES; i++) {
            for (tersor_pooling kind = TERSOR_POOL_MAX; kind <= TERSOR_POOL_AVERAGE_WITH_PADDING; kind++) {
                run(isa, kind, TERSOR_F32, &PLANES[i], 2, i % 2 == 0 ? GUARD_BEFORE : GUARD_AFTER);
                run(isa, kind, TERSOR_F32, &PLANES[i], 3, i % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE);
            }
        }
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof GEOMETRIES / sizeof *GEOMETRIES; i++) {
            for (size_t c = 0; c < sizeof CHANNELS / sizeof *CHANNELS; c++) {
                geometry g = GEOMETRIES[i];
                g.channels = CHANNELS[c];
                for (tersor_pooling kind = TERSOR_POOL_MAX; kind <= TERSOR_POOL_AVERAGE_WITH_PADDING; kind++) {
                    run(isa, kind, TERSOR_U8, &g, 2, GUARD_AFTER);
                    run(isa, kind, TERSOR_S8, &g, 1, GUARD_BEFORE);
                    run(isa, kind, TERSOR_F32, &g, 1, kind == TERSOR_POOL_AVERAGE ? GUARD_BEFORE : GUARD_AFTER);
                }
            }
        }
    }
    return test_result("pool", cases);
}
