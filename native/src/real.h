/*
 * Functions, operations, reductions, softmax of f32, and conversions: one vectorized set of them for each instruction
 * set.
 */
#ifndef TERSOR_REAL_H
#define TERSOR_REAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tersor.h"

/* `count` elements; `to` may be `from`. */
typedef void map_function(const float *from, int64_t count, float alpha, float beta, float *to);

/* `count` elements; a step is 1, or 0 where all have the same operand. `to` may be `a` or `b` where that one's is 1. */
typedef void binary_function(const float *a, int64_t a_step, const float *b, int64_t b_step, int64_t count, void *to);

/* The same of integers. */
typedef void integer_function(const void *a, int64_t a_step, const void *b, int64_t b_step, int64_t count, void *to);

/* Of a run of floats. Sums are those of binary64. */
typedef struct reductions {
    double (*sum)(const float *x, int64_t count);
    double (*magnitudes)(const float *x, int64_t count);
    double (*squares)(const float *x, int64_t count);
    float (*max)(const float *x, int64_t count);
    float (*min)(const float *x, int64_t count);
    void (*extremes)(const float *x, int64_t count, float *range); /* of x and 0, see tersor.h */
} reductions;

/* Of the columns of [rows, pitch]: `count` of them, at most REDUCE_COLUMNS. */
enum { REDUCE_COLUMNS = 512 };
typedef void column_reduction(const float *x, int64_t rows, int64_t pitch, int64_t count, tersor_reduction kind,
                              float *to);

/* What a sum of `count` terms gives. */
float real_finished(double sum, int64_t count, tersor_reduction kind);

/*
 * Sums of `count` > 0 elements, `step` apart, up to each, in each of so many lines, whose first elements lie `apart`
 * from each other. `to` may be `from`.
 */
enum { CUMULATE_LINES = 4 };
typedef void cumulate_function(const float *from, int64_t count, int64_t step, int64_t lines, int64_t apart,
                               bool exclusive, float *to);

/* At most SOFTMAX_ROWS rows of `columns` > 0 elements; `to` may be `from`. */
enum { SOFTMAX_ROWS = 4 };
typedef void softmax_function(const float *from, int64_t rows, int64_t columns, float *to);

/* `count` elements; a function for each pair of tersor_types, NULL where there is none. */
typedef void cast_function(const void *src, int64_t count, void *dst);
enum { CAST_TYPES = TERSOR_BOOL + 1 };

/* `count` elements; steps as those of binary_function. */
typedef void select_function(const uint8_t *condition, const void *a, int64_t a_step, const void *b, int64_t b_step,
                             int64_t count, void *to);

/* Of positions along an axis, `inner` elements apart: index and weight of tap t of result i at t * count + i. */
typedef struct interpolation {
    int64_t inner, count, taps;
    const int32_t *index;
    const float *weights;
    bool leaves_out; /* there are negative indices, which do not count */
} interpolation;

/* [count, inner] of [.., inner]. */
typedef void interpolate_function(const interpolation *p, const float *from, float *to);

/* What a gate's sum passes through: bounds, then a function. */
typedef struct recurrent_map {
    map_function *map;
    float alpha, beta, clip;
} recurrent_map;

/* A tersor_recurrent_cell with its functions found. */
typedef struct recurrent_step {
    int32_t kind;
    bool coupled, reset_after;
    int64_t hidden;
    recurrent_map gate, candidate, output;
} recurrent_step;

/* Rows of one sequence; the gates of x, r and peepholes are `hidden` apart. c and peepholes may be NULL. */
typedef struct recurrent_row {
    const float *x, *r;
    float *h, *c;
    const float *peepholes;
} recurrent_row;

typedef void recurrent_run_function(const recurrent_step *s, recurrent_row row);
typedef void recurrent_reset_function(const recurrent_step *s, const float *x, const float *r, const float *h,
                                      float *scaled);

/* Of the integer product of fixed-point numbers, see tersor_from_fixed_point. */
typedef struct fixed_point_columns {
    int64_t count;
    const int32_t *sums; /* of the weights */
    const float *scales, *bias;
} fixed_point_columns;

/* A row's planes, each `count` bytes; returns its unit. */
typedef float fixed_point_function(const float *src, int64_t count, uint8_t *low, uint8_t *middle, uint8_t *high);
typedef void from_fixed_point_function(const fixed_point_columns *c, const int32_t *low, const int32_t *middle,
                                       const int32_t *high, float unit, float *dst);

/*
 * to[r, c] = from[c, r], 16 rows and columns and more; to[2 * i] = a[i], to[2 * i + 1] = b[i]; to[r, i] = from[3 * i +
 * r] of
 * three rows.
 */
typedef void transpose_words_function(const uint32_t *from, int64_t from_pitch, uint32_t *to, int64_t to_pitch,
                                      int64_t rows, int64_t columns);
typedef void interleave_words_function(const uint32_t *a, const uint32_t *b, uint32_t *to, int64_t count);
typedef void thirds_of_words_function(const uint32_t *from, uint32_t *to, int64_t pitch, int64_t count);
enum { TRANSPOSE_WORDS_LEAST = 16 };

typedef struct real_functions {
    map_function *map[TERSOR_MAP_FUNCTIONS];
    binary_function *binary[TERSOR_BINARY_OPERATIONS];
    integer_function *integer[3][TERSOR_INTEGER_OPERATIONS]; /* of bool, s32 and s64; NULL where there is none */
    reductions rows;
    column_reduction *reduce_columns;
    cumulate_function *cumulate;
    softmax_function *softmax, *log_softmax;
    cast_function *cast[CAST_TYPES][CAST_TYPES];
    select_function *select[4]; /* of 1, 2, 4 and 8 bytes */
    interpolate_function *interpolate;
    recurrent_run_function *recurrent_run;
    recurrent_reset_function *recurrent_reset;
    fixed_point_function *fixed_point;
    from_fixed_point_function *from_fixed_point;
    transpose_words_function *transpose_words; /* these three NULL where move.c has nothing better */
    interleave_words_function *interleave_words;
    thirds_of_words_function *thirds_of_words;
} real_functions;

extern const real_functions real__portable, real__avx2, real__avx512f;

#endif
