/*
 * tersor_gemm on every instruction set against sums in int64 or double, each operand against an unreadable page; integer
 * sums also bit by bit against the portable kernels.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

typedef struct gemm_case {
    uint32_t isa;
    tersor_type src_type, weights_type, dst_type, residual_type;
    tersor_function function;
    tersor_sparsity sparsity;
    int64_t m, k, n;
    int64_t extra_src, extra_weights, extra_dst, extra_residual; /* leading dimensions beyond the columns */
    bool transposed_src, transposed_weights, zero_points, bias, offset, extreme;
    guard_side side;
} gemm_case;

/* The operands of one case; the reference reads them through `real`. */
typedef struct operands {
    void *src, *weights, *residual;
    int32_t *zero_points, *bias;
    float *multiplier, *offset;
    int32_t src_zero_point;
    int32_t given_zero_point; /* of these with the call instead of the weights */
    float given_scale, *given_multiplier;
    int64_t ld_src, ld_weights, ld_residual, ld_dst;
    reference_epilogue e;
} operands;

static int64_t cases;

static bool is_integer(const gemm_case *c) {
    return c->weights_type == TERSOR_S8;
}

static size_t extent(int64_t rows, int64_t columns, int64_t ld) {
    return rows == 0 || columns == 0 ? 0 : (size_t) ((rows - 1) * ld + columns);
}

static void *random_elements(guard_side side, size_t count, tersor_type type, bool extreme) {
    void *memory = guarded(side, count * (size_t) bytes_of(type));
    if (type == TERSOR_F32) {
        random_floats(memory, count, 3.0f);
    } else if (type == TERSOR_BF16) {
        for (size_t i = 0; i < count; i++) {
            float value;
            random_floats(&value, 1, 3.0f);
            ((uint16_t *) memory)[i] = (uint16_t) reference_bf16(value);
        }
    } else {
        random_bytes(memory, count, extreme);
    }
    return memory;
}

static double element(const void *memory, int64_t index, tersor_type type) {
    switch (type) {
    case TERSOR_F32:
        return (double) ((const float *) memory)[index];
    case TERSOR_BF16: {
        const uint32_t bits = (uint32_t) ((const uint16_t *) memory)[index] << 16;
        float value;
        memcpy(&value, &bits, 4);
        return (double) value;
    }
    case TERSOR_U8:
        return ((const uint8_t *) memory)[index];
    default:
        return ((const int8_t *) memory)[index];
    }
}

static double src_at(const gemm_case *c, const operands *o, int64_t i, int64_t k) {
    return element(o->src, c->transposed_src ? k * o->ld_src + i : i * o->ld_src + k, c->src_type);
}

static double weight_at(const gemm_case *c, const operands *o, int64_t k, int64_t j) {
    return element(o->weights, c->transposed_weights ? j * o->ld_weights + k : k * o->ld_weights + j, c->weights_type);
}

