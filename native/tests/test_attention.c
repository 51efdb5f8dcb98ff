/*
 * Attention on every instruction set against its definition, written down again here, bit for bit; and that definition
 * against exact probabilities. Operands stand at unreadable pages.
 */
#include <math.h>
#include <string.h>

#include "testing.h"

typedef struct attention_case {
    uint32_t isa;
    int64_t n, length_q, length_k, heads, kv_heads, size, value_size;
    tersor_type q, k, v, dst;
    int32_t layouts; /* a bit for each operand: heads first */
    bool causal, masked, extreme;
    guard_side side;
    bool ties; /* whether the order of a sum decides how probabilities are rounded */
} attention_case;

/* The operands of one case. */
typedef struct operands {
    tersor_attention_spec spec;
    const uint8_t *q, *k, *v;
    const float *mask;
    int64_t mask_image, mask_head, mask_query;
} operands;

static int64_t cases;

static int32_t level(const uint8_t *data, int64_t at, tersor_type type) {
    return type == TERSOR_U8 ? data[at] : (int8_t) data[at];
}

static int64_t at(const tersor_attention_operand *o, int64_t image, int64_t head, int64_t token, int64_t heads,
                  int64_t size, int64_t length) {
    return (o->layout == TERSOR_TOKENS ? (image * length + token) * heads + head
                                       : (image * heads + head) * length + token) * size;
}

/* 2^x by the steps of the definition. */
static float power(float x) {
    if (!(x >= -100.0f)) {
        return 0.0f;
    }
    const float n = (float) nearbyint((double) x);
    const float f = x - n;
    const float c[] = {0x1.3a02ccp-7f, 0x1.c9fc46p-5f, 0x1.ec0378p-3f, 0x1.62e12cp-1f, 1.0f};
    float p = c[0];
    for (int i = 1; i < 5; i++) {
        const float product = p * f;
        p = product + c[i];
    }
    return ldexpf(p, (int) n);
}

/* Levels of the probabilities of one query. */
static void probabilities(const attention_case *c, const operands *o, int64_t image, int64_t head, int64_t query,
                          int32_t *levels) {
    enum { MAX_KEYS = 512 };
    const float log2_e = 1.44269504f;
    const tersor_attention_spec *s = &o->spec;
    const int64_t group = head / (s->heads / s->kv_heads);
    const int64_t keys = c->causal && query + 1 < c->length_k ? query + 1 : c->length_k;
    float score[MAX_KEYS], part[16] = {0}, largest = -INFINITY;
    double exact[MAX_KEYS], exact_total = 0;
    const float scale = s->score_scale * log2_e;
    for (int64_t j = 0; j < keys; j++) {
        int64_t sum = 0;
        for (int64_t e = 0; e < s->size; e++) {
            const int64_t q_at = at(&s->q, image, head, query, s->heads, s->size, c->length_q) + e;
            const int64_t k_at = at(&s->k, image, group, j, s->kv_heads, s->size, c->length_k) + e;
            sum += (int64_t) (level(o->q, q_at, c->q) - s->q.zero_point) *
                   (level(o->k, k_at, c->k) - s->k.zero_point);
        }
        score[j] = (float) sum * scale;
        if (c->masked) {
            const float product =
                o->mask[image * o->mask_image + head * o->mask_head + query * o->mask_query + j] * log2_e;
            score[j] = score[j] + product;
        }
        largest = score[j] > largest ? score[j] : largest;
    }
    for (int64_t j = 0; j < keys; j++) {
        exact[j] = largest == -INFINITY || isnan(score[j]) ? 0 : exp2((double) score[j] - largest);
        exact_total += exact[j];
        score[j] = power(score[j] - largest);
        part[j % 16] += score[j];
    }
    for (int width = 8; width > 0; width /= 2) {
        for (int i = 0; i < width; i++) {
            part[i] += part[i + width];
        }
    }
    for (int64_t j = 0; j < c->length_k; j++) {
        const float factor = 1.0f / s->probability_scale / part[0];
        const float p = j < keys && part[0] > 0 ? fminf(score[j] * factor, 255.0f) : 0.0f;
        levels[j] = (int32_t) nearbyintf(p);
        const double share =
            j < keys && exact_total > 0 ? fmin(exact[j] / exact_total / (double) s->probability_scale, 255) : 0;
        if (fabs(share - p) > 1e-5 * share + 1e-6) {
            fail("probability %lld of query %lld: exactly %g levels, by definition %g", (long long) j,
                 (long long) query, share, (double) p);
        }
    }
}

