/* What the tests share: guarded memory, reproducible values, reporting. */
#ifndef TERSOR_TESTING_H
#define TERSOR_TESTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tersor.h"

/* The exit status of a test that this machine cannot run. */
enum { TEST_SKIPPED = 77 };

/* Which unreadable page an operand touches. */
typedef enum guard_side { GUARD_AFTER, GUARD_BEFORE } guard_side;

/*
 * Memory between two unreadable pages, for one case. Operands of GUARD_AFTER end at the second page, those of
 * GUARD_BEFORE start at the first. Freed all at once; a case takes at most 32.
 */
void *guarded(guard_side side, size_t bytes);
void guarded_free_all(void);

/* xorshift; each case seeds it with its own parameters. */
void random_seed(uint64_t seed);
uint64_t random_next(void);
int64_t random_between(int64_t lo, int64_t hi);

/* Random bytes, or (extreme) only those where arithmetic goes wrong first: -128, -1, 0, 1, 127; as u8 also 255. */
void random_bytes(uint8_t *to, size_t count, bool extreme);
/* Within +-magnitude. */
void random_floats(float *to, size_t count, float magnitude);

/* Whether weight (k, n) is to be zero, so that a kernel of this sparsity has something to leave out. */
bool pruned(tersor_sparsity sparsity, int64_t k, int64_t n);

/* Counts, and prints the first ten failures; the text reproduces the case. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Fails unless equal; returns equality. */
bool expect_status(tersor_status actual, tersor_status expected, const char *what);
/* The exit status of the test: 0 if nothing failed and at least one case ran. */
int test_result(const char *name, int64_t cases);

/* The instruction sets to test: all that the library offers here, or those that are emulated. */
uint32_t usable_isas(void);

/* The epilogue of tersor.h, written independently of the library. */
typedef struct reference_epilogue {
    const float *multiplier, *offset; /* offset NULL: none */
    float lo, hi;
    tersor_type dst_type;
    int32_t dst_zero_point;
    tersor_function function;
    float output_scale;
    tersor_type residual_type; /* 0: none */
    int32_t residual_zero_point;
    float residual_multiplier;
} reference_epilogue;

/* The same as a caller gives it. */
tersor_epilogue reference_given(const reference_epilogue *e);

/* The bits that dst shall hold for accumulator `acc` in column `n`, without residual and function. */
uint32_t reference_store(const reference_epilogue *e, int32_t acc, int64_t n);

typedef struct reference_value {
    double value, tolerance;
} reference_value;

/* What dst shall hold for an accumulator, or for a sum that may be off by `error`; functions are computed in double, and
 * their results may be off. residual is the element as it is stored. */
reference_value reference_integer(const reference_epilogue *e, int32_t acc, const float *row_scale, double residual,
                                  int64_t n);
reference_value reference_real(const reference_epilogue *e, double sum, double error, double residual, int64_t n);
/* The number that dst holds. */
double reference_stored(const void *dst, int64_t index, tersor_type type);
/* bfloat16 bits, rounded half to even. */
uint32_t reference_bf16(float value);

/* The bits that dst holds at element `index`. */
uint32_t stored_bits(const void *dst, int64_t index, tersor_type type);
int64_t bytes_of(tersor_type type);
const char *type_name(tersor_type type);

/* A dense window of 3x3 pixels, without stride, dilation and groups. */
tersor_conv2d_geometry plain_3x3(int64_t ic, int64_t oc, int64_t pad_top, int64_t pad_left, int64_t pad_bottom,
                                 int64_t pad_right);

#endif
