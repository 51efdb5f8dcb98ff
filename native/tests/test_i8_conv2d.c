/* INT8 tersor_conv2d on every instruction set against int64 sums, each operand against an unreadable page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

typedef struct conv_case {
    int64_t n, h, w, ic, oc, kh, kw;
    int64_t stride_h, stride_w, pad_top, pad_left, pad_bottom, pad_right, dilation_h, dilation_w, groups;
} conv_case;

static tersor_conv2d_geometry geometry_of(const conv_case *c) {
    return (tersor_conv2d_geometry){c->ic,       c->oc,       c->kh,       c->kw,         c->groups,    c->stride_h,   c->stride_w,
                                    c->pad_top,  c->pad_left, c->pad_bottom, c->pad_right, c->dilation_h, c->dilation_w};
}

typedef struct variation {
    uint32_t isa;
    tersor_type src_type, dst_type;
    tersor_type residual_type; /* 0: none; that of dst: dst itself */
    bool zero_points, bias, offset, extreme, in_parts;
    guard_side side;
    tersor_sparsity sparsity;
} variation;

static int64_t cases;

static int64_t out(int64_t extent, int64_t padding, int64_t kernel, int64_t stride, int64_t dilation) {
    const int64_t room = extent + padding - (dilation * (kernel - 1) + 1);
    return room < 0 ? 0 : room / stride + 1;
}

/* The sum for output (n, y, x, o). */
static int32_t reference(const conv_case *c, tersor_type src_type, const uint8_t *src, const int8_t *weights,
                         int32_t src_zero_point, int32_t zero_point, int64_t n, int64_t y, int64_t x, int64_t o) {
    const int64_t icg = c->ic / c->groups, ocg = c->oc / c->groups;
    int64_t acc = 0;
    for (int64_t i = 0; i < icg; i++) {
        for (int64_t kh = 0; kh < c->kh; kh++) {
            for (int64_t kw = 0; kw < c->kw; kw++) {
                const int64_t h = y * c->stride_h - c->pad_top + kh * c->dilation_h;
                const int64_t w = x * c->stride_w - c->pad_left + kw * c->dilation_w;
                if (h < 0 || h >= c->h || w < 0 || w >= c->w) {
                    continue;
                }
                const uint8_t byte = src[((n * c->h + h) * c->w + w) * c->ic + o / ocg * icg + i];
                const int32_t a = src_type == TERSOR_U8 ? byte : (int8_t) byte;
                const int32_t b = weights[((o * icg + i) * c->kh + kh) * c->kw + kw];
                acc += (int64_t) (a - src_zero_point) * (b - zero_point);
            }
        }
    }
    return (int32_t) (uint32_t) (uint64_t) acc;
}

