/* Conversions between quantized and real elements, pooling, normalization: one vectorized set of them for each instruction set. */
#ifndef TERSOR_ELEMENTWISE_H
#define TERSOR_ELEMENTWISE_H

#include <stdbool.h>
#include <stdint.h>

#include "tersor.h"

typedef struct elementwise_parameters {
    const float *factor;       /* scale or multiplier */
    const int32_t *zero_point; /* of the quantized side; of the source when requantizing */
    int32_t dst_zero_point;    /* when requantizing */
} elementwise_parameters;

/* `count` elements; per_channel: with parameters 0 to count - 1, otherwise all with those of index 0. */
typedef void elementwise_function(const void *src, int64_t count, const elementwise_parameters *p, bool per_channel,
                                  void *dst);

/* One image of [channels, pixels], neither 0, to [pixels, channels]. */
typedef void quantize_nhwc_function(const float *src, int64_t channels, int64_t pixels, float scale, int32_t zero_point,
                                    void *dst);

typedef struct pool2d {
    tersor_pool2d_window window;
    int64_t h, w, channels, ow;
    /* Of averages; what is quantized of bytes alone. */
    bool counts_padding;
    int32_t src_zero_point, dst_zero_point;
    float multiplier;
} pool2d;

/* Line y of what is taken over the windows of one image. */
typedef void pool2d_function(const pool2d *p, int64_t y, const void *image, void *line);

/* Some lines from y on of an f32 image of one channel. */
typedef void pool_plane_function(const pool2d *p, int64_t y, int64_t lines, const float *image, float *to);

typedef struct global_average_pool {
    int64_t pixels, channels;
    int32_t src_zero_point, dst_zero_point;
    float multiplier;
} global_average_pool;

/* The means of one image. */
typedef void global_average_pool_function(const global_average_pool *p, const void *image, void *dst);

typedef struct layer_norm {
    tersor_type dst_type;
    bool centered;
    int64_t columns;
    float epsilon;
    const float *scale, *bias; /* NULL: 1 and 0, for f32 */
    int32_t zero_point;
} layer_norm;

enum { LAYER_NORM_ROWS = 4 };

/* At most LAYER_NORM_ROWS rows. */
typedef void layer_norm_function(const layer_norm *n, int64_t rows, const float *src, void *dst);

/* An operand of a product: a byte's value is (byte ^ flip) - zero_point. */
typedef struct multiply_operand {
    uint8_t flip;
    int32_t zero_point;
    int64_t row_stride, column_stride;
} multiply_operand;

typedef struct byte_product {
    multiply_operand a, b;
    float multiplier, lo, hi;
    int32_t zero_point;
    int64_t columns;
} byte_product;

/* to may be a or b. */
typedef void multiply_function(const byte_product *p, int64_t rows, const uint8_t *a, const uint8_t *b, uint8_t *to);

/* Columns of a product whose source has parameters of its own. */
typedef struct product_columns {
    int64_t count;
    const int32_t *compensation, *sums; /* padded to whole panels; of the weights less their zero points */
    const float *multiplier;            /* or NULL */
} product_columns;

/* start[j] = compensation[j] - zero_point * sums[j] of the padded columns, factors[j] = scale * multiplier[j]. */
typedef void source_columns_function(const product_columns *c, int64_t padded, float scale, int32_t zero_point,
                                     int32_t *start, float *factors);

typedef struct elementwise_functions {
    elementwise_function *quantize_u8, *quantize_s8;
    quantize_nhwc_function *quantize_nhwc_u8, *quantize_nhwc_s8;
    elementwise_function *dequantize_u8, *dequantize_s8, *dequantize_s32;
    elementwise_function *requantize_u8_u8, *requantize_u8_s8, *requantize_s8_u8, *requantize_s8_s8, *requantize_s32_u8,
        *requantize_s32_s8;
    pool2d_function *max_pool_u8, *max_pool_s8, *max_pool_f32, *average_pool_u8, *average_pool_s8, *average_pool_f32;
    pool_plane_function *max_pool_plane, *average_pool_plane;
    global_average_pool_function *global_average_pool_u8, *global_average_pool_s8, *global_average_pool_f32;
    layer_norm_function *layer_norm_rows;
    float (*quantize_row)(const float *src, int64_t count, int8_t *levels); /* and returns its scale, see tersor.h */
    multiply_function *multiply_rows;
    source_columns_function *source_columns;
} elementwise_functions;

extern const elementwise_functions elementwise__portable, elementwise__avx2, elementwise__avx512_vnni;

#endif
