/* The public attention: checks, and the walk over heads and blocks of queries. */
#include "attention.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "compiler.h"
#include "f32_attention.h"
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

/* Floats throughout, instead of bytes. */
static bool is_real(const tersor_attention_spec *spec) {
    return spec->q.type == TERSOR_F32;
}

static tersor_status check_operand(const tersor_attention_operand *o, bool may_be_bytes, bool may_be_real) {
    const bool known = (may_be_bytes && is_i8(o->type)) || (may_be_real && o->type == TERSOR_F32);
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
    const bool real = is_real(spec);
    RETURN_IF_ERROR(check_operand(&spec->q, !real, real));
    RETURN_IF_ERROR(check_operand(&spec->k, !real, real));
    RETURN_IF_ERROR(check_operand(&spec->v, !real, real));
    RETURN_IF_ERROR(check_operand(&spec->dst, !real, true));
    const bool scaled = real ? spec->probability_scale == 0
                             : spec->probability_scale >= 0x1p-30f && spec->probability_scale < INFINITY;
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

/* Queries that are worked on together: `rows` from number `first` on of a head of an image. */
typedef struct block {
    int64_t image, head, first, rows;
    bool starts; /* keys and values differ from those of the block before */
} block;

static void pack_keys(const call *c, const block *b) {
    const tersor_attention_spec *s = c->spec;
    const int64_t head = b->head / (s->heads / s->kv_heads), padded_size = c->l.padded_size;
    const uint8_t *keys = c->k + attention_first(&s->k, b->image, head, s->kv_heads, s->size, c->length_k);
    const int64_t stride = attention_stride(&s->k, s->kv_heads, s->size);
    int32_t *terms = (int32_t *) (void *) (c->scratch + c->l.key_terms);
    const uint32_t constant = (uint32_t) s->size * (uint32_t) c->k_zero_point;
    for (int64_t first = 0; first < c->length_k; first += ATTENTION_LANES) {
        const attention_matrix from = {keys + first * stride, min_s64(ATTENTION_LANES, c->length_k - first), s->size,
                                       stride, c->k_flip};
        int32_t sums[ATTENTION_LANES];
        c->kernel->pack_transposed(&from, padded_size, (int8_t *) c->scratch + c->l.keys + first * padded_size, sums);
        for (int i = 0; i < ATTENTION_LANES; i++) {
            terms[first + i] = (int32_t) ((uint32_t) c->q_zero_point * (constant - (uint32_t) sums[i]));
        }
    }
}

static void pack_values(const call *c, const block *b) {
    const tersor_attention_spec *s = c->spec;
    const int64_t head = b->head / (s->heads / s->kv_heads);
    const uint8_t *values = c->v + attention_first(&s->v, b->image, head, s->kv_heads, s->value_size, c->length_k);
    for (int64_t column = 0; column < s->value_size; column += ATTENTION_LANES) {
        const attention_matrix from = {values + column, c->length_k, min_s64(ATTENTION_LANES, s->value_size - column),
                                       attention_stride(&s->v, s->kv_heads, s->value_size), c->v_flip};
        c->kernel->pack(&from, (int8_t *) c->scratch + c->l.values + column * c->l.padded_keys);
    }
}

/* What the product with the keys needs. */
static void prepare(const call *c, const block *b) {
    const tersor_attention_spec *s = c->spec;
    const int64_t stride = attention_stride(&s->q, s->heads, s->size);
    const int64_t at = attention_first(&s->q, b->image, b->head, s->heads, s->size, c->length_q) + b->first * stride;
    const attention_matrix queries = {c->q + at, b->rows, s->size, stride, c->q_flip};
    int32_t *row_terms = (int32_t *) (void *) (c->scratch + c->l.row_terms);
    if (b->starts) {
        pack_keys(c, b);
    }
    c->kernel->copy(&queries, c->l.padded_size, (uint8_t *) c->scratch + c->l.queries, row_terms);
    for (int64_t i = 0; i < b->rows; i++) {
        row_terms[i] = (int32_t) (0 - (uint32_t) c->k_zero_point * (uint32_t) row_terms[i]);
    }
}

static void multiply_keys(const call *c, const block *b) {
    c->kernel->multiply(&(attention_product){
        .rows = b->rows,
        .steps = c->l.padded_size / ATTENTION_STEP,
        .panels = c->l.padded_keys / ATTENTION_LANES,
        .a = (const uint8_t *) c->scratch + c->l.queries,
        .b = (const int8_t *) c->scratch + c->l.keys,
        .init = (const int32_t *) (const void *) (c->scratch + c->l.key_terms),
        .c = (int32_t *) (void *) (c->scratch + c->l.sums),
    });
}

static void softmax(const call *c, const block *b) {
    const int64_t mask = b->image * c->mask_image_stride + b->head * c->mask_head_stride +
                         b->first * c->mask_query_stride;
    c->kernel->softmax(&(attention_softmax){
        .rows = b->rows,
        .keys = c->length_k,
        .padded_keys = c->l.padded_keys,
        .first_query = b->first,
        .causal = c->spec->causal != 0,
        .score_scale = c->spec->score_scale,
        .probability_scale = c->spec->probability_scale,
        .mask = c->mask == NULL ? NULL : c->mask + mask,
        .mask_stride = c->mask_query_stride,
        .row_terms = (const int32_t *) (const void *) (c->scratch + c->l.row_terms),
        .sums = (int32_t *) (void *) (c->scratch + c->l.sums),
        .probabilities = (uint8_t *) c->scratch + c->l.probabilities,
        .totals = (int32_t *) (void *) (c->scratch + c->l.totals),
    });
}

static void multiply_values(const call *c, const block *b) {
    c->kernel->multiply(&(attention_product){
        .rows = b->rows,
        .steps = c->l.padded_keys / ATTENTION_STEP,
        .panels = c->l.value_panels,
        .a = (const uint8_t *) c->scratch + c->l.probabilities,
        .b = (const int8_t *) c->scratch + c->l.values,
        .init = (const int32_t *) (const void *) (c->scratch + c->l.zeros),
        .c = (int32_t *) (void *) (c->scratch + c->l.results),
    });
}

static void store(const call *c, const block *b) {
    const tersor_attention_spec *s = c->spec;
    const int64_t stride = attention_stride(&s->dst, s->heads, s->value_size);
    const int64_t at = attention_first(&s->dst, b->image, b->head, s->heads, s->value_size, c->length_q) + b->first * stride;
    const attention_store job = {
        .rows = b->rows,
        .columns = s->value_size,
        .sums_stride = c->l.value_panels * ATTENTION_LANES,
        .dst_stride = stride,
        .sums = (const int32_t *) (const void *) (c->scratch + c->l.results),
        .totals = (const int32_t *) (const void *) (c->scratch + c->l.totals),
        .value_zero_point = c->v_zero_point,
        .scale = s->output_scale,
        .lo = c->lo,
        .hi = c->hi,
        .zero_point = s->dst.zero_point,
        .dst = c->dst + at * type_bytes(s->dst.type),
    };
    if (s->dst.type == TERSOR_F32) {
        c->kernel->store_f32(&job);
    } else {
        c->kernel->store_i8(&job);
    }
}

/* Block number `index` of the heads from first_head on. */
static block block_of(const call *c, int64_t first_head, int64_t index) {
    const int64_t heads = c->spec->heads;
    const int64_t blocks = (c->length_q + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    const int64_t head = first_head + index / blocks, first = index % blocks * ATTENTION_ROWS;
    return (block){
        .image = head / heads,
        .head = head % heads,
        .first = first,
        .rows = min_s64(ATTENTION_ROWS, c->length_q - first),
        .starts = first == 0 && (index == 0 || head % (heads / c->spec->kv_heads) == 0),
    };
}

/*
 * The product with the values of one block and that with the keys of the next follow each other: AMX takes about 550
 * cycles to start when it was not used for as many, which is a tenth of what a block of 128 keys takes.
 */
static void run(const call *c, int64_t first_head, int64_t count) {
    const int64_t blocks = count * ((c->length_q + ATTENTION_ROWS - 1) / ATTENTION_ROWS);
    memset(c->scratch + c->l.zeros, 0, (size_t) (c->l.value_panels * ATTENTION_LANES * 4));
    if (c->kernel->enter != NULL) {
        c->kernel->enter();
    }
    block now = block_of(c, first_head, 0);
    prepare(c, &now);
    multiply_keys(c, &now);
    pack_values(c, &now);
    for (int64_t i = 1; i <= blocks; i++) {
        const block next = block_of(c, first_head, i);
        softmax(c, &now);
        if (i < blocks) {
            prepare(c, &next);
        }
        multiply_values(c, &now);
        if (i < blocks) {
            multiply_keys(c, &next);
        }
        store(c, &now);
        if (i < blocks && next.starts) {
            pack_values(c, &next);
        }
        now = next;
    }
    if (c->kernel->leave != NULL) {
        c->kernel->leave();
    }
}

static void run_real(const call *c, const isa_kernels *kernels, int64_t first_head, int64_t count) {
    f32_attention_heads(
        &(f32_attention){
            .kernels = kernels,
            .spec = c->spec,
            .length_q = c->length_q,
            .length_k = c->length_k,
            .q = (const float *) (const void *) c->q,
            .k = (const float *) (const void *) c->k,
            .v = (const float *) (const void *) c->v,
            .mask = c->mask,
            .mask_image_stride = c->mask_image_stride,
            .mask_head_stride = c->mask_head_stride,
            .mask_query_stride = c->mask_query_stride,
            .dst = (float *) (void *) c->dst,
            .scratch = c->scratch,
        },
        first_head, count);
}

tersor_status tersor_attention_scratch_bytes(uint32_t isa, const tersor_attention_spec *spec, int64_t length_k,
                                             int64_t *bytes) {
    layout l;
    RETURN_IF_ERROR(check_range(bytes, sizeof *bytes, sizeof *bytes));
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_spec(spec));
    RETURN_IF_ERROR(check_dimension(length_k));
    if (is_real(spec)) {
        return f32_attention_scratch_bytes(kernels, spec, length_k, bytes);
    }
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
    if (is_real(spec)) {
        RETURN_IF_ERROR(f32_attention_scratch_bytes(kernels, spec, length_k, &c.l.bytes));
    } else {
        RETURN_IF_ERROR(lay_out(spec, length_k, &c.l));
    }
    RETURN_IF_ERROR(check_part(first_head, count, n * spec->heads));
    RETURN_IF_ERROR(check_tensor(q, spec->q.type, n, length_q, spec->heads, spec->size));
    RETURN_IF_ERROR(check_tensor(k, spec->k.type, n, length_k, spec->kv_heads, spec->size));
    RETURN_IF_ERROR(check_tensor(v, spec->v.type, n, length_k, spec->kv_heads, spec->value_size));
    RETURN_IF_ERROR(check_tensor(dst, spec->dst.type, n, length_q, spec->heads, spec->value_size));
    if (mask != NULL) {
        RETURN_IF_ERROR(check_mask(&c, n));
    }
    RETURN_IF_ERROR(check_buffer(scratch, scratch_bytes, c.l.bytes));
    if (length_q == 0 || count == 0 || spec->value_size == 0) {
        return TERSOR_OK;
    }
    if (is_real(spec)) {
        run_real(&c, kernels, first_head, count);
    } else {
        run(&c, first_head, count);
    }
    return TERSOR_OK;
}

tersor_status tersor_attention_kernel_name(uint32_t isa, const tersor_attention_spec *spec, const char **name) {
    RETURN_IF_ERROR(check_range((const void *) name, sizeof *name, _Alignof(const char *)));
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_spec(spec));
    *name = is_real(spec) ? kernels->f32_attention : kernels->attention->name;
    return TERSOR_OK;
}