static operands draw(const gemm_case *c) {
    operands o = {0};
    const size_t n = (size_t) c->n;
    const int64_t src_rows = c->transposed_src ? c->k : c->m, src_columns = c->transposed_src ? c->m : c->k;
    const int64_t weight_rows = c->transposed_weights ? c->n : c->k;
    const int64_t weight_columns = c->transposed_weights ? c->k : c->n;
    o.ld_src = src_columns + c->extra_src;
    o.ld_weights = weight_columns + c->extra_weights;
    o.ld_dst = c->n + c->extra_dst;
    o.ld_residual = c->n + c->extra_residual;
    o.src = random_elements(c->side, extent(src_rows, src_columns, o.ld_src), c->src_type, c->extreme);
    o.weights = random_elements(c->side, extent(weight_rows, weight_columns, o.ld_weights), c->weights_type, c->extreme);
    for (int64_t k = 0; k < c->k; k++) {
        for (int64_t j = 0; j < c->n; j++) {
            if (pruned(c->sparsity, k, j)) {
                const int64_t at = c->transposed_weights ? j * o.ld_weights + k : k * o.ld_weights + j;
                memset((char *) o.weights + at * bytes_of(c->weights_type), 0, (size_t) bytes_of(c->weights_type));
            }
        }
    }
    if (c->residual_type != 0) {
        o.residual = random_elements(c->side, extent(c->m, c->n, o.ld_residual), c->residual_type, false);
    }
    o.zero_points = c->zero_points ? guarded(c->side, n * 4) : NULL;
    o.bias = c->bias ? guarded(c->side, n * 4) : NULL;
    o.multiplier = is_integer(c) ? guarded(c->side, n * 4) : NULL;
    o.offset = c->offset ? guarded(c->side, n * 4) : NULL;
    for (size_t j = 0; j < n; j++) {
        if (o.zero_points != NULL) {
            o.zero_points[j] = (int32_t) random_between(-128, 127);
        }
        if (o.bias != NULL) {
            o.bias[j] = (int32_t) random_between(-100000, 100000);
        }
    }
    const bool functional = c->function != TERSOR_IDENTITY;
    if (o.multiplier != NULL) {
        random_floats(o.multiplier, n, (functional ? 0.1f : 2.0f) / (float) (1 + 100 * c->k));
    }
    if (o.offset != NULL) {
        random_floats(o.offset, n, functional ? 3.0f : 50.0f);
    }
    const bool narrow = bytes_of(c->dst_type) == 1;
    const int32_t src_min = c->src_type == TERSOR_U8 ? 0 : -128, dst_min = c->dst_type == TERSOR_U8 ? 0 : -128;
    o.src_zero_point = bytes_of(c->src_type) == 1 ? (int32_t) random_between(src_min, src_min + 255) : 0;
    o.given_scale = 1;
    o.given_multiplier = o.multiplier;
    if (bytes_of(c->src_type) == 1 && !narrow && (c->m + c->k) % 2 == 1) {
        o.given_zero_point = o.src_zero_point - (int32_t) random_between(src_min, src_min + 255);
        o.given_zero_point = o.given_zero_point < src_min ? src_min : o.given_zero_point;
        o.given_zero_point = o.given_zero_point > src_min + 255 ? src_min + 255 : o.given_zero_point;
        o.given_scale = 0.7f;
        o.given_multiplier = guarded(c->side, n * 4);
        for (size_t j = 0; j < n; j++) {
            o.given_multiplier[j] = o.multiplier[j];
            o.multiplier[j] = o.given_scale * o.given_multiplier[j];
        }
    }
    const bool clipped = (c->m + c->n) % 2 == 0;
    o.e = (reference_epilogue){
        .multiplier = o.multiplier,
        .offset = o.offset,
        .lo = clipped ? 0.0f : -INFINITY,
        .hi = clipped ? 60.0f : INFINITY,
        .dst_type = c->dst_type,
        .dst_zero_point = narrow ? (int32_t) random_between(dst_min, dst_min + 255) : 0,
        .function = c->function,
        .output_scale = functional && narrow ? 9.5f : 1.0f,
        .residual_type = c->residual_type,
        .residual_zero_point = bytes_of(c->residual_type) == 1 && c->residual_type != 0 ? 5 : 0,
        .residual_multiplier = 0.37f,
    };
    return o;
}

