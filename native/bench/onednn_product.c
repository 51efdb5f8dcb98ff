/* A primitive of oneDNN, prepared once and run many times: the attributes are those of Tersor's own onednn backend. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "compiler.h"
#include "product.h"

enum { MAX_OPERANDS = 8, ALIGNMENT = 64 };

/* An operand that the product owns: its memory object and, for all but src and dst, its bytes. */
typedef struct {
    int argument;
    dnnl_memory_t memory;
    void *data;
} operand;

struct tersor_bench_product {
    onednn dnn;
    int threads;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    operand operands[MAX_OPERANDS];
    int operand_count;
    operand *weights; /* one for each copy */
    int32_t copies;
    int32_t next; /* the copy that the next run takes */
    dnnl_exec_arg_t arguments[MAX_OPERANDS + 1];
};

/* What is done to a sum; see tersor_bench.h. */
typedef struct {
    const float *scales, *bias;
    int32_t src_zero_point, dst_zero_point;
    bool relu;
} epilogue;

static void set_threads(const tersor_bench_product *product) {
    if (product->dnn.set_threads != NULL) {
        product->dnn.set_threads(product->threads);
    }
}

/* Fills an operand: over `data` where that is given, otherwise over memory of its own. */
static tersor_status create_operand(const tersor_bench_product *product, operand *created, int argument,
                                    const_dnnl_memory_desc_t desc, void *data) {
    const onednn *dnn = &product->dnn;
    created->argument = argument;
    if (data == NULL) {
        const int64_t bytes = round_up((int64_t) dnn->dnnl_memory_desc_get_size(desc), ALIGNMENT);
        created->data = data = aligned_alloc(ALIGNMENT, (size_t) (bytes == 0 ? ALIGNMENT : bytes));
        if (data == NULL) {
            return TERSOR_BENCH_OUT_OF_MEMORY;
        }
    }
    return onednn_status(dnn->dnnl_memory_create(&created->memory, desc, product->engine, data));
}

static tersor_status add_operand(tersor_bench_product *product, int argument, const_dnnl_memory_desc_t desc,
                                 void *data) {
    return create_operand(product, &product->operands[product->operand_count++], argument, desc, data);
}

/* Adds 4-byte values, copied. */
static tersor_status add_values(tersor_bench_product *product, int argument, const_dnnl_memory_desc_t desc,
                                const void *values) {
    RETURN_IF_ERROR(add_operand(product, argument, desc, NULL));
    memcpy(product->operands[product->operand_count - 1].data, values,
           product->dnn.dnnl_memory_desc_get_size(desc));
    return TERSOR_OK;
}

/* Adds a vector of 4-byte values, copied. */
static tersor_status add_vector(tersor_bench_product *product, int argument, dnnl_data_type_t type, int64_t count,
                                const void *values) {
    dnnl_memory_desc_t desc;
    ONEDNN_CHECK(row_major(&product->dnn, &desc, type, 1, &count));
    const tersor_status status = add_values(product, argument, desc, values);
    product->dnn.dnnl_memory_desc_destroy(desc);
    return status;
}

static tersor_status describe_attributes(const onednn *dnn, const epilogue *e, const product_problem *p,
                                         int channel_mask, dnnl_primitive_attr_t attr, dnnl_post_ops_t post_ops) {
    ONEDNN_CHECK(dnn->dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
    if (e->scales != NULL) {
        ONEDNN_CHECK(dnn->dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, channel_mask));
    }
    if (e->src_zero_point != 0) {
        ONEDNN_CHECK(dnn->dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_SRC, 0));
    }
    if (e->dst_zero_point != 0) {
        ONEDNN_CHECK(dnn->dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_DST, 0));
    }
    /* Where u8 ends at 0 anyway, the saturation does it. */
    if (e->relu && !(p->dst_type == dnnl_u8 && e->dst_zero_point == 0)) {
        ONEDNN_CHECK(dnn->dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0, 0));
        ONEDNN_CHECK(dnn->dnnl_primitive_attr_set_post_ops(attr, post_ops));
    }
    return TERSOR_OK;
}

static tersor_status create_primitive(tersor_bench_product *product, const product_operation *operation,
                                      const product_problem *p, const product_parts *parts, const epilogue *e) {
    const onednn *dnn = &product->dnn;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t post_ops = NULL;
    tersor_status status = onednn_status(dnn->dnnl_primitive_attr_create(&attr));
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_post_ops_create(&post_ops));
    }
    if (status == TERSOR_OK) {
        status = describe_attributes(dnn, e, p, parts->channel_mask, attr, post_ops);
    }
    if (status == TERSOR_OK) {
        const dnnl_status_t created = operation->create(dnn, p, parts, product->engine, attr, &product->desc);
        status = created == dnnl_unimplemented ? TERSOR_BENCH_NO_KERNEL : onednn_status(created);
    }
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_primitive_create(&product->primitive, product->desc));
    }
    dnn->dnnl_post_ops_destroy(post_ops);
    dnn->dnnl_primitive_attr_destroy(attr);
    return status;
}

