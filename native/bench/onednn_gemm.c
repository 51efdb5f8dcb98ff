/* oneDNN's matmul, prepared once and run many times: the attributes are those of Tersor's own onednn backend. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "clock.h"
#include "compiler.h"
#include "onednn.h"

enum { MAX_OPERANDS = 8, ALIGNMENT = 64, CHANNEL_MASK = 1 << 1 };

/* An operand that the gemm owns: its memory object and, for all but src and dst, its bytes. */
typedef struct {
    int argument;
    dnnl_memory_t memory;
    void *data;
} operand;

struct tersor_bench_gemm {
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

typedef struct {
    int64_t m, k, n;
    dnnl_data_type_t src_type, weights_type, dst_type;
    const float *scales, *bias;
    int32_t src_zero_point, dst_zero_point;
    bool relu;
} problem;

#define CHECK(call) RETURN_IF_ERROR(onednn_status(call))

static void set_threads(const tersor_bench_gemm *gemm) {
    if (gemm->dnn.set_threads != NULL) {
        gemm->dnn.set_threads(gemm->threads);
    }
}

static dnnl_status_t row_major(const onednn *dnn, dnnl_memory_desc_t *desc, dnnl_data_type_t type, int rank,
                               int64_t rows, int64_t columns) {
    dnnl_dims_t dims = {rank == 1 ? columns : rows, columns};
    dnnl_dims_t strides = {rank == 1 ? 1 : columns, 1};
    return dnn->dnnl_memory_desc_create_with_strides(desc, rank, dims, type, strides);
}

/* Fills an operand: over `data` where that is given, otherwise over memory of its own. */
static tersor_status create_operand(const tersor_bench_gemm *gemm, operand *created, int argument,
                                    const_dnnl_memory_desc_t desc, void *data) {
    const onednn *dnn = &gemm->dnn;
    created->argument = argument;
    if (data == NULL) {
        const int64_t bytes = round_up((int64_t) dnn->dnnl_memory_desc_get_size(desc), ALIGNMENT);
        created->data = data = aligned_alloc(ALIGNMENT, (size_t) (bytes == 0 ? ALIGNMENT : bytes));
        if (data == NULL) {
            return TERSOR_BENCH_OUT_OF_MEMORY;
        }
    }
    return onednn_status(dnn->dnnl_memory_create(&created->memory, desc, gemm->engine, data));
}

static tersor_status add_operand(tersor_bench_gemm *gemm, int argument, const_dnnl_memory_desc_t desc, void *data) {
    return create_operand(gemm, &gemm->operands[gemm->operand_count++], argument, desc, data);
}

/* Adds a row of 4-byte values, copied. */
static tersor_status add_values(tersor_bench_gemm *gemm, int argument, dnnl_data_type_t type, int64_t count,
                                int rank, const void *values) {
    dnnl_memory_desc_t desc;
    CHECK(row_major(&gemm->dnn, &desc, type, rank, 1, count));
    const tersor_status status = add_operand(gemm, argument, desc, NULL);
    if (status == TERSOR_OK) {
        memcpy(gemm->operands[gemm->operand_count - 1].data, values, (size_t) count * 4);
    }
    gemm->dnn.dnnl_memory_desc_destroy(desc);
    return status;
}

static tersor_status describe_attributes(const onednn *dnn, const problem *p, dnnl_primitive_attr_t attr,
                                         dnnl_post_ops_t post_ops) {
    CHECK(dnn->dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user));
    if (p->scales != NULL) {
        CHECK(dnn->dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, CHANNEL_MASK));
    }
    if (p->src_zero_point != 0) {
        CHECK(dnn->dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_SRC, 0));
    }
    if (p->dst_zero_point != 0) {
        CHECK(dnn->dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_DST, 0));
    }
    /* Where u8 ends at 0 anyway, the saturation does it. */
    if (p->relu && !(p->dst_type == dnnl_u8 && p->dst_zero_point == 0)) {
        CHECK(dnn->dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0, 0));
        CHECK(dnn->dnnl_primitive_attr_set_post_ops(attr, post_ops));
    }
    return TERSOR_OK;
}