static uint32_t expected_bits(const attention_case *c, const operands *o, const int32_t *levels, int64_t image,
                              int64_t head, int64_t e) {
    const tersor_attention_spec *s = &o->spec;
    const int64_t group = head / (s->heads / s->kv_heads);
    int64_t sum = 0;
    for (int64_t j = 0; j < c->length_k; j++) {
        const int64_t v_at = at(&s->v, image, group, j, s->kv_heads, s->value_size, c->length_k) + e;
        sum += (int64_t) levels[j] * (level(o->v, v_at, c->v) - s->v.zero_point);
    }
    const float r = (float) sum * s->output_scale;
    if (c->dst == TERSOR_F32) {
        uint32_t bits;
        memcpy(&bits, &r, 4);
        return bits;
    }
    const float lo = c->dst == TERSOR_U8 ? 0 : -128, zero_point = (float) s->dst.zero_point;
    const float clamped = fminf(fmaxf(r, lo - zero_point), lo + 255 - zero_point);
    return (uint32_t) (int32_t) (nearbyintf(clamped) + zero_point) & 0xff;
}

static int32_t random_zero_point(tersor_type type) {
    const int32_t least = type == TERSOR_U8 ? 0 : -128;
    return type == TERSOR_F32 ? 0 : (int32_t) random_between(least, least + 255);
}

static const uint8_t *random_operand(const attention_case *c, int64_t count) {
    uint8_t *data = guarded(c->side, (size_t) count);
    random_bytes(data, (size_t) count, c->extreme);
    return data;
}

/*
 * One key of weight 1 in each row, which gets 119.5 levels if the others, of 2^-26 to 2^-34, count for nothing, and
 * a little less if they do: that depends on which of them are added up first.
 */
static const float *tied_mask(const attention_case *c, operands *o) {
    o->mask_query = c->length_k;
    o->mask_head = c->length_q * o->mask_query;
    o->mask_image = c->heads * o->mask_head;
    const int64_t rows = c->n * c->heads * c->length_q;
    float *mask = guarded(c->side, (size_t) (rows * c->length_k) * 4);
    for (int64_t i = 0; i < rows * c->length_k; i++) {
        mask[i] = -18.4f - (float) random_between(0, 1000) / 200.0f;
    }
    for (int64_t row = 0; row < rows; row++) {
        mask[row * c->length_k + random_between(0, c->length_k - 1)] = 0;
    }
    return mask;
}

static const float *random_mask(const attention_case *c, operands *o) {
    static const float SPECIAL[] = {-INFINITY, -1e4f, -3.4e38f, NAN, 0.0f};
    const int64_t queries = random_between(0, 1), heads = random_between(0, 1), images = random_between(0, 1);
    o->mask_query = queries ? c->length_k : 0;
    o->mask_head = heads ? (queries ? c->length_q : 1) * c->length_k : 0;
    o->mask_image = images ? (heads ? c->heads : 1) * (queries ? c->length_q : 1) * c->length_k : 0;
    const int64_t count = (images ? c->n : 1) * (heads ? c->heads : 1) * (queries ? c->length_q : 1) * c->length_k;
    float *mask = guarded(c->side, (size_t) count * 4);
    random_floats(mask, (size_t) count, 3.0f);
    for (int64_t i = 0; i < count; i++) {
        if (random_between(0, 2) == 0) {
            mask[i] = SPECIAL[random_between(0, c->extreme ? 4 : 2)];
        }
    }
    return mask;
}

