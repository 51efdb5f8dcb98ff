/*
 * Sums of tersor_conv2d of bytes with a 3x3 window and stride 1 against int64 sums, on every instruction set: tiles and
 * their edges, parts of lines and channels, the largest magnitudes; and which of these are filtered minimally on AVX2.
 */
#include <string.h>

#include "testing.h"

/* Random values, or all source bytes and all weights the same. */
typedef enum content { RANDOM, EXTREMES, LARGEST, ALTERNATING } content;

typedef struct conv_case {
    int64_t n, h, w, ic, oc, pad_top, pad_left, pad_bottom, pad_right;
    bool filtered; /* on AVX2 */
    content content;
} conv_case;

typedef struct operands {
    const conv_case *c;
    tersor_type src_type;
    int64_t oh, ow;
    uint8_t *src;
    int8_t *weights;
    int32_t src_zero_point;
    int32_t *zero_points, *bias; /* may be NULL */
    int32_t *dst;
    void *packed, *scratch;
    int64_t packed_bytes, scratch_bytes;
} operands;

static int64_t cases;

static void fill(operands *o, int64_t src_count, int64_t weights_count) {
    const conv_case *c = o->c;
    const int32_t least = o->src_type == TERSOR_U8 ? 0 : -128;
    random_bytes(o->src, (size_t) src_count, c->content == EXTREMES);
    random_bytes((uint8_t *) o->weights, (size_t) weights_count, c->content == EXTREMES);
    o->src_zero_point = (int32_t) random_between(least, least + 255);
    for (int64_t i = 0; o->zero_points != NULL && i < c->oc; i++) {
        o->zero_points[i] = (int32_t) random_between(-128, 127);
    }
    for (int64_t i = 0; o->bias != NULL && i < c->oc; i++) {
        o->bias[i] = (int32_t) random_between(INT32_MIN, INT32_MAX);
    }
    if (c->content != LARGEST && c->content != ALTERNATING) {
        return;
    }
    /* What makes the sums, or what lies between, as large as they get. */
    o->src_zero_point = least;
    for (int64_t i = 0; i < src_count; i++) {
        const int64_t pixel = i / c->ic, x = pixel % c->w, y = pixel / c->w % c->h;
        const bool high = c->content == LARGEST || (x / 2 + y / 2) % 2 == 0;
        o->src[i] = (uint8_t) (o->src_type == TERSOR_U8 ? (high ? 255 : 0) : (high ? -128 : 127));
    }
    memset(o->weights, -128, (size_t) weights_count);
    for (int64_t i = 0; o->zero_points != NULL && i < c->oc; i++) {
        o->zero_points[i] = 127;
    }
}

static int32_t expected(const operands *o, int64_t n, int64_t y, int64_t x, int64_t oc) {
    const conv_case *c = o->c;
    int64_t sum = o->bias == NULL ? 0 : o->bias[oc];
    for (int64_t tap = 0; tap < 9; tap++) {
        const int64_t h = y - c->pad_top + tap / 3, w = x - c->pad_left + tap % 3;
        if (h < 0 || h >= c->h || w < 0 || w >= c->w) {
            continue;
        }
        const uint8_t *pixel = o->src + ((n * c->h + h) * c->w + w) * c->ic;
        const int8_t *weights = o->weights + oc * c->ic * 9 + tap;
        const int32_t zero_point = o->zero_points == NULL ? 0 : o->zero_points[oc];
        for (int64_t ic = 0; ic < c->ic; ic++) {
            const int32_t a = o->src_type == TERSOR_U8 ? pixel[ic] : (int8_t) pixel[ic];
            sum += (int64_t) (a - o->src_zero_point) * (weights[ic * 9] - zero_point);
        }
    }
    return (int32_t) (uint32_t) (uint64_t) sum;
}

static bool prepare(uint32_t isa, guard_side side, operands *o) {
    const conv_case *c = o->c;
    const tersor_conv2d_geometry g =
        plain_3x3(c->ic, c->oc, c->pad_top, c->pad_left, c->pad_bottom, c->pad_right);
    const char *name = "";
    bool ok = expect_status(tersor_conv2d_packed_bytes(isa, o->src_type, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE,
                                                       &g, o->zero_points != NULL, o->weights, &o->packed_bytes),
                            TERSOR_OK, "bytes");
    o->packed = guarded(side, (size_t) o->packed_bytes);
    ok = ok && expect_status(tersor_conv2d_pack(isa, o->src_type, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE, &g,
                                                o->weights, o->src_zero_point, o->zero_points, o->bias, o->packed,
                                                o->packed_bytes),
                             TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_kernel_name(o->packed, o->packed_bytes, &name), TERSOR_OK, "name");
    ok = ok && expect_status(tersor_packed_scratch_bytes(o->packed, o->packed_bytes, &o->scratch_bytes), TERSOR_OK,
                             "scratch");
    const char *filter = o->src_type == TERSOR_U8 ? "u8s8_winograd_2x2__avx2" : "s8s8_winograd_2x2__avx2";
    if (ok && (strcmp(name, filter) == 0) != (isa == TERSOR_ISA_AVX2 && c->filtered)) {
        fail("isa=%s ic=%lld oc=%lld: %s", tersor_isa_name(isa), (long long) c->ic, (long long) c->oc, name);
    }
    o->scratch = guarded(side, ok ? (size_t) o->scratch_bytes : 0);
    return ok;
}

static bool run(const operands *o, int64_t first_line, int64_t lines, int64_t first_channel, int64_t channels) {
    const conv_case *c = o->c;
    const tersor_epilogue e = {.dst_type = TERSOR_S32};
    return expect_status(tersor_conv2d(o->packed, o->packed_bytes, &e, c->n, c->h, c->w, first_line, lines, first_channel,
                                       channels, o->src, NULL, o->dst, o->scratch, o->scratch_bytes),
                         TERSOR_OK, "conv2d");
}