static tersor_status create_primitive(tersor_bench_gemm *gemm, const problem *p, dnnl_memory_desc_t src,
                                      dnnl_memory_desc_t dst) {
    const onednn *dnn = &gemm->dnn;
    const dnnl_dims_t weights_dims = {p->k, p->n};
    dnnl_memory_desc_t weights = NULL, bias = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t post_ops = NULL;
    tersor_status status = onednn_status(
        dnn->dnnl_memory_desc_create_with_tag(&weights, 2, weights_dims, p->weights_type, dnnl_format_tag_any));
    if (status == TERSOR_OK && p->bias != NULL) {
        status = onednn_status(row_major(dnn, &bias, dnnl_f32, 2, 1, p->n));
    }
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_primitive_attr_create(&attr));
    }
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_post_ops_create(&post_ops));
    }
    if (status == TERSOR_OK) {
        status = describe_attributes(dnn, p, attr, post_ops);
    }
    if (status == TERSOR_OK) {
        const dnnl_status_t created =
            dnn->dnnl_matmul_primitive_desc_create(&gemm->desc, gemm->engine, src, weights, bias, dst, attr);
        status = created == dnnl_unimplemented ? TERSOR_BENCH_NO_KERNEL : onednn_status(created);
    }
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_primitive_create(&gemm->primitive, gemm->desc));
    }
    dnn->dnnl_post_ops_destroy(post_ops);
    dnn->dnnl_primitive_attr_destroy(attr);
    dnn->dnnl_memory_desc_destroy(bias);
    dnn->dnnl_memory_desc_destroy(weights);
    return status;
}

/* Copies the weights into the layout that the primitive chose. */
static tersor_status pack(const tersor_bench_gemm *gemm, dnnl_memory_desc_t plain_desc, dnnl_memory_t plain,
                          const_dnnl_memory_desc_t packed_desc, dnnl_memory_t packed) {
    const onednn *dnn = &gemm->dnn;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    tersor_status status = onednn_status(dnn->dnnl_reorder_primitive_desc_create(&desc, plain_desc, gemm->engine,
                                                                                 packed_desc, gemm->engine, NULL));
    if (status == TERSOR_OK) {
        status = onednn_status(dnn->dnnl_primitive_create(&reorder, desc));
    }
    if (status == TERSOR_OK) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, packed}};
        status = onednn_status(dnn->dnnl_primitive_execute(reorder, gemm->stream, 2, arguments));
    }
    dnn->dnnl_primitive_destroy(reorder);
    dnn->dnnl_primitive_desc_destroy(desc);
    return status;
}

static tersor_status pack_copies(tersor_bench_gemm *gemm, const problem *p, const void *weights) {
    const onednn *dnn = &gemm->dnn;
    const_dnnl_memory_desc_t packed_desc = dnn->dnnl_primitive_desc_query_md(gemm->desc, dnnl_query_weights_md, 0);
    dnnl_memory_desc_t plain_desc;
    CHECK(row_major(dnn, &plain_desc, p->weights_type, 2, p->k, p->n));
    operand plain = {0};
    /* The reorder only reads it. */
    tersor_status status = create_operand(gemm, &plain, DNNL_ARG_FROM, plain_desc, (void *) (uintptr_t) weights);
    for (int32_t i = 0; i < gemm->copies && status == TERSOR_OK; i++) {
        status = create_operand(gemm, &gemm->weights[i], DNNL_ARG_WEIGHTS, packed_desc, NULL);
        if (status == TERSOR_OK) {
            status = pack(gemm, plain_desc, plain.memory, packed_desc, gemm->weights[i].memory);
        }
    }
    dnn->dnnl_memory_destroy(plain.memory);
    dnn->dnnl_memory_desc_destroy(plain_desc);
    return status;
}