static void run(const attention_case *c) {
    cases++;
    random_seed((uint64_t) (c->length_q * 1000003 + c->length_k * 4099 + c->size * 67 + c->value_size * 5 + c->q +
                            c->dst));
    operands o = {
        .spec =
            {
                .heads = c->heads,
                .kv_heads = c->kv_heads,
                .size = c->size,
                .value_size = c->value_size,
                .q = {c->q, random_zero_point(c->q), c->layouts & 1, 0},
                .k = {c->k, random_zero_point(c->k), c->layouts >> 1 & 1, 0},
                .v = {c->v, random_zero_point(c->v), c->layouts >> 2 & 1, 0},
                .dst = {c->dst, random_zero_point(c->dst), c->layouts >> 3 & 1, 0},
                .score_scale = 0.0005f / (float) sqrt((double) c->size),
                .probability_scale = c->extreme ? 0.25f / 255 : 1.0f / 255,
                .output_scale = c->dst == TERSOR_F32 ? 1e-4f : 0.005f,
                .causal = c->causal,
            },
    };
    o.q = random_operand(c, c->n * c->length_q * c->heads * c->size);
    o.k = random_operand(c, c->n * c->length_k * c->kv_heads * c->size);
    o.v = random_operand(c, c->n * c->length_k * c->kv_heads * c->value_size);
    o.mask = c->ties ? tied_mask(c, &o) : c->masked ? random_mask(c, &o) : NULL;
    if (c->ties) {
        o.spec.score_scale = 0;
        o.spec.probability_scale = 1 / 119.5f;
    }
    const int64_t count = c->n * c->length_q * c->heads * c->value_size;
    void *dst = guarded(c->side, (size_t) (count * bytes_of(c->dst)));
    int64_t scratch_bytes = 0;
    bool ok = expect_status(tersor_attention_scratch_bytes(c->isa, &o.spec, c->length_k, &scratch_bytes), TERSOR_OK,
                            "scratch");
    void *scratch = guarded(GUARD_AFTER, (size_t) scratch_bytes);
    memset(scratch, 0xa5, (size_t) scratch_bytes);
    /* In two parts, as threads do. */
    const int64_t heads = c->n * c->heads, first = heads / 3;
    for (int part = 0; ok && part < 2; part++) {
        ok = expect_status(tersor_attention(c->isa, &o.spec, c->n, c->length_q, c->length_k, part == 0 ? 0 : first,
                                            part == 0 ? first : heads - first, o.q, o.k, o.v, o.mask, o.mask_image,
                                            o.mask_head, o.mask_query, dst, scratch, scratch_bytes),
                           TERSOR_OK, "attention");
    }
    int32_t levels[512];
    for (int64_t head = 0; ok && head < heads; head++) {
        for (int64_t query = 0; ok && query < c->length_q; query++) {
            probabilities(c, &o, head / c->heads, head % c->heads, query, levels);
            for (int64_t e = 0; ok && e < c->value_size; e++) {
                const int64_t index = at(&o.spec.dst, head / c->heads, head % c->heads, query, c->heads, c->value_size,
                                         c->length_q) + e;
                const uint32_t expected = expected_bits(c, &o, levels, head / c->heads, head % c->heads, e);
                const uint32_t actual = stored_bits(dst, index, c->dst) & (c->dst == TERSOR_F32 ? ~0u : 0xffu);
                if (expected != actual) {
                    ok = false;
                    fail("isa=%s n=%lld lq=%lld lk=%lld heads=%lld/%lld size=%lld/%lld %s %s %s %s layouts=%d "
                         "causal=%d masked=%d extreme=%d side=%d at %lld: expected %#x, got %#x",
                         tersor_isa_name(c->isa), (long long) c->n, (long long) c->length_q, (long long) c->length_k,
                         (long long) c->heads, (long long) c->kv_heads, (long long) c->size,
                         (long long) c->value_size, type_name(c->q), type_name(c->k), type_name(c->v),
                         type_name(c->dst), c->layouts, c->causal, c->masked, c->extreme, c->side, (long long) index,
                         expected, actual);
                }
            }
        }
    }
    guarded_free_all();
}

