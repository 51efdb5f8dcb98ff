/* Attention of floats on every instruction set against its definition in binary64. Operands stand at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

typedef struct attention_case {
    uint32_t isa;
    int64_t n, length_q, length_k, heads, kv_heads, size, value_size;
    int32_t layouts; /* a bit for each operand: heads first */
    bool causal, masked, large;
    guard_side side;
} attention_case;

enum { MAX_KEYS = 512 };

static int64_t cases;

static int64_t at(const tersor_attention_operand *o, int64_t image, int64_t head, int64_t token, int64_t heads,
                  int64_t size, int64_t length) {
    return (o->layout == TERSOR_TOKENS ? (image * length + token) * heads + head
                                       : (image * heads + head) * length + token) * size;
}

static float *operand(const attention_case *c, int64_t count, float magnitude) {
    float *x = guarded(c->side, (size_t) count * 4);
    random_floats(x, (size_t) count, magnitude);
    return x;
}

/* A mask of a row for each query of each head, with keys and whole rows left out. */
static float *random_mask(const attention_case *c, bool infinite) {
    const int64_t rows = c->n * c->heads * c->length_q;
    float *mask = operand(c, rows * c->length_k, 2.0f);
    for (int64_t row = 0; row < rows; row++) {
        const int64_t from = row % 5 == 0 ? 0 : random_between(0, c->length_k);
        for (int64_t j = from; j < c->length_k; j++) {
            mask[row * c->length_k + j] = infinite ? -INFINITY : -1e30f;
        }
    }
    return mask;
}

/* The weights of a query, which sum to 1, or are all 0; returns the largest magnitude of a finite score. */
static double weights_of(const attention_case *c, const tersor_attention_spec *s, const float *q, const float *k,
                         int64_t k_stride, const float *mask, int64_t query, double *weights) {
    const int64_t keys = c->causal && query + 1 < c->length_k ? query + 1 : c->length_k;
    double largest = -INFINITY, total = 0, magnitude = 0;
    for (int64_t j = 0; j < c->length_k; j++) {
        double sum = 0, sizes = 0;
        for (int64_t e = 0; e < c->size; e++) {
            sum += (double) q[e] * k[j * k_stride + e];
            sizes += fabs((double) q[e] * k[j * k_stride + e]);
        }
        weights[j] = sum * s->score_scale + (mask == NULL ? 0 : (double) mask[j]);
        magnitude = fmax(magnitude, (double) c->size * fabs(s->score_scale) * sizes);
        if (j >= keys) {
            weights[j] = -INFINITY;
        } else if (isfinite(weights[j]) && fabs(weights[j]) < 1e20) {
            magnitude = fmax(magnitude, fabs(weights[j]));
        }
        largest = fmax(largest, weights[j]);
    }
    for (int64_t j = 0; j < c->length_k; j++) {
        weights[j] = largest == -INFINITY ? 0 : exp(weights[j] - largest);
        total += weights[j];
    }
    for (int64_t j = 0; j < c->length_k && total > 0; j++) {
        weights[j] /= total;
    }
    return magnitude;
}

static void run(const attention_case *c) {
    cases++;
    random_seed((uint64_t) (c->length_q * 1000003 + c->length_k * 4099 + c->size * 67 + c->value_size * 5 + c->layouts));
    const tersor_attention_operand operands[] = {{TERSOR_F32, 0, c->layouts & 1, 0},
                                                 {TERSOR_F32, 0, c->layouts >> 1 & 1, 0},
                                                 {TERSOR_F32, 0, c->layouts >> 2 & 1, 0},
                                                 {TERSOR_F32, 0, c->layouts >> 3 & 1, 0}};
    const float output_scale = c->large ? 0.75f : 1.0f;
    const tersor_attention_spec spec = {
        c->heads,    c->kv_heads, c->size,     c->value_size,          operands[0], operands[1],
        operands[2], operands[3], c->large ? 1.0f : 0.125f, 0, output_scale, c->causal};
    const float *q = operand(c, c->n * c->length_q * c->heads * c->size, c->large ? 8.0f : 1.0f);
    const float *k = operand(c, c->n * c->length_k * c->kv_heads * c->size, 1.0f);
    const float *v = operand(c, c->n * c->length_k * c->kv_heads * c->value_size, 1.0f);
    const float *mask = c->masked ? random_mask(c, c->large) : NULL;
    const int64_t mask_query = c->length_k, mask_head = c->length_q * mask_query, mask_image = c->heads * mask_head;
    const int64_t count = c->n * c->length_q * c->heads * c->value_size;
    float *dst = guarded(c->side, (size_t) count * 4);
    memset(dst, 0xa5, (size_t) count * 4);
    int64_t scratch_bytes = 0;
    bool ok = expect_status(tersor_attention_scratch_bytes(c->isa, &spec, c->length_k, &scratch_bytes), TERSOR_OK,
                            "scratch");
    void *scratch = guarded(GUARD_AFTER, (size_t) scratch_bytes);
    memset(scratch, 0xff, (size_t) scratch_bytes);
    /* In two parts, as threads do. */
    const int64_t heads = c->n * c->heads, first = heads / 3;
    for (int part = 0; ok && part < 2; part++) {
        ok = expect_status(tersor_attention(c->isa, &spec, c->n, c->length_q, c->length_k, part == 0 ? 0 : first,
                                            part == 0 ? first : heads - first, q, k, v, mask, mask_image, mask_head,
                                            mask_query, dst, scratch, scratch_bytes),
                           TERSOR_OK, "attention");
    }
    double weights[MAX_KEYS];
    for (int64_t i = 0; ok && i < heads * c->length_q; i++) {
        const int64_t query = i % c->length_q, head = i / c->length_q % c->heads, image = i / c->length_q / c->heads;
        const int64_t group = head / (c->heads / c->kv_heads);
        const double magnitude =
            weights_of(c, &spec, q + at(&spec.q, image, head, query, c->heads, c->size, c->length_q),
                       k + at(&spec.k, image, group, 0, c->kv_heads, c->size, c->length_k),
                       spec.k.layout == TERSOR_TOKENS ? c->kv_heads * c->size : c->size,
                       mask == NULL ? NULL : mask + image * mask_image + head * mask_head + query * mask_query, query,
                       weights);
        const double bound = (magnitude + (double) c->length_k + 16) * 0x1p-22 * (double) output_scale;
        for (int64_t e = 0; ok && e < c->value_size; e++) {
            double expected = 0;
            for (int64_t j = 0; j < c->length_k; j++) {
                expected += weights[j] * (double) v[at(&spec.v, image, group, j, c->kv_heads, c->value_size, c->length_k) + e];
            }
            expected *= (double) output_scale;
            const float actual = dst[at(&spec.dst, image, head, query, c->heads, c->value_size, c->length_q) + e];
            if (!(fabs((double) actual - expected) <= bound)) {
                ok = false;
                fail("isa=%s n=%lld lq=%lld lk=%lld heads=%lld/%lld size=%lld/%lld layouts=%d causal=%d masked=%d "
                     "large=%d side=%d at query %lld of head %lld, element %lld: expected %g +- %g, got %g",
                     tersor_isa_name(c->isa), (long long) c->n, (long long) c->length_q, (long long) c->length_k,
                     (long long) c->heads, (long long) c->kv_heads, (long long) c->size, (long long) c->value_size,
                     c->layouts, c->causal, c->masked, c->large, c->side, (long long) query, (long long) head,
                     (long long) e, expected, bound, (double) actual);
            }
        }
    }
    guarded_free_all();
}