/* Copies the weights into the layout that the primitive chose. */
static tersor_status pack(const tersor_bench_product *product, dnnl_memory_desc_t plain_desc, dnnl_memory_t plain,
                          const_dnnl_memory_desc_t packed_desc, dnnl_memory_t packed) {
    const onednn *dnn = &product->dnn;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    tersor_status status = onednn_status(dnn->dnnl_reorder_primitive_desc_create(&desc, plain_desc, product->engine,
                                                                                 packed_desc, product->engine, NULL));
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_primitive_create(&reorder, desc));
    }
    if (status == TERSOR_OK) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, packed}};
        status = onednn_status(dnn->dnnl_primitive_execute(reorder, product->stream, 2, arguments));
    }
    dnn->dnnl_primitive_destroy(reorder);
    dnn->dnnl_primitive_desc_destroy(desc);
    return status;
}

static tersor_status pack_copies(tersor_bench_product *product, dnnl_memory_desc_t plain_desc, const void *weights) {
    const onednn *dnn = &product->dnn;
    const_dnnl_memory_desc_t packed_desc = dnn->dnnl_primitive_desc_query_md(product->desc, dnnl_query_weights_md, 0);
    operand plain = {0};
    /* The reorder only reads it. */
    tersor_status status = create_operand(product, &plain, DNNL_ARG_FROM, plain_desc, (void *) (uintptr_t) weights);
    for (int32_t i = 0; i < product->copies && status == TERSOR_OK; i++) {
        status = create_operand(product, &product->weights[i], DNNL_ARG_WEIGHTS, packed_desc, NULL);
        if (status == TERSOR_OK) {
            status = pack(product, plain_desc, plain.memory, packed_desc, product->weights[i].memory);
        }
    }
    dnn->dnnl_memory_destroy(plain.memory);
    return status;
}

static tersor_status add_constants(tersor_bench_product *product, const product_parts *parts, const epilogue *e) {
    if (e->scales != NULL) {
        RETURN_IF_ERROR(
            add_vector(product, DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, dnnl_f32, parts->channels, e->scales));
    }
    if (e->bias != NULL) {
        RETURN_IF_ERROR(add_values(product, DNNL_ARG_BIAS, parts->bias, e->bias));
    }
    if (e->src_zero_point != 0) {
        RETURN_IF_ERROR(
            add_vector(product, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, dnnl_s32, 1, &e->src_zero_point));
    }
    if (e->dst_zero_point != 0) {
        RETURN_IF_ERROR(
            add_vector(product, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, dnnl_s32, 1, &e->dst_zero_point));
    }
    const_dnnl_memory_desc_t scratch =
        product->dnn.dnnl_primitive_desc_query_md(product->desc, dnnl_query_scratchpad_md, 0);
    return product->dnn.dnnl_memory_desc_get_size(scratch) == 0
               ? TERSOR_OK
               : add_operand(product, DNNL_ARG_SCRATCHPAD, scratch, NULL);
}

/* Makes what a run needs of the operands' descriptions. */
static tersor_status prepare(tersor_bench_product *product, const product_operation *operation,
                             const product_problem *p, const product_parts *parts, const epilogue *e, const void *src,
                             const void *weights, void *dst) {
    RETURN_IF_ERROR(create_primitive(product, operation, p, parts, e));
    RETURN_IF_ERROR(add_operand(product, DNNL_ARG_SRC, parts->src, (void *) (uintptr_t) src));
    RETURN_IF_ERROR(add_operand(product, DNNL_ARG_DST, parts->dst, dst));
    RETURN_IF_ERROR(add_constants(product, parts, e));
    RETURN_IF_ERROR(pack_copies(product, parts->plain_weights, weights));
    for (int i = 0; i < product->operand_count; i++) {
        product->arguments[i] = (dnnl_exec_arg_t) {product->operands[i].argument, product->operands[i].memory};
    }
    product->arguments[product->operand_count] = (dnnl_exec_arg_t) {DNNL_ARG_WEIGHTS, product->weights[0].memory};
    return TERSOR_OK;
}

static tersor_status open(tersor_bench_product *product, const char *library, const product_operation *operation,
                          const product_problem *p, const epilogue *e, const void *src, const void *weights,
                          void *dst) {
    const onednn *dnn = &product->dnn;
    RETURN_IF_ERROR(onednn_open(library, &product->dnn));
    set_threads(product);
    ONEDNN_CHECK(dnn->dnnl_engine_create(&product->engine, dnnl_cpu, 0));
    ONEDNN_CHECK(dnn->dnnl_stream_create(&product->stream, product->engine, dnnl_stream_default_flags));
    product_parts parts = {0};
    tersor_status status = operation->describe(dnn, p, &parts);
    if (e->bias == NULL && parts.bias != NULL) {
        dnn->dnnl_memory_desc_destroy(parts.bias);
        parts.bias = NULL;
    }
    if (status == TERSOR_OK) {
        status = prepare(product, operation, p, &parts, e, src, weights, dst);
    }
    dnn->dnnl_memory_desc_destroy(parts.bias);
    dnn->dnnl_memory_desc_destroy(parts.packed_weights);
    dnn->dnnl_memory_desc_destroy(parts.plain_weights);
    dnn->dnnl_memory_desc_destroy(parts.dst);
    dnn->dnnl_memory_desc_destroy(parts.src);
    return status;
}