static void run(const conv_case *c, const variation *v) {
    cases++;
    random_seed((uint64_t) (c->n * 3 + c->h * 5 + c->w * 7 + c->ic * 11 + c->oc * 13 + c->kh * 17 + v->dst_type));
    const int64_t oh = out(c->h, c->pad_top + c->pad_bottom, c->kh, c->stride_h, c->dilation_h);
    const int64_t ow = out(c->w, c->pad_left + c->pad_right, c->kw, c->stride_w, c->dilation_w);
    const int64_t pixels = c->n * oh * ow;
    const size_t src_bytes = (size_t) (c->n * c->h * c->w * c->ic);
    const size_t weights_bytes = (size_t) (c->oc * (c->ic / c->groups) * c->kh * c->kw);
    const size_t oc = (size_t) c->oc;
    uint8_t *src = guarded(v->side, src_bytes);
    int8_t *weights = guarded(v->side, weights_bytes);
    int32_t *zero_points = v->zero_points ? guarded(v->side, oc * 4) : NULL;
    int32_t *bias = v->bias ? guarded(v->side, oc * 4) : NULL;
    float *multiplier = guarded(v->side, oc * 4);
    float *offset = v->offset ? guarded(v->side, oc * 4) : NULL;
    uint8_t *dst = guarded(v->side, (size_t) (pixels * c->oc * bytes_of(v->dst_type)));
    const bool in_place = v->residual_type == v->dst_type;
    const size_t results = (size_t) (pixels * c->oc);
    uint8_t *residual = NULL;
    uint8_t *added = NULL; /* what the residual was */
    if (v->residual_type != 0) {
        residual = in_place ? dst : guarded(v->side, results);
        added = malloc(results + 1);
        random_bytes(residual, results, v->extreme);
        memcpy(added, residual, results);
    }
    random_bytes(src, src_bytes, v->extreme);
    random_bytes((uint8_t *) weights, weights_bytes, v->extreme);
    const int64_t icg = c->ic / c->groups, taps = c->kh * c->kw;
    for (size_t i = 0; i < weights_bytes; i++) {
        const int64_t o = (int64_t) i / (icg * taps), channel = (int64_t) i / taps % icg, tap = (int64_t) i % taps;
        if (pruned(v->sparsity, tap * icg + channel, o)) {
            weights[i] = 0;
        }
    }
    random_floats(multiplier, oc, 2.0f / (float) (1 + 100 * c->kh * c->kw * c->ic / c->groups));
    if (v->extreme && v->in_parts) {
        /* Results that no integer type holds, or not all, or that all do. */
        const float large[] = {1e30f, 1e4f, multiplier[oc / 2]};
        multiplier[oc / 2] = large[random_between(0, 2)];
    }
    for (size_t o = 0; o < oc; o++) {
        if (zero_points != NULL) {
            zero_points[o] = (int32_t) random_between(-128, 127);
        }
        if (bias != NULL) {
            bias[o] = (int32_t) random_between(-100000, 100000);
        }
    }
    if (offset != NULL) {
        random_floats(offset, oc, 50.0f);
    }
    const int32_t src_min = v->src_type == TERSOR_U8 ? 0 : -128;
    const int32_t src_zero_point = (int32_t) random_between(src_min, src_min + 255);
    const bool narrow = v->dst_type == TERSOR_U8 || v->dst_type == TERSOR_S8;
    if (offset != NULL && narrow && v->extreme) {
        const float unusual[] = {v->residual_type == 0 ? NAN : 0, 1e12f, offset[0]}; /* NaN becomes lo */
        offset[0] = unusual[random_between(0, 2)];
    }
    const reference_epilogue e = {
        .multiplier = multiplier,
        .offset = offset,
        .lo = v->extreme && random_between(0, 1) == 0 ? 0.5f : -INFINITY,
        .hi = v->in_parts && random_between(0, 1) == 0 ? 60.5f : INFINITY,
        .dst_type = v->dst_type,
        .dst_zero_point = narrow ? (v->dst_type == TERSOR_U8 ? 117 : -11) : 0,
        .residual_type = v->residual_type,
        .residual_zero_point = v->residual_type == TERSOR_U8 ? 120 : 3,
        .residual_multiplier = 0.25f,
    };
    const tersor_epilogue given = reference_given(&e);
    const tersor_conv2d_geometry geometry = geometry_of(c);
    int64_t packed_bytes = -1, scratch_bytes = -1;
    bool ok = expect_status(
        tersor_conv2d_packed_bytes(v->isa, v->src_type, TERSOR_S8, v->sparsity, TERSOR_COMPONENTWISE, &geometry, v->zero_points, weights,
                                   &packed_bytes),
        TERSOR_OK, "packed_bytes");
    if (!ok) {
        return;
    }
    void *packed = guarded(v->side, (size_t) packed_bytes);
    ok = expect_status(tersor_conv2d_pack(v->isa, v->src_type, TERSOR_S8, v->sparsity, TERSOR_COMPONENTWISE, &geometry, weights,
                                          src_zero_point, zero_points, bias, packed, packed_bytes),
                       TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    if (!ok) {
        return;
    }
    void *scratch = guarded(v->side, (size_t) scratch_bytes);
    memset(scratch, 0x5a, (size_t) scratch_bytes);
    const int64_t lines = c->n * oh;
    const int64_t part = v->in_parts ? lines / 3 + 1 : lines + 1;
    const int64_t channels = v->in_parts && c->groups == 1 ? TERSOR_CHANNELS : c->oc;
    for (int64_t first = 0; ok && first < lines; first += part) {
        const int64_t count = lines - first < part ? lines - first : part;
        for (int64_t o = 0; ok && o < c->oc; o += channels) {
            ok = expect_status(tersor_conv2d(packed, packed_bytes, &given, c->n, c->h, c->w, first, count, o,
                                             c->oc - o < channels ? c->oc - o : channels, src, residual, dst, scratch,
                                             scratch_bytes),
                               TERSOR_OK, "conv2d");
        }
    }
    for (int64_t i = 0; ok && i < pixels * c->oc; i++) {
        const int64_t o = i % c->oc, x = i / c->oc % ow, y = i / c->oc / ow % oh, n = i / c->oc / ow / oh;
        const int32_t zero_point = zero_points == NULL ? 0 : zero_points[o];
        const uint32_t sum = (uint32_t) reference(c, v->src_type, src, weights, src_zero_point, zero_point, n, y, x, o);
        const int32_t acc = (int32_t) (sum + (bias == NULL ? 0 : (uint32_t) bias[o]));
        uint32_t expected = reference_store(&e, acc, o);
        const uint32_t actual = stored_bits(dst, i, v->dst_type);
        bool equal = actual == expected;
        if (added != NULL) {
            const reference_value r =
                reference_integer(&e, acc, NULL, v->residual_type == TERSOR_U8 ? added[i] : (int8_t) added[i], o);
            expected = (uint32_t) (int32_t) r.value;
            equal = fabs(reference_stored(dst, i, v->dst_type) - r.value) <= r.tolerance;
        }
        if (!equal) {
            ok = false;
            fail("isa=%s %s->%s sparsity=%d n=%lld h=%lld w=%lld ic=%lld oc=%lld k=%lldx%lld stride=%lldx%lld pad=%lld,%lld,%lld,"
                 "%lld dilation=%lldx%lld groups=%lld residual=%s zero_points=%d bias=%d offset=%d extreme=%d parts=%d side=%d at "
                 "[%lld, %lld, %lld, %lld]: expected %#x, got %#x",
                 tersor_isa_name(v->isa), type_name(v->src_type), type_name(v->dst_type), v->sparsity, (long long) c->n,
                 (long long) c->h, (long long) c->w, (long long) c->ic, (long long) c->oc, (long long) c->kh,
                 (long long) c->kw, (long long) c->stride_h, (long long) c->stride_w, (long long) c->pad_top,
                 (long long) c->pad_left, (long long) c->pad_bottom, (long long) c->pad_right,
                 (long long) c->dilation_h, (long long) c->dilation_w, (long long) c->groups,
                 type_name(v->residual_type), v->zero_points, v->bias,
                 v->offset, v->extreme, v->in_parts, v->side, (long long) n, (long long) y, (long long) x,
                 (long long) o, expected, actual);
        }
    }
    free(added);
    guarded_free_all();
}

int main(void) {
    static const conv_case CASES[] = {
        /* n h  w  ic  oc kh kw  sh sw  pt pl pb pr  dh dw groups */
        {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
        {2, 5, 7, 3, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 9, 8, 3, 33, 7, 7, 2, 2, 3, 3, 3, 3, 1, 1, 1},
        {1, 6, 6, 64, 32, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
        {2, 5, 5, 7, 17, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
        {1, 7, 7, 8, 16, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 1},
        {1, 6, 5, 4, 4, 1, 1, 1, 1, 1, 0, 2, 1, 1, 1, 1},
        {1, 10, 11, 5, 6, 3, 2, 1, 2, 0, 2, 1, 0, 2, 3, 1},
        {1, 4, 4, 130, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 5, 6, 6, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 3},
        {1, 5, 6, 8, 12, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 4},
        {1, 5, 4, 6, 12, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 6},
        {1, 6, 7, 2, 2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 2},
        {2, 6, 7, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 16},
        {1, 7, 5, 37, 37, 5, 3, 2, 1, 2, 1, 2, 1, 1, 1, 37},
        {1, 8, 8, 64, 64, 3, 3, 1, 1, 0, 0, 2, 2, 2, 2, 64},
        {1, 3, 3, 96, 96, 2, 2, 1, 1, 0, 0, 0, 0, 1, 1, 96},
        /* Padding alone makes outputs; the window never fits; no image; more pixels than one block. */
        {1, 0, 0, 3, 4, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 1, 1, 33, 33, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 33},
        {1, 1, 1, 2, 3, 3, 3, 1, 1, 5, 5, 5, 5, 1, 1, 1},
        {1, 2, 2, 3, 4, 3, 3, 1, 1, 0, 0, 0, 0, 1, 1, 1},
        {0, 5, 5, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 31, 33, 2, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 13, 13, 100, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        /* Tiles of several sizes, long runs that are multiplied in chunks, parts of the channels, lines wider than a
         * block, and dilations that spread the window beyond one. */
        {1, 6, 57, 16, 130, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 7, 7, 512, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 3, 3, 5000, 33, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 1},
        {1, 5, 29, 64, 96, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
        {1, 2, 1700, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 2, 900, 256, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 30, 40, 900, 4, 3, 3, 2, 1, 9, 9, 9, 9, 9, 9, 1},
        {1, 12, 21, 600, 4, 3, 2, 1, 1, 90, 5, 90, 5, 80, 1, 1},
        {1, 9, 40, 1200, 8, 3, 3, 1, 1, 9, 9, 9, 9, 9, 9, 4},
        /* What AVX2 filters minimally, with every epilogue. */
        {2, 7, 9, 34, 43, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        {1, 6, 35, 32, 80, 3, 3, 1, 1, 0, 1, 2, 0, 1, 1, 1},
        /* Depthwise: blocks of few channels across images, lines in several strips, tall and flat windows, second lines
         * that dilation or stride aligns, and windows that share no columns. */
        {1, 11, 70, 144, 144, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 144},
        {3, 5, 9, 20, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 20},
        {1, 9, 33, 96, 96, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 96},
        {1, 8, 9, 8, 8, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 8},
        {1, 8, 7, 112, 112, 7, 7, 1, 1, 3, 3, 3, 3, 1, 1, 112},
        {1, 7, 9, 66, 66, 4, 4, 1, 1, 1, 2, 2, 1, 1, 1, 66},
        {1, 9, 23, 40, 40, 1, 3, 2, 3, 0, 1, 0, 1, 1, 1, 40},
        {2, 9, 11, 33, 33, 3, 3, 2, 1, 2, 2, 2, 2, 2, 2, 33},
        {1, 4, 70, 70, 70, 3, 3, 1, 1, 1, 40, 1, 40, 1, 40, 70},
    };
    static const tersor_type DST[] = {TERSOR_S32, TERSOR_F32, TERSOR_U8, TERSOR_S8};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        int t = 0;
        for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
            for (tersor_type src_type = TERSOR_U8; src_type <= TERSOR_S8; src_type++) {
                for (int d = 0; d < 4; d++, t++) {
                    const guard_side side = t % 5 < 2 ? GUARD_BEFORE : GUARD_AFTER;
                    const tersor_type residual = t % 2 == 0 || DST[d] == TERSOR_S32 ? 0
                                                 : t % 3 == 0                       ? TERSOR_S8
                                                                                    : TERSOR_U8;
                    variation v = {isa,       src_type,  DST[d],    residual, t % 3 == 1,  t % 4 < 2,
                                   t % 5 < 3, t % 7 < 3, t % 3 == 0, side,     TERSOR_DENSE};
                    run(&CASES[i], &v);
                    v.sparsity = 1 + t % 6;
                    v.zero_points = false;
                    run(&CASES[i], &v);
                }
            }
        }
    }
    return test_result("i8_conv2d", cases);
}