/* What is not all floats, or has probabilities besides, is refused, and so is scratch of too few bytes. */
static void test_arguments(void) {
    const tersor_attention_operand real = {TERSOR_F32, 0, TERSOR_TOKENS, 0}, byte = {TERSOR_U8, 0, TERSOR_TOKENS, 0};
    const tersor_attention_spec valid = {1, 1, 4, 4, real, real, real, real, 1, 0, 1, 0};
    tersor_attention_spec specs[] = {valid, valid, valid, valid, valid};
    specs[0].k = byte;
    specs[1].v = byte;
    specs[2].dst = byte;
    specs[3].probability_scale = 1.0f / 255;
    specs[4].q.zero_point = 1;
    int64_t bytes = 0;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        cases++;
        expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, &specs[i], 3, &bytes),
                      TERSOR_INVALID_ARGUMENT, "no floats throughout");
    }
    tersor_attention_spec huge = valid;
    huge.size = INT32_MAX;
    expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, &huge, INT32_MAX, &bytes), TERSOR_INVALID_SIZE,
                  "scratch of 2^64 bytes");
    static _Alignas(64) float data[16], result[16];
    static _Alignas(64) char scratch[1 << 16];
    expect_status(tersor_attention_scratch_bytes(TERSOR_ISA_PORTABLE, &valid, 3, &bytes), TERSOR_OK, "scratch");
    expect_status(tersor_attention(TERSOR_ISA_PORTABLE, &valid, 1, 3, 3, 0, 1, data, data, data, NULL, 0, 0, 0, result,
                                   scratch, bytes - 1),
                  TERSOR_BUFFER_TOO_SMALL, "scratch too small");
    const char *name = "";
    expect_status(tersor_attention_kernel_name(TERSOR_ISA_PORTABLE, &valid, &name), TERSOR_OK, "name");
    if (strcmp(name, "f32_attention_4x16__portable") != 0) {
        fail("the kernel is called %s", name);
    }
}

int main(void) {
    test_arguments();
    /* n, length_q, length_k, heads, kv_heads, size, value_size */
    static const int64_t EXTENTS[][7] = {{1, 1, 1, 1, 1, 1, 1},      {1, 128, 128, 2, 2, 64, 64}, {2, 5, 7, 4, 2, 8, 8},
                                         {1, 33, 65, 3, 3, 17, 5},   {2, 3, 0, 2, 1, 4, 4},       {1, 0, 3, 1, 1, 4, 4},
                                         {1, 31, 257, 2, 1, 16, 33}, {1, 1, 40, 6, 2, 32, 32},    {3, 17, 2, 1, 1, 3, 65},
                                         {1, 16, 300, 1, 1, 130, 16}, {1, 100, 63, 1, 1, 60, 100}};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (size_t i = 0; (isas & isa) != 0 && i < sizeof EXTENTS / sizeof *EXTENTS; i++) {
            const int64_t *x = EXTENTS[i];
            for (int kind = 0; kind < 8; kind++) {
                run(&(attention_case){isa, x[0], x[1], x[2], x[3], x[4], x[5], x[6], kind * 7 % 16, kind % 2 == 1,
                                      kind % 4 >= 2, kind >= 4, kind % 3 == 0 ? GUARD_BEFORE : GUARD_AFTER});
            }
        }
    }
    return test_result("f32_attention", cases);
}