tersor_status tersor_bench_product_create(const char *library, int32_t threads, int32_t operation,
                                          const int64_t *extents, const int32_t *types, const void *src,
                                          const void *weights, void *dst, const float *scales, const float *bias,
                                          int32_t src_zero_point, int32_t dst_zero_point, int32_t relu, int32_t copies,
                                          tersor_bench_product **product) {
    if (library == NULL || extents == NULL || types == NULL || src == NULL || weights == NULL || dst == NULL ||
        product == NULL) {
        return TERSOR_NULL_POINTER;
    }
    *product = NULL;
    if (operation != TERSOR_BENCH_GEMM && operation != TERSOR_BENCH_CONV) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const product_operation *chosen = operation == TERSOR_BENCH_GEMM ? &onednn_gemm : &onednn_conv;
    RETURN_IF_ERROR(chosen->check(extents));
    if (threads < 1 || copies < 1) {
        return TERSOR_INVALID_SIZE;
    }
    tersor_bench_product *created = calloc(1, sizeof *created);
    operand *copied = calloc((size_t) copies, sizeof *copied);
    if (created == NULL || copied == NULL) {
        free(copied);
        free(created);
        return TERSOR_BENCH_OUT_OF_MEMORY;
    }
    created->threads = threads;
    created->weights = copied;
    created->copies = copies;
    const product_problem p = {.extents = extents,
                               .src_type = (dnnl_data_type_t) types[0],
                               .weights_type = (dnnl_data_type_t) types[1],
                               .dst_type = (dnnl_data_type_t) types[2]};
    const epilogue e = {.scales = scales,
                        .bias = bias,
                        .src_zero_point = src_zero_point,
                        .dst_zero_point = dst_zero_point,
                        .relu = relu != 0};
    const tersor_status status = open(created, library, chosen, &p, &e, src, weights, dst);
    if (status != TERSOR_OK) {
        tersor_bench_product_destroy(created);
        return status;
    }
    *product = created;
    return TERSOR_OK;
}

const char *tersor_bench_product_kernel(const tersor_bench_product *product) {
    const char *name = NULL;
    if (product != NULL) {
        product->dnn.dnnl_primitive_desc_query(product->desc, dnnl_query_impl_info_str, 0, &name);
    }
    return name == NULL ? "unknown" : name;
}

tersor_status tersor_bench_product_run(tersor_bench_product *product, int64_t samples, int64_t runs,
                                       int64_t *nanos) {
    if (product == NULL || nanos == NULL) {
        return TERSOR_NULL_POINTER;
    }
    if (samples < 0 || runs < 1) {
        return TERSOR_INVALID_SIZE;
    }
    set_threads(product);
    dnnl_exec_arg_t *weights = &product->arguments[product->operand_count];
    for (int64_t sample = 0; sample < samples; sample++) {
        const int64_t start = clock_nanos();
        for (int64_t run = 0; run < runs; run++) {
            weights->memory = product->weights[product->next].memory;
            product->next = product->next + 1 == product->copies ? 0 : product->next + 1;
            ONEDNN_CHECK(product->dnn.dnnl_primitive_execute(product->primitive, product->stream,
                                                             product->operand_count + 1, product->arguments));
        }
        nanos[sample] = clock_nanos() - start;
    }
    return TERSOR_OK;
}

static void destroy_operand(const tersor_bench_product *product, const operand *destroyed) {
    product->dnn.dnnl_memory_destroy(destroyed->memory);
    free(destroyed->data);
}

void tersor_bench_product_destroy(tersor_bench_product *product) {
    if (product == NULL) {
        return;
    }
    const onednn *dnn = &product->dnn;
    if (dnn->library != NULL) {
        dnn->dnnl_primitive_destroy(product->primitive);
        dnn->dnnl_primitive_desc_destroy(product->desc);
        for (int i = 0; i < product->operand_count; i++) {
            destroy_operand(product, &product->operands[i]);
        }
        for (int32_t i = 0; i < product->copies; i++) {
            destroy_operand(product, &product->weights[i]);
        }
        dnn->dnnl_stream_destroy(product->stream);
        dnn->dnnl_engine_destroy(product->engine);
    }
    free(product->weights);
    onednn_close(&product->dnn);
    free(product);
}