/* Packs and multiplies in parts of rows and columns; false after a failure. */
static bool multiply(const gemm_case *c, const operands *o, uint32_t isa, tersor_sparsity sparsity, void *dst) {
    int64_t packed_bytes = -1, scratch_bytes = -1;
    const int64_t k_stride = c->transposed_weights ? 1 : o->ld_weights;
    const int64_t n_stride = c->transposed_weights ? o->ld_weights : 1;
    if (!expect_status(tersor_gemm_packed_bytes(isa, c->src_type, c->weights_type, sparsity, c->k, c->n, o->weights,
                                                k_stride, n_stride, &packed_bytes),
                       TERSOR_OK, "packed_bytes")) {
        return false;
    }
    void *packed = guarded(c->side, (size_t) packed_bytes);
    bool ok = expect_status(
        tersor_gemm_pack(isa, c->src_type, c->weights_type, sparsity, c->k, c->n, o->weights, k_stride, n_stride,
                         o->src_zero_point - o->given_zero_point, o->zero_points, o->bias, packed, packed_bytes),
        TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    if (!ok) {
        return false;
    }
    void *scratch = guarded(c->side, (size_t) scratch_bytes);
    memset(scratch, 0x5a, (size_t) scratch_bytes);
    tersor_epilogue e = reference_given(&o->e);
    e.multiplier = o->given_multiplier;
    const int64_t row = c->bias ? c->m : c->m / 3, column = c->n / 2 / TERSOR_COLUMNS * TERSOR_COLUMNS;
    for (int part = 0; ok && part < 4; part++) {
        const int64_t first_row = part % 2 == 0 ? 0 : row, rows = part % 2 == 0 ? row : c->m - row;
        const int64_t first_column = part < 2 ? 0 : column, columns = part < 2 ? column : c->n - column;
        ok = expect_status(tersor_gemm(packed, packed_bytes, &e, c->m, first_row, rows, first_column, columns, o->src,
                                       c->transposed_src ? 1 : o->ld_src, c->transposed_src ? o->ld_src : 1,
                                       o->given_scale, o->given_zero_point, (int32_t) (c->k & 1), o->residual,
                                       o->ld_residual, dst, o->ld_dst,
                                       scratch, scratch_bytes),
                           TERSOR_OK, "gemm");
    }
    return ok;
}

/* What dst (i, j) must be, and how far a result may be off. */
static reference_value expected_at(const gemm_case *c, const operands *o, int64_t i, int64_t j) {
    const double residual = o->residual == NULL ? 0 : element(o->residual, i * o->ld_residual + j, c->residual_type);
    if (!is_integer(c)) {
        double sum = 0, magnitudes = 0;
        for (int64_t k = 0; k < c->k; k++) {
            const double product = src_at(c, o, i, k) * weight_at(c, o, k, j);
            sum += product;
            magnitudes += fabs(product);
        }
        return reference_real(&o->e, sum, ldexp((double) (c->k + 1) * magnitudes, -23), residual, j);
    }
    float row_scale = 0, inverse = 0;
    const bool dynamic = c->src_type == TERSOR_F32;
    if (dynamic) {
        float largest = 0;
        for (int64_t k = 0; k < c->k; k++) {
            largest = fmaxf(largest, fabsf((float) src_at(c, o, i, k)));
        }
        row_scale = largest / 127.0f;
        inverse = largest > 0 ? 127.0f / largest : 0;
    }
    int64_t acc = o->bias == NULL ? 0 : o->bias[j];
    for (int64_t k = 0; k < c->k; k++) {
        volatile float scaled = (float) src_at(c, o, i, k);
        if (dynamic) {
            scaled = scaled * inverse;
        }
        const int64_t a = (int64_t) nearbyintf(scaled) - o->src_zero_point;
        const int64_t b = (int64_t) weight_at(c, o, k, j) - (o->zero_points == NULL ? 0 : o->zero_points[j]);
        acc += a * b;
    }
    return reference_integer(&o->e, (int32_t) (uint32_t) (uint64_t) acc, dynamic ? &row_scale : NULL, residual, j);
}

static bool check(const gemm_case *c, const operands *o, const void *dst, const void *portable) {
    for (int64_t i = 0; i < c->m; i++) {
        for (int64_t j = 0; j < c->n; j++) {
            const reference_value expected = expected_at(c, o, i, j);
            const double actual = reference_stored(dst, i * o->ld_dst + j, c->dst_type);
            const bool same = portable == NULL || stored_bits(dst, i * o->ld_dst + j, c->dst_type) ==
                                                      stored_bits(portable, i * o->ld_dst + j, c->dst_type);
            if (!same || !(fabs(actual - expected.value) <= expected.tolerance)) {
                fail("isa=%s %s*%s->%s sparsity=%d m=%lld k=%lld n=%lld ld+=%lld,%lld,%lld,%lld transposed=%d,%d zero_points=%d "
                     "bias=%d offset=%d residual=%s function=%d extreme=%d side=%d at [%lld, %lld]: expected %.9g +- "
                     "%.3g, got %.9g%s",
                     tersor_isa_name(c->isa), type_name(c->src_type), type_name(c->weights_type),
                     type_name(c->dst_type), c->sparsity, (long long) c->m, (long long) c->k, (long long) c->n,
                     (long long) c->extra_src, (long long) c->extra_weights, (long long) c->extra_dst,
                     (long long) c->extra_residual, c->transposed_src, c->transposed_weights, c->zero_points, c->bias,
                     c->offset, type_name(c->residual_type), c->function, c->extreme, c->side, (long long) i,
                     (long long) j, expected.value, expected.tolerance, actual, same ? "" : ", unlike portable");
                return false;
            }
        }
        for (int64_t j = c->n; i + 1 < c->m && c->n > 0 && j < o->ld_dst; j++) {
            if ((stored_bits(dst, i * o->ld_dst + j, c->dst_type) & 0xff) != 0xa5) {
                fail("isa=%s m=%lld k=%lld n=%lld: wrote between the rows at [%lld, %lld]", tersor_isa_name(c->isa),
                     (long long) c->m, (long long) c->k, (long long) c->n, (long long) i, (long long) j);
                return false;
            }
        }
    }
    return true;
}

static void run(const gemm_case *c) {
    cases++;
    random_seed((uint64_t) (c->m * 31 + c->k * 37 + c->n * 41 + c->dst_type + 5 * c->src_type) * 64 + c->isa);
    const operands o = draw(c);
    const size_t dst_bytes = extent(c->m, c->n, o.ld_dst) * (size_t) bytes_of(c->dst_type);
    void *dst = guarded(c->side, dst_bytes);
    memset(dst, 0xa5, dst_bytes);
    bool ok = multiply(c, &o, c->isa, c->sparsity, dst);
    void *portable = NULL;
    if (is_integer(c) && (c->isa != TERSOR_ISA_PORTABLE || c->sparsity != TERSOR_DENSE)) {
        portable = guarded(c->side, dst_bytes);
        ok = ok && multiply(c, &o, TERSOR_ISA_PORTABLE, TERSOR_DENSE, portable);
    }
    if (ok) {
        check(c, &o, dst, portable);
    }
    guarded_free_all();
}

typedef struct types {
    tersor_type src, weights, dst;
} types;

static const types TYPES[] = {
    {TERSOR_U8, TERSOR_S8, TERSOR_S32},    {TERSOR_U8, TERSOR_S8, TERSOR_F32},     {TERSOR_U8, TERSOR_S8, TERSOR_U8},
    {TERSOR_U8, TERSOR_S8, TERSOR_S8},     {TERSOR_U8, TERSOR_S8, TERSOR_BF16},    {TERSOR_S8, TERSOR_S8, TERSOR_S32},
    {TERSOR_S8, TERSOR_S8, TERSOR_F32},    {TERSOR_S8, TERSOR_S8, TERSOR_U8},      {TERSOR_S8, TERSOR_S8, TERSOR_S8},
    {TERSOR_F32, TERSOR_S8, TERSOR_F32},   {TERSOR_F32, TERSOR_S8, TERSOR_BF16},   {TERSOR_F32, TERSOR_F32, TERSOR_F32},
    {TERSOR_F32, TERSOR_F32, TERSOR_BF16}, {TERSOR_BF16, TERSOR_BF16, TERSOR_F32},
    {TERSOR_BF16, TERSOR_BF16, TERSOR_BF16},
};

/* A third of the types, in turn; every variation of types and options takes its turn over the shapes. */
static void run_shape(uint32_t isa, int64_t m, int64_t k, int64_t n, int *turn) {
    static const tersor_type RESIDUALS[] = {TERSOR_F32, TERSOR_U8, TERSOR_S8};
    for (size_t i = (size_t) *turn % 3; i < sizeof TYPES / sizeof *TYPES; i += 3) {
        const int t = (*turn)++;
        const types *y = &TYPES[i];
        const bool s8_weights = y->weights == TERSOR_S8, s32 = y->dst == TERSOR_S32;
        gemm_case c = {
            .isa = isa,
            .src_type = y->src,
            .weights_type = y->weights,
            .dst_type = y->dst,
            .residual_type = s32 || t % 4 != 1 ? 0 : RESIDUALS[t / 4 % 3],
            .function = s32 || t % 8 < 6 ? TERSOR_IDENTITY : 1 + t / 8 % 5,
            .m = m,
            .k = k,
            .n = n,
            .extra_src = t % 3 * 5,
            .extra_weights = t % 2 * 7,
            .extra_dst = t % 5 % 2 * 3,
            .extra_residual = t % 7 % 3,
            .transposed_src = m > 1 && k > 1 && t / 5 % 3 == 0,
            .transposed_weights = t / 3 % 2 != 0,
            .zero_points = s8_weights && t % 3 == 1,
            .bias = s8_weights && y->src != TERSOR_F32 && t % 4 < 2,
            .offset = !s32 && t % 7 < 3,
            .extreme = t % 2 == 0,
            .side = t % 5 < 2 ? GUARD_BEFORE : GUARD_AFTER,
        };
        run(&c);
        if (y->weights != TERSOR_BF16) {
            c.sparsity = 1 + t % 6;
            c.zero_points = false;
            run(&c);
        }
    }
}

/* NaN and infinity pass, and a bound turns NaN into lo; functions keep them where they have a limit. */
static void run_special(uint32_t isa) {
    static const float SRC[] = {NAN, INFINITY, -INFINITY, 1.0f};
    static const struct {
        tersor_function function;
        float lo, hi, expected[4];
    } CASES[] = {
        {TERSOR_IDENTITY, -INFINITY, INFINITY, {NAN, INFINITY, -INFINITY, 1.0f}},
        {TERSOR_IDENTITY, -2.0f, 6.0f, {-2.0f, 6.0f, -2.0f, 1.0f}},
        {TERSOR_GELU, -INFINITY, INFINITY, {NAN, INFINITY, 0.0f, 0.84134475f}},
        {TERSOR_GELU_COARSE, -INFINITY, INFINITY, {NAN, INFINITY, -8.5e-7f, 0.8413274f}},
        {TERSOR_GELU_TANH, -INFINITY, INFINITY, {NAN, INFINITY, 0.0f, 0.84119199f}},
        {TERSOR_SILU, -1.0f, 9.0f, {-1.0f, 9.0f, 0.0f, 0.73105858f}},
        {TERSOR_HARD_SWISH, -INFINITY, INFINITY, {NAN, INFINITY, 0.0f, 0.66666667f}},
    };
    const float one = 1.0f;
    int64_t packed_bytes = 0, scratch_bytes = 0;
    expect_status(tersor_gemm_packed_bytes(isa, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, 1, 1, NULL, 0, 0, &packed_bytes),
                  TERSOR_OK, "bytes");
    void *packed = guarded(GUARD_AFTER, (size_t) packed_bytes);
    expect_status(tersor_gemm_pack(isa, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, 1, 1, &one, 1, 1, 0, NULL, NULL, packed,
                                   packed_bytes),
                  TERSOR_OK, "pack");
    expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    void *scratch = guarded(GUARD_AFTER, (size_t) scratch_bytes);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        cases++;
        float dst[4];
        const tersor_epilogue e = {
            .lo = CASES[i].lo, .hi = CASES[i].hi, .dst_type = TERSOR_F32, .function = CASES[i].function};
        expect_status(tersor_gemm(packed, packed_bytes, &e, 4, 0, 4, 0, 1, SRC, 1, 1, 1, 0, 0, NULL, 0, dst, 1, scratch,
                                  scratch_bytes),
                      TERSOR_OK, "gemm");
        for (int j = 0; j < 4; j++) {
            const float expected = CASES[i].expected[j];
            const bool close = isnan(expected) ? isnan(dst[j])
                                               : dst[j] == expected || fabsf(dst[j] - expected) < 1e-6f;
            if (!close) {
                fail("isa=%s function %d of %g: expected %g, got %g", tersor_isa_name(isa), CASES[i].function,
                     (double) SRC[j], (double) expected, (double) dst[j]);
            }
        }
    }
    guarded_free_all();
}