/* A call with valid arguments: 2 images, 3 queries and 5 keys of 2 heads of 4 elements. */
typedef struct arguments {
    uint32_t isa;
    tersor_attention_spec spec;
    int64_t n, length_q, length_k, first_head, count;
    const void *q, *k, *v;
    const float *mask;
    int64_t mask_image_stride, mask_head_stride, mask_query_stride;
    void *dst, *scratch;
    int64_t scratch_bytes;
} arguments;

enum { BYTES = 1 << 16 };
static _Alignas(64) uint8_t source[256], result[256], room[BYTES];
static _Alignas(64) float real_mask[256];

static arguments valid(void) {
    const tersor_attention_operand operand = {TERSOR_U8, 7, TERSOR_TOKENS, 0};
    return (arguments){
        .isa = TERSOR_ISA_PORTABLE,
        .spec = {2, 2, 4, 4, operand, operand, operand, operand, 0.01f, 1.0f / 255, 0.1f, 0},
        .n = 2,
        .length_q = 3,
        .length_k = 5,
        .count = 4,
        .q = source,
        .k = source,
        .v = source,
        .dst = result,
        .scratch = room,
        .scratch_bytes = BYTES,
    };
}

static void expect_call(arguments a, tersor_status expected, const char *what) {
    cases++;
    memset(result, 0xa5, sizeof result);
    expect_status(tersor_attention(a.isa, &a.spec, a.n, a.length_q, a.length_k, a.first_head, a.count, a.q, a.k, a.v,
                                   a.mask, a.mask_image_stride, a.mask_head_stride, a.mask_query_stride, a.dst,
                                   a.scratch, a.scratch_bytes),
                  expected, what);
    for (size_t i = 0; expected != TERSOR_OK && i < sizeof result; i++) {
        if (result[i] != 0xa5) {
            fail("%s: refused, yet dst was written", what);
            break;
        }
    }
}

#define CALL(expected, change)                                                                                         \
    do {                                                                                                               \
        arguments a = valid();                                                                                         \
        change;                                                                                                        \
        expect_call(a, expected, #change);                                                                             \
    } while (0)

static void test_arguments(void) {
    const int64_t huge = 0x7fffffff;
    CALL(TERSOR_OK, a.n = 2);
    CALL(TERSOR_OK, a.n = 0; a.count = 0; a.q = a.k = a.v = a.dst = NULL);
    CALL(TERSOR_OK, a.mask = real_mask; a.mask_image_stride = 30; a.mask_head_stride = 15; a.mask_query_stride = 5);
    CALL(TERSOR_UNSUPPORTED_ISA, a.isa = 3);
    CALL(TERSOR_INVALID_SIZE, a.n = -1);
    CALL(TERSOR_INVALID_SIZE, a.length_q = huge + 1);
    CALL(TERSOR_INVALID_SIZE, a.length_k = -1);
    CALL(TERSOR_INVALID_SIZE, a.spec.heads = 3);
    CALL(TERSOR_INVALID_SIZE, a.spec.kv_heads = 0);
    CALL(TERSOR_INVALID_SIZE, a.spec.size = -4);
    CALL(TERSOR_INVALID_SIZE, a.spec.value_size = INT64_MAX);
    CALL(TERSOR_INVALID_SIZE, a.first_head = 1);
    CALL(TERSOR_INVALID_SIZE, a.first_head = -1);
    CALL(TERSOR_INVALID_SIZE, a.count = INT64_MAX);
    CALL(TERSOR_INVALID_SIZE, a.n = huge; a.length_q = huge; a.spec.heads = huge - huge % 2);
    CALL(TERSOR_INVALID_SIZE, a.length_k = huge; a.spec.size = huge);
    CALL(TERSOR_BUFFER_TOO_SMALL, a.length_k = 1 << 20);
    CALL(TERSOR_BUFFER_TOO_SMALL, a.scratch_bytes = 64);
    CALL(TERSOR_MISALIGNED, a.scratch = room + 4);
    CALL(TERSOR_MISALIGNED, a.spec.dst.type = TERSOR_F32; a.spec.dst.zero_point = 0; a.dst = result + 2);
    CALL(TERSOR_MISALIGNED, a.mask = (const float *) (const void *) (source + 2));
    CALL(TERSOR_NULL_POINTER, a.q = NULL);
    CALL(TERSOR_NULL_POINTER, a.k = NULL);
    CALL(TERSOR_NULL_POINTER, a.v = NULL);
    CALL(TERSOR_NULL_POINTER, a.dst = NULL);
    CALL(TERSOR_NULL_POINTER, a.scratch = NULL);
    CALL(TERSOR_INVALID_SIZE, a.mask = real_mask; a.mask_head_stride = -1);
    CALL(TERSOR_INVALID_SIZE, a.mask = real_mask; a.mask_image_stride = INT64_MAX);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.q.type = TERSOR_F32; a.spec.q.zero_point = 0);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.k.type = TERSOR_F32; a.spec.k.zero_point = 0);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.k.type = TERSOR_S32; a.spec.k.zero_point = 0);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.v.zero_point = 256);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.dst.type = TERSOR_BF16; a.spec.dst.zero_point = 0);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.dst.layout = 2);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.causal = 2);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.probability_scale = 0x1p-31f);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.probability_scale = NAN);
    CALL(TERSOR_INVALID_ARGUMENT, a.spec.probability_scale = INFINITY);
    int64_t bytes = -7;
    const char *name = NULL;
    const tersor_attention_spec spec = valid().spec;
    expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, NULL, 5, &bytes), TERSOR_NULL_POINTER, "no spec");
    expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, &spec, -1, &bytes), TERSOR_INVALID_SIZE,
                  "length");
    expect_status(tersor_attention_scratch_bytes(0, &spec, 5, &bytes), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, &spec, 5, NULL), TERSOR_NULL_POINTER,
                  "no result");
    expect_status(tersor_attention_kernel_name(0, &spec, &name), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_attention_kernel_name(TERSOR_ISA_PORTABLE, &spec, NULL), TERSOR_NULL_POINTER, "no name");
    expect_status(tersor_attention_kernel_name(TERSOR_ISA_PORTABLE, NULL, &name), TERSOR_NULL_POINTER, "no spec");
    if (bytes != -7 || name != NULL) {
        fail("a refused question was answered");
    }
}

