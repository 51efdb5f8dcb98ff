/*
 * Attention of 8-bit operands by rows of queries. Keys and values of a head are packed once, as right operands of
 * products of u8 with s8: [panel of 16 columns][k / 4][16][4], k padded to multiples of 64, with zeros for keys. s8
 * queries and u8 keys and values change their type by 128 on the way, and so do the zero points. What a kernel computes
 * is said in tersor.h.
 */
#ifndef TERSOR_ATTENTION_H
#define TERSOR_ATTENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "tersor.h"

enum {
    ATTENTION_ROWS = 32,  /* queries that are worked on together */
    ATTENTION_LANES = 16, /* partial sums of weights, columns of a panel */
    ATTENTION_STEP = 64   /* k is padded to whole ones */
};

/* c [rows, 16 * panels] = init [16 * panels] + a [rows, 64 * steps] b, in int32. a and c have ATTENTION_ROWS rows, of
 * which those from `rows` on may be computed as well; rows of a are 64 * steps bytes apart, those of c 16 * panels
 * elements. */
typedef struct attention_product {
    int64_t rows, steps, panels;
    const uint8_t *a;
    const int8_t *b;
    const int32_t *init;
    int32_t *c;
} attention_product;

/* Scores of some queries that become 8-bit probabilities. */
typedef struct attention_softmax {
    int64_t rows, keys, padded_keys; /* padded_keys: from one row to the next, everywhere but in the mask */
    int64_t first_query;             /* number of row 0, for causal attention */
    bool causal;
    float score_scale, probability_scale;
    const float *mask;        /* of row 0, or NULL */
    int64_t mask_stride;      /* elements */
    const int32_t *row_terms; /* added to each row's sums */
    int32_t *sums;            /* in; used as scratch */
    uint8_t *probabilities;   /* out, 0 behind the last key */
    int32_t *totals;          /* out: the sum of each row's probabilities */
} attention_softmax;

/* Rows of sums less value_zero_point * totals[row], on their way to the destination. */
typedef struct attention_store {
    int64_t rows, columns, sums_stride, dst_stride; /* strides in elements */
    const int32_t *sums, *totals;
    int32_t value_zero_point;
    float scale, lo, hi; /* bounds of an 8-bit type, less its zero point */
    int32_t zero_point;
    void *dst;
} attention_store;

/* 8-bit rows on their way into scratch; flip, 0 or 128, is added to each element modulo 256. */
typedef struct attention_matrix {
    const uint8_t *data;
    int64_t rows, columns, stride;
    uint8_t flip;
} attention_matrix;

typedef struct attention_kernel {
    const char *name;
    void (*enter)(void); /* before the first product of a call, and after the last; or NULL */
    void (*leave)(void);
    /* Up to ATTENTION_ROWS rows of u8 to rows of padded_k, with zeros behind; sums [rows]: of their elements. */
    void (*copy)(const attention_matrix *from, int64_t padded_k, uint8_t *to, int32_t *sums);
    /* Up to 16 rows of s8 to the columns of a panel: k counts what a row holds. sums [16]: of the columns. */
    void (*pack_transposed)(const attention_matrix *from, int64_t padded_k, int8_t *panel, int32_t *sums);
    /* Up to 16 columns of s8 to a panel: k counts the rows, of which those behind the last are left as they are. */
    void (*pack)(const attention_matrix *from, int8_t *panel);
    void (*multiply)(const attention_product *product);
    void (*softmax)(const attention_softmax *softmax);
    void (*store_f32)(const attention_store *store);
    void (*store_i8)(const attention_store *store);
} attention_kernel;

/* Where a head's rows start in an operand, in elements, and how far they are apart. */
static inline int64_t attention_first(const tersor_attention_operand *o, int64_t n, int64_t head, int64_t heads,
                                      int64_t size, int64_t length) {
    return (o->layout == TERSOR_TOKENS ? n * length * heads + head : (n * heads + head) * length) * size;
}

static inline int64_t attention_stride(const tersor_attention_operand *o, int64_t heads, int64_t size) {
    return o->layout == TERSOR_TOKENS ? heads * size : size;
}

extern const attention_kernel attention__portable, attention__avx2, attention__avx2_vnni, attention__avx512_vnni,
    attention__amx_int8;

#endif