static tersor_status add_constants(tersor_bench_gemm *gemm, const problem *p) {
    if (p->scales != NULL) {
        RETURN_IF_ERROR(
            add_values(gemm, DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, dnnl_f32, p->n, 1, p->scales));
    }
    if (p->bias != NULL) {
        RETURN_IF_ERROR(add_values(gemm, DNNL_ARG_BIAS, dnnl_f32, p->n, 2, p->bias));
    }
    if (p->src_zero_point != 0) {
        RETURN_IF_ERROR(
            add_values(gemm, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, dnnl_s32, 1, 1, &p->src_zero_point));
    }
    if (p->dst_zero_point != 0) {
        RETURN_IF_ERROR(
            add_values(gemm, DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, dnnl_s32, 1, 1, &p->dst_zero_point));
    }
    const_dnnl_memory_desc_t scratch = gemm->dnn.dnnl_primitive_desc_query_md(gemm->desc, dnnl_query_scratchpad_md, 0);
    return gemm->dnn.dnnl_memory_desc_get_size(scratch) == 0 ? TERSOR_OK
                                                              : add_operand(gemm, DNNL_ARG_SCRATCHPAD, scratch, NULL);
}

static tersor_status prepare(tersor_bench_gemm *gemm, const problem *p, const void *src, const void *weights,
                             void *dst) {
    const onednn *dnn = &gemm->dnn;
    set_threads(gemm);
    CHECK(dnn->dnnl_engine_create(&gemm->engine, dnnl_cpu, 0));
    CHECK(dnn->dnnl_stream_create(&gemm->stream, gemm->engine, dnnl_stream_default_flags));
    dnnl_memory_desc_t src_desc = NULL, dst_desc = NULL;
    tersor_status status = onednn_status(row_major(dnn, &src_desc, p->src_type, 2, p->m, p->k));
    if (status == TERSOR_OK) {
        status = onednn_status(row_major(dnn, &dst_desc, p->dst_type, 2, p->m, p->n));
    }
    if (status == TERSOR_OK) {
        status = create_primitive(gemm, p, src_desc, dst_desc);
    }
    if (status == TERSOR_OK) {
        status = add_operand(gemm, DNNL_ARG_SRC, src_desc, (void *) (uintptr_t) src);
    }
    if (status == TERSOR_OK) {
        status = add_operand(gemm, DNNL_ARG_DST, dst_desc, dst);
    }
    dnn->dnnl_memory_desc_destroy(dst_desc);
    dnn->dnnl_memory_desc_destroy(src_desc);
    RETURN_IF_ERROR(status);
    RETURN_IF_ERROR(add_constants(gemm, p));
    RETURN_IF_ERROR(pack_copies(gemm, p, weights));
    for (int i = 0; i < gemm->operand_count; i++) {
        gemm->arguments[i] = (dnnl_exec_arg_t) {gemm->operands[i].argument, gemm->operands[i].memory};
    }
    gemm->arguments[gemm->operand_count] = (dnnl_exec_arg_t) {DNNL_ARG_WEIGHTS, gemm->weights[0].memory};
    return TERSOR_OK;
}

