/* Maximum pooling on every instruction set against its formula, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

typedef struct geometry {
    int64_t h, w, channels, oh, ow;
    tersor_pool2d_window k;
} geometry;

static int32_t value_at(const void *pixels, int64_t i, tersor_type type) {
    return type == TERSOR_U8 ? ((const uint8_t *) pixels)[i] : ((const int8_t *) pixels)[i];
}

static int32_t expected(const geometry *g, tersor_type type, const void *src, int64_t image, int64_t y,
                        int64_t x, int64_t channel) {
    int32_t max = type == TERSOR_U8 ? 0 : -128;
    for (int64_t ky = 0; ky < g->k.kh; ky++) {
        for (int64_t kx = 0; kx < g->k.kw; kx++) {
            const int64_t row = y * g->k.stride_h - g->k.pad_top + ky * g->k.dilation_h;
            const int64_t column = x * g->k.stride_w - g->k.pad_left + kx * g->k.dilation_w;
            if (row >= 0 && row < g->h && column >= 0 && column < g->w) {
                const int32_t value = value_at(src, ((image * g->h + row) * g->w + column) * g->channels + channel, type);
                max = value > max ? value : max;
            }
        }
    }
    return max;
}

static tersor_status pool(uint32_t isa, tersor_type type, const geometry *g, int64_t images, int64_t first, int64_t lines,
                          const void *src, void *dst) {
    return tersor_max_pool2d(isa, type, &g->k, images, g->h, g->w, g->channels, g->oh, g->ow, first, lines, src, dst);
}

static void run(uint32_t isa, tersor_type type, const geometry *g, int64_t images, guard_side side) {
    cases++;
    const int64_t count = images * g->oh * g->ow * g->channels;
    random_seed((uint64_t) (count + type));
    void *src = guarded(side, (size_t) (images * g->h * g->w * g->channels));
    void *dst = guarded(side, (size_t) count);
    random_bytes(src, (size_t) (images * g->h * g->w * g->channels), false);
    memset(dst, 77, (size_t) count);
    /* All lines but the last, then that one. */
    const int64_t lines = images * g->oh, last = lines == 0 ? 0 : 1;
    bool ok = expect_status(pool(isa, type, g, images, 0, lines - last, src, dst), TERSOR_OK, "lines");
    for (int64_t i = 0; i < last * g->ow * g->channels; i++) {
        ok = ok && value_at(dst, count - 1 - i, type) == 77;
    }
    if (!ok) {
        fail("isa=%s a line too many", tersor_isa_name(isa));
    }
    ok &= expect_status(pool(isa, type, g, images, lines - last, last, src, dst), TERSOR_OK, "last line");
    for (int64_t i = 0; ok && i < count; i++) {
        const int64_t pixel = i / g->channels, x = pixel % g->ow, y = pixel / g->ow % g->oh, image = pixel / g->ow / g->oh;
        const int32_t want = expected(g, type, src, image, y, x, i % g->channels);
        if (value_at(dst, i, type) != want) {
            ok = false;
            fail("isa=%s %s %lldx%lldx%lld window %dx%d at %lld: expected %d, got %d", tersor_isa_name(isa),
                 type_name(type), (long long) g->h, (long long) g->w, (long long) g->channels, g->k.kh, g->k.kw, (long long) i,
                 want, value_at(dst, i, type));
        }
    }
    guarded_free_all();
}

/* Means; `pixels` up to more than what one block of sums takes. */
static void run_average(uint32_t isa, tersor_type type, int64_t images, int64_t pixels, int64_t channels) {
    cases++;
    random_seed((uint64_t) (pixels * 1000 + channels));
    const guard_side side = pixels % 2 == 0 ? GUARD_BEFORE : GUARD_AFTER;
    void *src = guarded(side, (size_t) (images * pixels * channels)), *dst = guarded(side, (size_t) (images * channels));
    random_bytes(src, (size_t) (images * pixels * channels), false);
    const int32_t min = type == TERSOR_U8 ? 0 : -128;
    const int32_t src_zero = (int32_t) random_between(min, min + 255), dst_zero = (int32_t) random_between(min, min + 255);
    const float multiplier = (float) random_between(1, 400) / 100.0f;
    bool ok = expect_status(tersor_global_average_pool(isa, type, images, pixels, channels, src_zero, multiplier, dst_zero,
                                                       src, dst),
                            TERSOR_OK, "global_average_pool");
    for (int64_t i = 0; ok && i < images * channels; i++) {
        int64_t sum = 0;
        for (int64_t p = 0; p < pixels; p++) {
            sum += value_at(src, (i / channels * pixels + p) * channels + i % channels, type) - src_zero;
        }
        /* volatile: each operation rounds to float by itself. */
        volatile float r = (float) sum;
        r = r * multiplier;
        r = pixels == 0 ? 0.0f : r / (float) pixels;
        const double level = fmin(fmax(nearbyint((double) r) + dst_zero, min), min + 255);
        if ((double) value_at(dst, i, type) != level) {
            ok = false;
            fail("isa=%s average %s [%lld, %lld, %lld] at %lld: expected %g, got %d", tersor_isa_name(isa),
                 type_name(type), (long long) images, (long long) pixels, (long long) channels, (long long) i, level,
                 value_at(dst, i, type));
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
        }
    }
    run_average(isa, TERSOR_U8, 1, 200000, 3);
    run_average(isa, TERSOR_S8, 1, 70001, 65);
}

int main(void) {
    static const geometry GEOMETRIES[] = {
        {7, 5, 0, 4, 3, {3, 3, 2, 2, 1, 1, 1, 1}}, {7, 5, 0, 5, 3, {3, 3, 1, 1, 1, 1, 0, 0}},
        {4, 4, 0, 2, 2, {2, 2, 2, 2, 1, 1, 0, 0}}, {9, 9, 0, 7, 7, {3, 3, 1, 1, 2, 2, 1, 1}},
        {5, 9, 0, 5, 8, {3, 2, 1, 1, 1, 1, 2, 0}}, {2, 2, 0, 7, 7, {2, 2, 1, 1, 1, 1, 3, 3}},
        {1, 1, 0, 1, 1, {5, 7, 1, 1, 1, 1, 2, 3}}, {3, 3, 0, 1, 1, {3, 3, 9, 9, 5, 1, 2, 0}},
        {0, 3, 0, 2, 3, {3, 3, 1, 1, 1, 1, 1, 1}}, {3, 3, 0, 0, 3, {1, 1, 1, 1, 1, 1, 0, 0}},
    };
    static const int64_t CHANNELS[] = {0, 1, 3, 15, 16, 33, 64, 65, 130};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) != 0) {
            run_averages(isa);
        }
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof GEOMETRIES / sizeof *GEOMETRIES; i++) {
            for (size_t c = 0; c < sizeof CHANNELS / sizeof *CHANNELS; c++) {
                geometry g = GEOMETRIES[i];
                g.channels = CHANNELS[c];
                run(isa, TERSOR_U8, &g, 2, GUARD_AFTER);
                run(isa, TERSOR_S8, &g, 1, GUARD_BEFORE);
            }
        }
    }
    return test_result("pool", cases);
}
