/* The elementwise conversions on every instruction set against their formulas, at unreadable pages, with NaN. */
#include <math.h>
#include <string.h>

#include "testing.h"

typedef struct conversion {
    uint32_t isa;
    tersor_type from, to; /* f32 to i8: quantize; i8, s32 to f32: dequantize; otherwise requantize */
    int64_t outer, channels, inner;
    guard_side side;
} conversion;

static int64_t cases;

static int32_t min_of(tersor_type type) {
    return type == TERSOR_U8 ? 0 : -128;
}

static bool is_byte(tersor_type type) {
    return type == TERSOR_U8 || type == TERSOR_S8;
}

static int32_t random_zero_point(tersor_type type) {
    return is_byte(type) ? (int32_t) random_between(min_of(type), min_of(type) + 255) : 0;
}

static void fill(void *src, int64_t count, tersor_type type) {
    static const float SPECIAL[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e30f, -1e-40f, 0.5f, 1.5f, -2.5f};
    if (type != TERSOR_F32) {
        random_bytes(src, (size_t) (count * bytes_of(type)), false);
        return;
    }
    float *to = src;
    random_floats(to, (size_t) count, 100.0f);
    for (int64_t i = 0; i < count; i++) {
        const uint64_t choice = random_next() >> 40;
        if (choice % 4 == 0) {
            to[i] = SPECIAL[choice / 4 % 10];
        } else if (choice % 4 == 1) {
            to[i] = (float) random_between(-600, 600) / 2.0f;
        }
    }
}

static int32_t integer_at(const void *src, int64_t i, tersor_type type) {
    const uint32_t bits = stored_bits(src, i, type);
    return type == TERSOR_S8 ? (int8_t) bits : (int32_t) bits;
}

static uint32_t expected_bits(const conversion *c, const void *src, int64_t i, float factor, int32_t zero_point,
                              int32_t dst_zero_point) {
    volatile float r;
    if (c->from == TERSOR_F32) {
        r = ((const float *) src)[i] / factor;
    } else {
        r = (float) (int32_t) ((uint32_t) integer_at(src, i, c->from) - (uint32_t) zero_point);
        r = r * factor;
    }
    if (c->to == TERSOR_F32) {
        const float value = r;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        return bits;
    }
    const int32_t min = min_of(c->to);
    const double q = isnan(r) ? -INFINITY : nearbyint((double) r) + dst_zero_point;
    const int32_t saturated = q < min ? min : q > min + 255 ? min + 255 : (int32_t) q;
    return (uint32_t) saturated & 0xff;
}

static tersor_status convert(const conversion *c, const void *src, const float *factor, const int32_t *zero_point,
                             int32_t dst_zero_point, void *dst) {
    if (c->from == TERSOR_F32) {
        return tersor_quantize(c->isa, c->to, c->outer, c->channels, c->inner, src, factor, zero_point, dst);
    }
    if (c->to == TERSOR_F32) {
        return tersor_dequantize(c->isa, c->from, c->outer, c->channels, c->inner, src, factor, zero_point, dst);
    }
    return tersor_requantize(c->isa, c->from, c->to, c->outer, c->channels, c->inner, src, zero_point, factor,
                             dst_zero_point, dst);
}

static void run(const conversion *c) {
    cases++;
    const int64_t count = c->outer * c->channels * c->inner;
    random_seed((uint64_t) (count * 100 + c->from * 10 + c->to));
    void *src = guarded(c->side, (size_t) (count * bytes_of(c->from)));
    void *dst = guarded(c->side, (size_t) (count * bytes_of(c->to)));
    float *factor = guarded(c->side, (size_t) c->channels * 4);
    int32_t *zero_point = guarded(c->side, (size_t) c->channels * 4);
    fill(src, count, c->from);
    const int32_t dst_zero_point = random_zero_point(c->to);
    for (int64_t i = 0; i < c->channels; i++) {
        /* A power of two makes ties; s32 sources need a small factor to stay near the range. */
        factor[i] = (i % 3 == 0 ? 0.5f : (float) random_between(1, 1000) / 500.0f) *
                    (c->from == TERSOR_S32 ? 1e-7f : 1);
        zero_point[i] = random_zero_point(c->from == TERSOR_F32 ? c->to : c->from);
    }
    bool ok = expect_status(convert(c, src, factor, zero_point, dst_zero_point, dst), TERSOR_OK, "conversion");
    for (int64_t i = 0; ok && i < count; i++) {
        const int64_t channel = i / c->inner % c->channels;
        const int32_t target = c->from == TERSOR_F32 ? zero_point[channel] : dst_zero_point;
        const uint32_t expected = expected_bits(c, src, i, factor[channel], zero_point[channel], target);
        const uint32_t actual = stored_bits(dst, i, c->to);
        if (actual != expected) {
            ok = false;
            fail("isa=%s %s->%s [%lld, %lld, %lld] side=%d at %lld: expected %#x, got %#x", tersor_isa_name(c->isa),
                 type_name(c->from), type_name(c->to), (long long) c->outer, (long long) c->channels,
                 (long long) c->inner, c->side, (long long) i, expected, actual);
        }
    }
    guarded_free_all();
}

