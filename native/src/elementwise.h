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

typedef struct max_pool {
    tersor_pool2d_window window;
    int64_t h, w, channels, ow;
} max_pool;

/* Line y of the maxima of one image. */
typedef void max_pool_function(const max_pool *p, int64_t y, const void *image, void *line);

typedef struct average_pool {
    int64_t pixels, channels;
    int32_t src_zero_point, dst_zero_point;
    float multiplier;
} average_pool;

/* The means of one image. */
typedef void average_pool_function(const average_pool *p, const void *image, void *dst);

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

typedef struct elementwise_functions {
    elementwise_function *quantize_u8, *quantize_s8;
    quantize_nhwc_function *quantize_nhwc_u8, *quantize_nhwc_s8;
    elementwise_function *dequantize_u8, *dequantize_s8, *dequantize_s32;
    elementwise_function *requantize_u8_u8, *requantize_u8_s8, *requantize_s8_u8, *requantize_s8_s8, *requantize_s32_u8,
        *requantize_s32_s8;
    max_pool_function *max_pool_u8, *max_pool_s8;
    average_pool_function *average_pool_u8, *average_pool_s8;
    layer_norm_function *layer_norm_rows;
    float (*quantize_row)(const float *src, int64_t count, int8_t *levels); /* and returns its scale, see tersor.h */
    multiply_function *multiply_rows;
} elementwise_functions;

extern const elementwise_functions elementwise__portable, elementwise__avx2, elementwise__avx512_vnni;

#endif
