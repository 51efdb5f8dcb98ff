/* The public attention: checks, and the walk over heads and blocks of queries. */
#include "attention.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "compiler.h"
#include "kernels.h"

/* Offsets into scratch, in bytes. */
typedef struct layout {
    int64_t padded_size, padded_keys; /* multiples of ATTENTION_STEP */
    int64_t value_panels;
    int64_t keys, key_terms, values, zeros, queries, row_terms, sums, probabilities, totals, results, bytes;
} layout;

/* Extents and addresses of one call. */
typedef struct call {
    const attention_kernel *kernel;
    const tersor_attention_spec *spec;
    layout l;
    int64_t length_q, length_k;
    const uint8_t *q, *k, *v;
    const float *mask;
    int64_t mask_image_stride, mask_head_stride, mask_query_stride;
    uint8_t *dst;
    char *scratch;
    int32_t q_zero_point, k_zero_point, v_zero_point; /* of u8 queries and s8 keys and values */
    uint8_t q_flip, k_flip, v_flip;
    float lo, hi;
} call;

static tersor_status check_operand(const tersor_attention_operand *o, bool may_be_real) {
    const bool known = is_i8(o->type) || (may_be_real && o->type == TERSOR_F32);
    if (!known || (o->layout != TERSOR_TOKENS && o->layout != TERSOR_HEADS)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    return check_zero_point(o->type, o->zero_point);
}

static tersor_status check_spec(const tersor_attention_spec *spec) {
    RETURN_IF_ERROR(check_range(spec, sizeof *spec, _Alignof(tersor_attention_spec)));
    RETURN_IF_ERROR(check_dimension(spec->heads));
    RETURN_IF_ERROR(check_dimension(spec->kv_heads));
    RETURN_IF_ERROR(check_dimension(spec->size));
    RETURN_IF_ERROR(check_dimension(spec->value_size));
    if (spec->kv_heads == 0 || spec->heads % spec->kv_heads != 0) {
        return TERSOR_INVALID_SIZE;
    }
    RETURN_IF_ERROR(check_operand(&spec->q, false));
    RETURN_IF_ERROR(check_operand(&spec->k, false));
    RETURN_IF_ERROR(check_operand(&spec->v, false));
    RETURN_IF_ERROR(check_operand(&spec->dst, true));
    const bool scaled = spec->probability_scale >= 0x1p-30f && spec->probability_scale < INFINITY;
    return scaled && (spec->causal == 0 || spec->causal == 1) ? TERSOR_OK : TERSOR_INVALID_ARGUMENT;
}

/* Takes a part of scratch; sizes that overflow leave a negative sum of bytes for good. */
static int64_t take(layout *l, int64_t rows, int64_t row_bytes) {
    const int64_t at = l->bytes;
    int64_t bytes;
    if (at < 0 || __builtin_mul_overflow(rows, row_bytes, &bytes) || bytes > PTRDIFF_MAX / 32 ||
        at > PTRDIFF_MAX / 2) {
        l->bytes = -1;
        return 0;
    }
    l->bytes = at + round_up(bytes, TERSOR_ALIGNMENT);
    return at;
}

static tersor_status lay_out(const tersor_attention_spec *spec, int64_t length_k, layout *l) {
    *l = (layout){
        .padded_size = round_up(spec->size, ATTENTION_STEP),
        .padded_keys = round_up(length_k, ATTENTION_STEP),
        .value_panels = round_up(spec->value_size, ATTENTION_LANES) / ATTENTION_LANES,
    };
    const int64_t columns = l->value_panels * ATTENTION_LANES;
    l->keys = take(l, l->padded_keys, l->padded_size);
    l->key_terms = take(l, l->padded_keys, 4);
    l->values = take(l, columns, l->padded_keys);
    l->zeros = take(l, columns, 4);
    l->queries = take(l, ATTENTION_ROWS, l->padded_size);
    l->row_terms = take(l, ATTENTION_ROWS, 4);
    l->sums = take(l, ATTENTION_ROWS, l->padded_keys * 4);
    l->probabilities = take(l, ATTENTION_ROWS, l->padded_keys);
    l->totals = take(l, ATTENTION_ROWS, 4);
    l->results = take(l, ATTENTION_ROWS, columns * 4);
    return l->bytes < 0 ? TERSOR_INVALID_SIZE : TERSOR_OK;
}

static tersor_status check_tensor(const void *address, tersor_type type, int64_t n, int64_t length, int64_t heads,
                                  int64_t size) {
    int64_t bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){n, length, heads, size, type_bytes(type)}, 5, &bytes));
    return check_range(address, bytes, (size_t) type_bytes(type));
}