tersor_status tersor_bench_gemm_create(const char *library, int32_t threads, int64_t m, int64_t k, int64_t n,
                                       int32_t src_type, int32_t weights_type, int32_t dst_type, const void *src,
                                       const void *weights, void *dst, const float *scales, const float *bias,
                                       int32_t src_zero_point, int32_t dst_zero_point, int32_t relu, int32_t copies,
                                       tersor_bench_gemm **gemm) {
    if (library == NULL || src == NULL || weights == NULL || dst == NULL || gemm == NULL) {
        return TERSOR_NULL_POINTER;
    }
    *gemm = NULL;
    RETURN_IF_ERROR(check_dimension(m));
    RETURN_IF_ERROR(check_dimension(k));
    RETURN_IF_ERROR(check_dimension(n));
    if (m == 0 || k == 0 || n == 0 || threads < 1 || copies < 1) {
        return TERSOR_INVALID_SIZE;
    }
    tersor_bench_gemm *created = calloc(1, sizeof *created);
    operand *copied = calloc((size_t) copies, sizeof *copied);
    if (created == NULL || copied == NULL) {
        free(copied);
        free(created);
        return TERSOR_BENCH_OUT_OF_MEMORY;
    }
    created->threads = threads;
    created->weights = copied;
    created->copies = copies;
    const problem p = {.m = m,
                       .k = k,
                       .n = n,
                       .src_type = (dnnl_data_type_t) src_type,
                       .weights_type = (dnnl_data_type_t) weights_type,
                       .dst_type = (dnnl_data_type_t) dst_type,
                       .scales = scales,
                       .bias = bias,
                       .src_zero_point = src_zero_point,
                       .dst_zero_point = dst_zero_point,
                       .relu = relu != 0};
    tersor_status status = onednn_open(library, &created->dnn);
    if (status == TERSOR_OK) {
        status = prepare(created, &p, src, weights, dst);
    }
    if (status != TERSOR_OK) {
        tersor_bench_gemm_destroy(created);
        return status;
    }
    *gemm = created;
    return TERSOR_OK;
}

const char *tersor_bench_gemm_kernel(const tersor_bench_gemm *gemm) {
    const char *name = NULL;
    if (gemm != NULL) {
        gemm->dnn.dnnl_primitive_desc_query(gemm->desc, dnnl_query_impl_info_str, 0, &name);
    }
    return name == NULL ? "unknown" : name;
}

tersor_status tersor_bench_gemm_run(tersor_bench_gemm *gemm, int64_t samples, int64_t runs, int64_t *nanos) {
    if (gemm == NULL || nanos == NULL) {
        return TERSOR_NULL_POINTER;
    }
    if (samples < 0 || runs < 1) {
        return TERSOR_INVALID_SIZE;
    }
    set_threads(gemm);
    dnnl_exec_arg_t *weights = &gemm->arguments[gemm->operand_count];
    for (int64_t sample = 0; sample < samples; sample++) {
        const int64_t start = clock_nanos();
        for (int64_t run = 0; run < runs; run++) {
            weights->memory = gemm->weights[gemm->next].memory;
            gemm->next = gemm->next + 1 == gemm->copies ? 0 : gemm->next + 1;
            CHECK(gemm->dnn.dnnl_primitive_execute(gemm->primitive, gemm->stream, gemm->operand_count + 1,
                                                   gemm->arguments));
        }
        nanos[sample] = clock_nanos() - start;
    }
    return TERSOR_OK;
}

static void destroy_operand(const tersor_bench_gemm *gemm, const operand *destroyed) {
    gemm->dnn.dnnl_memory_destroy(destroyed->memory);
    free(destroyed->data);
}

void tersor_bench_gemm_destroy(tersor_bench_gemm *gemm) {
    if (gemm == NULL) {
        return;
    }
    const onednn *dnn = &gemm->dnn;
    if (dnn->library != NULL) {
        dnn->dnnl_primitive_destroy(gemm->primitive);
        dnn->dnnl_primitive_desc_destroy(gemm->desc);
        for (int i = 0; i < gemm->operand_count; i++) {
            destroy_operand(gemm, &gemm->operands[i]);
        }
        for (int32_t i = 0; i < gemm->copies; i++) {
            destroy_operand(gemm, &gemm->weights[i]);
        }
        dnn->dnnl_stream_destroy(gemm->stream);
        dnn->dnnl_engine_destroy(gemm->engine);
    }
    free(gemm->weights);
    onednn_close(&gemm->dnn);
    free(gemm);
}