int main(void) {
    static const int64_t M[] = {0, 1, 2, 5, 12, 13, 17, 33};
    static const int64_t K[] = {0, 1, 3, 4, 31, 64, 67, 130};
    static const int64_t N[] = {0, 1, 15, 17, 33, 65, 129};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        int turn = 0;
        for (size_t m = 0; m < sizeof M / sizeof *M; m++) {
            for (size_t k = 0; k < sizeof K / sizeof *K; k++) {
                for (size_t n = 0; n < sizeof N / sizeof *N; n++) {
                    run_shape(isa, M[m], K[k], N[n], &turn);
                }
            }
        }
        run_shape(isa, 64, 64, 64, &turn);
        run_shape(isa, 97, 129, 96, &turn);
        /* Rows in tiles, more rows than one block, sums in chunks, strides that alias in L1, sums that leave int32. */
        run_shape(isa, 70, 200, 170, &turn);
        run_shape(isa, 801, 17, 3, &turn);
        run_shape(isa, 40, 8195, 5, &turn);
        run_shape(isa, 5, 4096, 97, &turn);
        run_shape(isa, 2, 140003, 1, &turn);
        /* Depths with narrower panels, whole ones and others, with all that an epilogue does. */
        for (int64_t i = 0; i < 24; i++) {
            run_shape(isa, 15 + i % 7 * 3, 576 + i * 8 + i % 2, i % 3 == 0 ? 96 : 192 + i, &turn);
        }
        run_special(isa);
    }
    return test_result("gemm", cases);
}