/* Images to NHWC, many of whose elements are ties of the scale or one unit beside them. */
static void run_nhwc(uint32_t isa, tersor_type type, int64_t images, int64_t channels, int64_t pixels, guard_side side) {
    cases++;
    const int64_t count = images * channels * pixels;
    random_seed((uint64_t) (count * 100 + type));
    float *src = guarded(side, (size_t) count * 4);
    void *dst = guarded(side, (size_t) count);
    const conversion c = {.from = TERSOR_F32, .to = type};
    const float scales[] = {0.5f, 0.0186584f, 3e-30f, 1e30f, 1e-40f};
    const float scale = scales[random_next() % 5];
    const int32_t zero_point = random_zero_point(type);
    fill(src, count, TERSOR_F32);
    for (int64_t i = 0; i < count; i++) {
        if (i % 2 == 0) {
            const float tie = ((float) random_between(-300, 300) + 0.5f) * scale;
            src[i] = i % 6 == 0 ? tie : nextafterf(tie, i % 6 == 2 ? INFINITY : -INFINITY);
        }
    }
    bool ok = expect_status(tersor_quantize_nhwc(isa, type, images, channels, pixels, src, scale, zero_point, dst),
                            TERSOR_OK, "quantize_nhwc");
    for (int64_t i = 0; ok && i < count; i++) {
        const int64_t pixel = i % pixels, channel = i / pixels % channels, image = i / pixels / channels;
        const uint32_t expected = expected_bits(&c, src, i, scale, zero_point, zero_point);
        const uint32_t actual = stored_bits(dst, (image * pixels + pixel) * channels + channel, type);
        if (actual != expected) {
            ok = false;
            fail("isa=%s nhwc %s [%lld, %lld, %lld] side=%d scale %g at %lld, %g: expected %#x, got %#x",
                 tersor_isa_name(isa), type_name(type), (long long) images, (long long) channels, (long long) pixels,
                 side, (double) scale, (long long) i, (double) src[i], expected, actual);
        }
    }
    guarded_free_all();
}

/* Where a correct quotient decides: ties of many scales and the numbers beside them. */
static void run_ties(uint32_t isa) {
    cases++;
    enum { TIES = 3 * 511 };
    float *src = guarded(GUARD_AFTER, TIES * 4);
    uint8_t *dst = guarded(GUARD_AFTER, TIES);
    const conversion c = {.from = TERSOR_F32, .to = TERSOR_U8};
    for (int turn = 0; turn < 2000; turn++) {
        const float scale = ldexpf((float) random_between(1 << 23, (1 << 24) - 1), (int) random_between(-60, 0));
        const int32_t zero_point = random_zero_point(TERSOR_U8);
        for (int i = 0; i < TIES; i++) {
            const float tie = ((float) (i / 3 - 256) + 0.5f) * scale;
            src[i] = i % 3 == 0 ? tie : nextafterf(tie, i % 3 == 1 ? INFINITY : -INFINITY);
        }
        expect_status(tersor_quantize(isa, TERSOR_U8, 1, 1, TIES, src, &scale, &zero_point, dst), TERSOR_OK, "ties");
        for (int i = 0; i < TIES; i++) {
            const uint32_t expected = expected_bits(&c, src, i, scale, zero_point, zero_point);
            if (dst[i] != expected) {
                fail("isa=%s %a / %a: expected %u, got %u", tersor_isa_name(isa), (double) src[i], (double) scale,
                     expected, dst[i]);
                turn = 2000;
                break;
            }
        }
    }
    guarded_free_all();
}

static void run_types(uint32_t isa, int64_t outer, int64_t channels, int64_t inner) {
    for (tersor_type from = TERSOR_F32; from <= TERSOR_S8; from++) {
        for (tersor_type to = TERSOR_F32; to <= TERSOR_S8; to++) {
            if (to == TERSOR_S32 || (from == TERSOR_F32 && to == TERSOR_F32)) {
                continue;
            }
            for (int side = 0; side < 2; side++) {
                run(&(conversion){isa, from, to, outer, channels, inner, side ? GUARD_BEFORE : GUARD_AFTER});
            }
        }
    }
}

int main(void) {
    static const int64_t SIZES[] = {0, 1, 2, 7, 15, 16, 17, 31, 63, 64, 65, 200, 1009};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
            run_types(isa, 1, 1, SIZES[i]);
            run_types(isa, 3, SIZES[i], 1);
            run_types(isa, 2, 3, SIZES[i]);
            for (int64_t channels = 1; channels <= 5; channels++) {
                run_nhwc(isa, TERSOR_U8, 2, channels, SIZES[i], GUARD_AFTER);
                run_nhwc(isa, TERSOR_S8, 1, channels, SIZES[i], GUARD_BEFORE);
                run_nhwc(isa, TERSOR_S8, 1, SIZES[i], channels, GUARD_AFTER);
            }
        }
        run_ties(isa);
    }
    return test_result("quantize", cases);
}