static tersor_status check_mask(const call *c, int64_t n) {
    const int64_t extents[] = {n, c->spec->heads, c->length_q, c->length_k};
    const int64_t strides[] = {c->mask_image_stride, c->mask_head_stride, c->mask_query_stride, 1};
    int64_t elements = 1, bytes;
    for (int i = 0; i < 4; i++) {
        int64_t reach;
        if (extents[i] == 0) {
            return TERSOR_OK;
        }
        if (strides[i] < 0 || __builtin_mul_overflow(extents[i] - 1, strides[i], &reach) ||
            __builtin_add_overflow(elements, reach, &elements)) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return __builtin_mul_overflow(elements, (int64_t) 4, &bytes) ? TERSOR_INVALID_SIZE
                                                                 : check_range(c->mask, bytes, 4);
}

/* Where a head's rows start in an operand, in elements, and how far they are apart. */
static int64_t first_of(const tersor_attention_operand *o, int64_t image, int64_t head, int64_t heads, int64_t size,
                        int64_t length) {
    return (o->layout == TERSOR_TOKENS ? image * length * heads + head : (image * heads + head) * length) * size;
}

static int64_t stride_of(const tersor_attention_operand *o, int64_t heads, int64_t size) {
    return o->layout == TERSOR_TOKENS ? heads * size : size;
}

/* Packs keys and values of a head of theirs. */
static void pack(const call *c, int64_t image, int64_t head) {
    const tersor_attention_spec *s = c->spec;
    const layout *l = &c->l;
    const uint8_t *keys = c->k + first_of(&s->k, image, head, s->kv_heads, s->size, c->length_k);
    const uint8_t *values = c->v + first_of(&s->v, image, head, s->kv_heads, s->value_size, c->length_k);
    const int64_t key_stride = stride_of(&s->k, s->kv_heads, s->size);
    int32_t *terms = (int32_t *) (void *) (c->scratch + l->key_terms);
    const uint32_t constant = (uint32_t) s->size * (uint32_t) c->k_zero_point;
    for (int64_t first = 0; first < c->length_k; first += ATTENTION_LANES) {
        const attention_matrix from = {keys + first * key_stride, min_s64(ATTENTION_LANES, c->length_k - first),
                                       s->size, key_stride, c->k_flip};
        int32_t sums[ATTENTION_LANES];
        c->kernel->pack_transposed(&from, l->padded_size,
                                   (int8_t *) c->scratch + l->keys + first * l->padded_size, sums);
        for (int i = 0; i < ATTENTION_LANES; i++) {
            terms[first + i] = (int32_t) ((uint32_t) c->q_zero_point * (constant - (uint32_t) sums[i]));
        }
    }
    for (int64_t panel = 0; panel < l->value_panels; panel++) {
        const int64_t column = panel * ATTENTION_LANES;
        const attention_matrix from = {values + column, c->length_k, min_s64(ATTENTION_LANES, s->value_size - column),
                                       stride_of(&s->v, s->kv_heads, s->value_size), c->v_flip};
        c->kernel->pack(&from, (int8_t *) c->scratch + l->values + column * l->padded_keys);
    }
}

/* `rows` queries from number `first` on. */
static void attend(const call *c, int64_t image, int64_t head, int64_t first, int64_t rows) {
    const tersor_attention_spec *s = c->spec;
    const layout *l = &c->l;
    const int64_t stride = stride_of(&s->q, s->heads, s->size);
    const attention_matrix queries = {c->q + first_of(&s->q, image, head, s->heads, s->size, c->length_q) +
                                          first * stride,
                                      rows, s->size, stride, c->q_flip};
    uint8_t *copied = (uint8_t *) c->scratch + l->queries;
    int32_t *row_terms = (int32_t *) (void *) (c->scratch + l->row_terms);
    int32_t *sums = (int32_t *) (void *) (c->scratch + l->sums);
    int32_t *totals = (int32_t *) (void *) (c->scratch + l->totals);
    int32_t *results = (int32_t *) (void *) (c->scratch + l->results);
    c->kernel->copy(&queries, l->padded_size, copied, row_terms);
    for (int64_t i = 0; i < rows; i++) {
        row_terms[i] = (int32_t) (0 - (uint32_t) c->k_zero_point * (uint32_t) row_terms[i]);
    }
    c->kernel->multiply(&(attention_product){
        .rows = rows,
        .steps = l->padded_size / ATTENTION_STEP,
        .panels = l->padded_keys / ATTENTION_LANES,
        .a = copied,
        .b = (const int8_t *) c->scratch + l->keys,
        .init = (const int32_t *) (const void *) (c->scratch + l->key_terms),
        .c = sums,
    });
    c->kernel->softmax(&(attention_softmax){
        .rows = rows,
        .keys = c->length_k,
        .padded_keys = l->padded_keys,
        .first_query = first,
        .causal = s->causal != 0,
        .score_scale = s->score_scale,
        .probability_scale = s->probability_scale,
        .mask = c->mask == NULL ? NULL
                                : c->mask + image * c->mask_image_stride + head * c->mask_head_stride +
                                      first * c->mask_query_stride,
        .mask_stride = c->mask_query_stride,
        .row_terms = row_terms,
        .sums = sums,
        .probabilities = (uint8_t *) c->scratch + l->probabilities,
        .totals = totals,
    });
    c->kernel->multiply(&(attention_product){
        .rows = rows,
        .steps = l->padded_keys / ATTENTION_STEP,
        .panels = l->value_panels,
        .a = (const uint8_t *) c->scratch + l->probabilities,
        .b = (const int8_t *) c->scratch + l->values,
        .init = (const int32_t *) (const void *) (c->scratch + l->zeros),
        .c = results,
    });
    const int64_t dst_stride = stride_of(&s->dst, s->heads, s->value_size);
    const int64_t to = first_of(&s->dst, image, head, s->heads, s->value_size, c->length_q) + first * dst_stride;
    const attention_store store = {
        .rows = rows,
        .columns = s->value_size,
        .sums_stride = l->value_panels * ATTENTION_LANES,
        .dst_stride = dst_stride,
        .sums = results,
        .totals = totals,
        .value_zero_point = c->v_zero_point,
        .scale = s->output_scale,
        .lo = c->lo,
        .hi = c->hi,
        .zero_point = s->dst.zero_point,
        .dst = c->dst + to * type_bytes(s->dst.type),
    };
    if (s->dst.type == TERSOR_F32) {
        c->kernel->store_f32(&store);
    } else {
        c->kernel->store_i8(&store);
    }
}

static void run(const call *c, int64_t first_head, int64_t count) {
    const int64_t heads = c->spec->heads, group = heads / c->spec->kv_heads;
    memset(c->scratch + c->l.zeros, 0, (size_t) (c->l.value_panels * ATTENTION_LANES * 4));
    if (c->kernel->enter != NULL) {
        c->kernel->enter();
    }
    for (int64_t head = first_head; head < first_head + count; head++) {
        /* Heads of an image are a multiple of those that share keys and values. */
        if (head == first_head || head % group == 0) {
            pack(c, head / heads, head % heads / group);
        }
        for (int64_t row = 0; row < c->length_q; row += ATTENTION_ROWS) {
            attend(c, head / heads, head % heads, row, min_s64(ATTENTION_ROWS, c->length_q - row));
        }
    }
    if (c->kernel->leave != NULL) {
        c->kernel->leave();
    }
}

tersor_status tersor_attention_scratch_bytes(uint32_t isa, const tersor_attention_spec *spec, int64_t length_k,
                                             int64_t *bytes) {
    layout l;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    if (kernels_for(isa) == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_spec(spec));
    RETURN_IF_ERROR(check_dimension(length_k));
    RETURN_IF_ERROR(lay_out(spec, length_k, &l));
    *bytes = l.bytes;
    return TERSOR_OK;
}

tersor_status tersor_attention(uint32_t isa, const tersor_attention_spec *spec, int64_t n, int64_t length_q,
                               int64_t length_k, int64_t first_head, int64_t count, const void *q, const void *k,
                               const void *v, const float *mask, int64_t mask_image_stride, int64_t mask_head_stride,
                               int64_t mask_query_stride, void *dst, void *scratch, int64_t scratch_bytes) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_spec(spec));
    RETURN_IF_ERROR(check_dimension(n));
    RETURN_IF_ERROR(check_dimension(length_q));
    RETURN_IF_ERROR(check_dimension(length_k));
    call c = {
        .kernel = kernels->attention,
        .spec = spec,
        .length_q = length_q,
        .length_k = length_k,
        .q = q,
        .k = k,
        .v = v,
        .mask = mask,
        .mask_image_stride = mask_image_stride,
        .mask_head_stride = mask_head_stride,
        .mask_query_stride = mask_query_stride,
        .dst = dst,
        .scratch = scratch,
        .q_flip = spec->q.type == TERSOR_S8 ? 0x80 : 0,
        .k_flip = spec->k.type == TERSOR_U8 ? 0x80 : 0,
        .v_flip = spec->v.type == TERSOR_U8 ? 0x80 : 0,
    };
    c.q_zero_point = spec->q.zero_point + c.q_flip;
    c.k_zero_point = spec->k.zero_point - c.k_flip;
    c.v_zero_point = spec->v.zero_point - c.v_flip;
    c.lo = (float) (type_min(spec->dst.type) - spec->dst.zero_point);
    c.hi = (float) (type_max(spec->dst.type) - spec->dst.zero_point);
    RETURN_IF_ERROR(lay_out(spec, length_k, &c.l));
    RETURN_IF_ERROR(check_part(first_head, count, n * spec->heads));
    RETURN_IF_ERROR(check_tensor(q, spec->q.type, n, length_q, spec->heads, spec->size));
    RETURN_IF_ERROR(check_tensor(k, spec->k.type, n, length_k, spec->kv_heads, spec->size));
    RETURN_IF_ERROR(check_tensor(v, spec->v.type, n, length_k, spec->kv_heads, spec->value_size));
    RETURN_IF_ERROR(check_tensor(dst, spec->dst.type, n, length_q, spec->heads, spec->value_size));
    if (mask != NULL) {
        RETURN_IF_ERROR(check_mask(&c, n));
    }
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, c.l.bytes));
    if (length_q > 0 && count > 0 && spec->value_size > 0) {
        run(&c, first_head, count);
    }
    return TERSOR_OK;
}

tersor_status tersor_attention_kernel_name(uint32_t isa, const char **name) {
    RETURN_IF_ERROR(check_range((const void *) name, sizeof *name, _Alignof(const char *)));
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    *name = kernels->attention->name;
    return TERSOR_OK;
}