static void check(uint32_t isa, const operands *o, const int32_t *sums, const char *how) {
    const conv_case *c = o->c;
    for (int64_t i = 0; i < c->n * o->oh * o->ow * c->oc; i++) {
        if (o->dst[i] != sums[i]) {
            const int64_t pixel = i / c->oc;
            fail("isa=%s %s %s n=%lld %lldx%lld %lld to %lld content=%d zero_points=%d at [%lld, %lld, %lld]: expected %d, "
                 "got %d",
                 tersor_isa_name(isa), type_name(o->src_type), how, (long long) c->n, (long long) c->h, (long long) c->w,
                 (long long) c->ic, (long long) c->oc, c->content, o->zero_points != NULL,
                 (long long) (pixel / o->ow), (long long) (pixel % o->ow), (long long) (i % c->oc), sums[i], o->dst[i]);
            return;
        }
    }
}

static void run_case(uint32_t isa, const conv_case *c, tersor_type src_type, int turn) {
    const guard_side side = turn % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
    operands o = {.c = c, .src_type = src_type};
    o.oh = c->h + c->pad_top + c->pad_bottom - 2;
    o.ow = c->w + c->pad_left + c->pad_right - 2;
    const int64_t lines = c->n * o.oh, results = lines * o.ow * c->oc;
    const int64_t src_count = c->n * c->h * c->w * c->ic, weights_count = c->oc * c->ic * 9;
    cases++;
    random_seed((uint64_t) (c->h * 5 + c->w * 7 + c->ic * 11 + c->oc * 13 + turn));
    o.src = guarded(side, (size_t) src_count);
    o.weights = guarded(side, (size_t) weights_count);
    o.zero_points = turn % 4 < 2 ? NULL : guarded(side, (size_t) c->oc * 4);
    o.bias = turn % 3 == 0 ? NULL : guarded(side, (size_t) c->oc * 4);
    o.dst = guarded(side, (size_t) results * 4);
    fill(&o, src_count, weights_count);
    int32_t *sums = guarded(GUARD_AFTER, (size_t) results * 4);
    for (int64_t i = 0; i < results; i++) {
        const int64_t pixel = i / c->oc, line = pixel / o.ow;
        sums[i] = expected(&o, line / o.oh, line % o.oh, pixel % o.ow, i % c->oc);
    }
    if (prepare(isa, side, &o)) {
        memset(o.scratch, 0x5a, (size_t) o.scratch_bytes);
        if (run(&o, 0, lines, 0, c->oc)) {
            check(isa, &o, sums, "whole");
        }
        memset(o.dst, 0x5a, (size_t) results * 4);
        const int64_t middle = c->oc > TERSOR_CHANNELS ? TERSOR_CHANNELS : c->oc, third = lines / 3;
        for (int part = 0; part < (middle < c->oc ? 4 : 2); part++) {
            const int64_t line = part % 2 == 0 ? 0 : third, channel = part < 2 ? 0 : middle;
            run(&o, line, part % 2 == 0 ? third : lines - third, channel, part < 2 ? middle : c->oc - middle);
        }
        check(isa, &o, sums, "in parts");
    }
    guarded_free_all();
}

int main(void) {
    static const conv_case CONVS[] = {
        /* n h w ic oc, paddings */
        {1, 8, 8, 32, 16, 1, 1, 1, 1, true, RANDOM},      {2, 7, 9, 34, 17, 1, 1, 1, 1, true, EXTREMES},
        {1, 9, 12, 48, 130, 0, 0, 0, 0, true, EXTREMES},  {3, 5, 11, 62, 70, 2, 0, 1, 3, true, RANDOM},
        {1, 6, 6, 130, 33, 0, 1, 2, 0, true, RANDOM},     {1, 14, 15, 64, 65, 1, 1, 1, 1, true, EXTREMES},
        {1, 3, 90, 40, 24, 1, 2, 0, 1, true, RANDOM},     {1, 7, 7, 300, 36, 1, 1, 1, 1, true, EXTREMES},
        {1, 31, 30, 36, 20, 1, 1, 1, 1, true, EXTREMES},  {1, 13, 12, 516, 16, 1, 1, 1, 1, true, RANDOM},
        {2, 1, 1, 64, 70, 1, 1, 1, 1, true, RANDOM},      {1, 3, 3, 64, 64, 1, 1, 1, 1, true, RANDOM},
        {1, 2, 1, 66, 66, 3, 3, 3, 3, true, RANDOM},
        /* Too few channels, an odd number. */
        {1, 9, 9, 30, 16, 1, 1, 1, 1, false, RANDOM},     {1, 9, 9, 64, 15, 1, 1, 1, 1, false, RANDOM},
        {1, 9, 9, 33, 16, 1, 1, 1, 1, false, RANDOM},
        /* The largest sums below and above the most input channels. */
        {1, 8, 7, 916, 16, 1, 1, 1, 1, true, LARGEST},    {1, 8, 8, 916, 17, 1, 1, 1, 1, true, ALTERNATING},
        {1, 8, 7, 918, 16, 1, 1, 1, 1, false, LARGEST},   {1, 8, 7, 1200, 16, 1, 1, 1, 1, false, LARGEST},
    };
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        int turn = 0;
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof CONVS / sizeof *CONVS; i++) {
            for (int repeat = 0; repeat < 4; repeat++, turn++) {
                run_case(isa, &CONVS[i], repeat % 2 == 0 ? TERSOR_U8 : TERSOR_S8, turn + (int) i);
            }
        }
    }
    return test_result("i8_winograd", cases);
}