int main(void) {
    test_arguments();
    /* n, length_q, length_k, heads, kv_heads, size, value_size */
    static const int64_t EXTENTS[][7] = {{1, 1, 1, 1, 1, 1, 1},     {1, 128, 128, 2, 2, 64, 64}, {2, 5, 7, 4, 2, 8, 8},
                                         {1, 33, 65, 3, 3, 17, 5},  {2, 3, 0, 2, 1, 4, 4},       {1, 0, 3, 1, 1, 4, 4},
                                         {1, 31, 257, 2, 1, 16, 33}, {1, 1, 40, 6, 2, 32, 32}, {3, 17, 2, 1, 1, 3, 65},
                                         {1, 16, 300, 1, 1, 130, 16}, {1, 64, 63, 1, 1, 60, 100}};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) != 0) {
            run(&(attention_case){isa, 1, 100, 77, 2, 1, 3, 1, TERSOR_U8, TERSOR_S8, TERSOR_S8, TERSOR_F32, 0, false,
                                  true, false, GUARD_AFTER, true});
        }
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof EXTENTS / sizeof *EXTENTS; i++) {
            const int64_t *x = EXTENTS[i];
            for (int kind = 0; kind < 16; kind++) {
                const tersor_type types[] = {TERSOR_U8, TERSOR_S8};
                const tersor_type dst[] = {TERSOR_U8, TERSOR_S8, TERSOR_F32};
                run(&(attention_case){isa, x[0], x[1], x[2], x[3], x[4], x[5], x[6], types[kind & 1],
                                      types[kind >> 1 & 1], types[kind >> 2 & 1], dst[kind % 3], kind * 7 % 16,
                                      kind % 4 == 1, kind % 4 >= 2, kind >= 8, kind & 4 ? GUARD_BEFORE : GUARD_AFTER,
                                      false});
            }
        }
    }
    return test_result("attention", cases);
}
