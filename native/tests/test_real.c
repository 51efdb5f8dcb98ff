/* Functions, operations, reductions and softmax of f32 on every instruction set, at unreadable pages, in place too. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

static const int64_t LENGTHS[] = {0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, 127, 513, 1025, 1500};
enum { LENGTHS_COUNT = sizeof LENGTHS / sizeof *LENGTHS };
static const float EDGES[] = {0.0f,   -0.0f,  1.0f,    -1.0f,   NAN,     INFINITY, -INFINITY, 0x1p-149f, -0x1p-149f,
                              0x1p-126f,
                              3e38f,  -3e38f, 88.7f,   88.8f,   -87.4f,  -88.0f,   -103.9f,   -104.1f,   9.9f,
                                  -10.1f,
                              0.9375f, 0.93750006f, 4.0f, -4.1f, 89.5f, 1e-30f, -1e-30f, 0.3f};
enum { EDGES_COUNT = sizeof EDGES / sizeof *EDGES };

static void draw(float *to, int64_t count, float magnitude) {
    random_floats(to, (size_t) count, magnitude);
    for (int64_t i = 0; i < count; i++) {
        if (random_between(0, 4) == 0) {
            to[i] = EDGES[random_between(0, EDGES_COUNT - 1)];
        }
    }
}

static double unit(double y) {
    int exponent;
    frexp(fmax(fabs(y), 0x1p-126), &exponent);
    return ldexp(1.0, exponent - 24);
}

static double gelu_tanh(double x) {
    return x / 2 * (1 + tanh(sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
}

/* The function in binary64, and how far a result may be off. */
static double mapped(tersor_map_function function, double x, double alpha, double beta, double *error) {
    const double far = x == -INFINITY ? -1e30 : x; /* minus infinity times zero is what it is in the limit */
    double y = 0, units = 0;
    *error = 0;
    switch (function) {
    case TERSOR_MAP_CLIP:
        return !(x > alpha) ? alpha : x < beta ? x : beta;
    case TERSOR_MAP_GELU:
        *error = 2e-7 * fmax(1, fabs(x));
        return isinf(x) ? (x > 0 ? x : 0) : x / 2 * erfc(-x / sqrt(2));
    case TERSOR_MAP_GELU_TANH:
        *error = 2e-6 * fmax(1, fabs(x));
        return fabs(x) > 1e9 ? (x > 0 ? x : 0) : gelu_tanh(x);
    case TERSOR_MAP_SILU:
        *error = 1e-6 * fmax(1, fabs(x));
        return far / (1 + exp(-far));
    case TERSOR_MAP_HARD_SWISH:
        *error = 1e-6 * fmax(1, fabs(x));
        return far * fmin(fmax(far / 6 + 0.5, 0), 1);
    case TERSOR_MAP_ABS:
        return fabs(x);
    case TERSOR_MAP_NEG:
        return -x;
    case TERSOR_MAP_RELU:
        return x < 0 ? 0 : x;
    case TERSOR_MAP_LEAKY_RELU:
        y = x >= 0 ? x : alpha * x, units = 0.5;
        break;
    case TERSOR_MAP_AFFINE:
        y = alpha * x + beta, units = 0.501;
        break;
    case TERSOR_MAP_HARD_SIGMOID:
        y = fmax(0, fmin(1, alpha * x + beta)), units = 0.501;
        break;
    case TERSOR_MAP_SQRT:
        y = sqrt(x), units = 0.5;
        break;
    case TERSOR_MAP_RECIPROCAL:
        y = 1 / x, units = 0.5;
        break;
    case TERSOR_MAP_EXP:
        y = exp(x), units = 2;
        break;
    case TERSOR_MAP_SIGMOID:
        y = 1 / (1 + exp(-x)), units = 3;
        break;
    case TERSOR_MAP_TANH:
        y = alpha * tanh(beta * x), units = 5;
        break;
    default:
        y = erf(x), units = 3;
    }
    *error = units * unit(y);
    return y;
}

static bool near(float actual, double expected, double error) {
    if (isnan(expected)) {
        return isnan(actual);
    }
    const float rounded = (float) expected;
    return (double) actual == (double) rounded || fabs((double) actual - expected) <= error;
}

static void run_map(uint32_t isa, tersor_map_function function, int64_t count, guard_side side) {
    cases++;
    random_seed((uint64_t) (count * 100 + function + 1));
    const bool plain = function == TERSOR_MAP_TANH && count % 3 == 0;
    const float alpha = plain ? 1.0f : function == TERSOR_MAP_CLIP ? -0.4f : 0.3f, beta = plain ? 1.0f : 0.7f;
    const bool in_place = count % 2 != 0;
    float *given = guarded(GUARD_AFTER, (size_t) count * 4), *src = guarded(side, (size_t) count * 4);
    float *dst = in_place ? src : guarded(side, (size_t) count * 4);
    draw(given, count, count % 3 == 0 ? 1.0f : 20.0f);
    for (int64_t i = 0; i < count; i++) {
        src[i] = given[i];
    }
    bool ok = expect_status(tersor_map(isa, function, alpha, beta, count, src, dst), TERSOR_OK, "map");
    for (int64_t i = 0; ok && i < count; i++) {
        double error;
        const double y = mapped(function, (double) given[i], (double) alpha, (double) beta, &error);
        if (function != TERSOR_MAP_CLIP && isnan(given[i]) ? !isnan(dst[i]) : !near(dst[i], y, error)) {
            ok = false;
            fail("isa=%s map %d count=%lld of %a: %a, expected %a", tersor_isa_name(isa), function, (long long) count,
                 (double) given[i], (double) dst[i], y);
        }
    }
    guarded_free_all();
}

static bool operated(tersor_binary_operation operation, float x, float y, float actual) {
    float expected;
    switch (operation) {
    case TERSOR_BINARY_ADD:
        expected = x + y;
        break;
    case TERSOR_BINARY_SUB:
        expected = x - y;
        break;
    case TERSOR_BINARY_MUL:
        expected = x * y;
        break;
    case TERSOR_BINARY_DIV:
        expected = x / y;
        break;
    case TERSOR_BINARY_MIN:
        expected = isnan(x) || isnan(y) ? NAN : x == y ? (signbit(x) ? x : y) : fminf(x, y);
        break;
    case TERSOR_BINARY_MAX:
        expected = isnan(x) || isnan(y) ? NAN : x == y ? (signbit(x) ? y : x) : fmaxf(x, y);
        break;
    case TERSOR_BINARY_FMOD:
        expected = fmodf(x, y);
        break;
    default:
        expected = x < 0.0f ? y * x : x;
    }
    return isnan(expected) ? isnan(actual) : memcmp(&expected, &actual, 4) == 0;
}

static bool compared(tersor_binary_operation operation, float x, float y, uint8_t actual) {
    return actual
           == (operation == TERSOR_BINARY_EQUAL  ? x == y
               : operation == TERSOR_BINARY_LESS ? x < y
                                                 : x <= y);
}

/* strides: two bits for each operand, whether it has rows and columns of its own. */
static void run_binary(uint32_t isa, tersor_binary_operation operation, int64_t rows, int64_t columns, int strides,
                       guard_side side) {
    cases++;
    random_seed((uint64_t) (rows * 1000 + columns * 20 + operation + 1));
    const int64_t a_column = strides & 1, a_row = (strides >> 1 & 1) * (a_column ? columns : 1);
    const int64_t b_column = strides >> 2 & 1, b_row = (strides >> 3 & 1) * (b_column ? columns : 1);
    const bool none = rows == 0 || columns == 0;
    const int64_t a_count = none ? 0 : (rows - 1) * a_row + (columns - 1) * a_column + 1;
    const int64_t b_count = none ? 0 : (rows - 1) * b_row + (columns - 1) * b_column + 1;
    const bool bytes = operation >= TERSOR_BINARY_EQUAL;
    const bool in_place = !bytes && a_count == rows * columns && columns % 2 != 0;
    float *a = guarded(side, (size_t) a_count * 4), *b = guarded(side, (size_t) b_count * 4);
    float *given = guarded(GUARD_AFTER, (size_t) a_count * 4);
    void *dst = in_place ? (void *) a : guarded(side, (size_t) (rows * columns * (bytes ? 1 : 4)));
    draw(given, a_count, 2.0f);
    draw(b, b_count, 2.0f);
    for (int64_t i = 0; i < a_count; i++) {
        if (operation == TERSOR_BINARY_FMOD && i % 3 == 0) {
            /* Quotients of up to all binary64's digits and more. */
            given[i] = ldexpf(given[i], (int) random_between(0, 90));
        }
        a[i] = given[i];
        if (a_count == b_count && i % 5 == 0) {
            b[i] = a[i];
        }
    }
    bool ok = expect_status(tersor_binary(isa, operation, rows, columns, a, a_row, a_column, b, b_row, b_column, dst),
                            TERSOR_OK, "binary");
    for (int64_t i = 0; ok && i < rows * columns; i++) {
        const float x = given[i / columns * a_row + i % columns * a_column];
        const float y = b[i / columns * b_row + i % columns * b_column];
        ok = bytes ? compared(operation, x, y, ((const uint8_t *) dst)[i])
                   : operated(operation, x, y, ((const float *) dst)[i]);
        if (!ok) {
            fail("isa=%s binary %d [%lld, %lld] strides=%d side=%d at %lld", tersor_isa_name(isa), operation,
                 (long long) rows, (long long) columns, strides, side, (long long) i);
        }
    }
    guarded_free_all();
}

static double reduced(tersor_reduction kind, const float *x, int64_t count, int64_t pitch, double *error) {
    double sum = 0, magnitudes = 0, squares = 0, max = -INFINITY, min = INFINITY;
    for (int64_t i = 0; i < count; i++) {
        const double value = (double) x[i * pitch];
        sum += value;
        magnitudes += fabs(value);
        squares += value * value;
        max = value > max || isnan(value) || isnan(max) ? value + (isnan(max) ? max : 0) : max;
        min = value < min || isnan(value) || isnan(min) ? value + (isnan(min) ? min : 0) : min;
    }
    const double scale = kind == TERSOR_REDUCE_SUM || kind == TERSOR_REDUCE_L1 ? magnitudes
                         : kind == TERSOR_REDUCE_MEAN                          ? magnitudes / (double) count
                         : kind == TERSOR_REDUCE_SUM_SQUARE                    ? squares
                         : kind == TERSOR_REDUCE_L2                            ? sqrt(squares)
                                                                               : 0;
    *error = isfinite(scale) ? scale * 0x1p-23 + 0x1p-149 : 0;
    switch (kind) {
    case TERSOR_REDUCE_SUM:
        return sum;
    case TERSOR_REDUCE_MEAN:
        return sum / (double) count;
    case TERSOR_REDUCE_MAX:
        return max;
    case TERSOR_REDUCE_MIN:
        return min;
    case TERSOR_REDUCE_L1:
        return magnitudes;
    case TERSOR_REDUCE_L2:
        return sqrt(squares);
    default:
        return squares;
    }
}

static void run_reduce(uint32_t isa, tersor_reduction kind, int64_t outer, int64_t count, int64_t inner,
                       guard_side side) {
    cases++;
    random_seed((uint64_t) (count * 1000 + inner * 10 + kind + 1));
    float *src = guarded(side, (size_t) (outer * count * inner) * 4);
    float *dst = guarded(side, (size_t) (outer * inner) * 4);
    random_floats(src, (size_t) (outer * count * inner), 3.0f);
    if (count > 3 && count % 2 == 0 && inner > 0) {
        draw(src, count * inner / 2, 3.0f);
        src[count * inner - 1] = 1e20f;
    }
    bool ok = expect_status(tersor_reduce(isa, kind, outer, count, inner, src, dst), TERSOR_OK, "reduce");
    for (int64_t i = 0; ok && i < outer * inner; i++) {
        double error;
        const double y = reduced(kind, src + i / inner * count * inner + i % inner, count, inner, &error);
        if (!near(dst[i], y, error)) {
            ok = false;
            fail("isa=%s reduce %d [%lld, %lld, %lld] side=%d at %lld: %a, expected %a", tersor_isa_name(isa), kind,
                 (long long) outer, (long long) count, (long long) inner, side, (long long) i, (double) dst[i], y);
        }
    }
    guarded_free_all();
}

/* The extremes of numbers and 0; kind 0: some of all signs, 1: none below 0, 2: none above. */
static void run_extremes(uint32_t isa, int64_t count, int kind, bool with_nan, guard_side side) {
    cases++;
    random_seed((uint64_t) (count * 10 + kind + 1));
    float *src = guarded(side, (size_t) count * 4), *range = guarded(side, 8);
    draw(src, count, 3.0f);
    double lo = 0, hi = 0;
    for (int64_t i = 0; i < count; i++) {
        src[i] = isnan(src[i]) ? -0.0f : src[i];
        src[i] = kind == 1 ? fabsf(src[i]) : kind == 2 ? -fabsf(src[i]) : src[i];
        lo = fmin(lo, (double) src[i]);
        hi = fmax(hi, (double) src[i]);
    }
    const bool is_nan = with_nan && count > 0;
    if (is_nan) {
        src[count / 2] = kind == 0 ? NAN : -NAN;
    }
    expect_status(tersor_extremes(isa, count, src, range), TERSOR_OK, "extremes");
    const bool same = is_nan ? isnan(range[0]) && isnan(range[1]) : (double) range[0] == lo && (double) range[1] == hi;
    if (!same) {
        fail("isa=%s extremes of %lld, kind %d, nan %d: %a to %a, expected %a to %a", tersor_isa_name(isa),
             (long long) count, kind, is_nan, (double) range[0], (double) range[1], lo, hi);
    }
    guarded_free_all();
}

static void run_softmax(uint32_t isa, bool logarithm, int64_t rows, int64_t columns, guard_side side) {
    cases++;
    random_seed((uint64_t) (columns * 2 + logarithm + 1));
    const int64_t count = rows * columns;
    const bool in_place = columns % 2 != 0;
    float *given = guarded(GUARD_AFTER, (size_t) count * 4), *src = guarded(side, (size_t) count * 4);
    float *dst = in_place ? src : guarded(side, (size_t) count * 4);
    random_floats(given, (size_t) count, columns % 3 == 0 ? 2000.0f : 10.0f);
    if (rows > 2 && columns > 2) {
        given[columns] = NAN;
        given[2 * columns + 1] = -INFINITY;
    }
    for (int64_t i = 0; i < count; i++) {
        src[i] = given[i];
    }
    bool ok = expect_status(tersor_softmax(isa, logarithm, rows, columns, src, dst), TERSOR_OK, "softmax");
    for (int64_t i = 0; ok && i < count; i++) {
        const float *row = given + i / columns * columns;
        double max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < columns; j++) {
            max = isnan(row[j]) || (double) row[j] > max ? (double) row[j] : max;
        }
        for (int64_t j = 0; j < columns; j++) {
            sum += exp((double) row[j] - max);
        }
        const double difference = (double) row[i % columns] - max;
        const double y = logarithm ? difference - log(sum) : exp(difference) / sum;
        const double error = logarithm ? (1 + fabs(y)) * 0x1p-20 : y * 0x1p-20 + 0x1p-126;
        if (!near(dst[i], y, isnan(sum) ? 0 : error)) {
            ok = false;
            fail("isa=%s softmax log=%d [%lld, %lld] side=%d at %lld: %a, expected %a", tersor_isa_name(isa), logarithm,
                 (long long) rows, (long long) columns, side, (long long) i, (double) dst[i], y);
        }
    }
    guarded_free_all();
}

static void run_cumulate(uint32_t isa, int kind, int64_t outer, int64_t count, int64_t inner, guard_side side) {
    cases++;
    const int64_t elements = outer * count * inner;
    random_seed((uint64_t) (elements * 10 + kind + 1));
    const bool exclusive = kind % 2 != 0, reverse = kind / 2 != 0, in_place = count % 2 != 0;
    float *given = guarded(GUARD_AFTER, (size_t) elements * 4), *src = guarded(side, (size_t) elements * 4);
    float *dst = in_place ? src : guarded(side, (size_t) elements * 4);
    random_floats(given, (size_t) elements, 3.0f);
    if (elements > 5) {
        given[elements / 2] = kind == 1 ? INFINITY : -0.0f;
    }
    for (int64_t i = 0; i < elements; i++) {
        src[i] = given[i];
    }
    bool ok = expect_status(tersor_cumulate(isa, exclusive, reverse, outer, count, inner, src, dst), TERSOR_OK,
                            "cumulate");
    for (int64_t line = 0; ok && line < outer * inner; line++) {
        double sum = 0;
        for (int64_t k = 0; ok && k < count; k++) {
            const int64_t at = (line / inner * count + (reverse ? count - 1 - k : k)) * inner + line % inner;
            const double next = sum + (double) given[at];
            const float expected = (float) (exclusive ? sum : next);
            if (!near(dst[at], (double) expected, 0)) {
                ok = false;
                fail("isa=%s cumulate %d [%lld, %lld, %lld] at %lld: %a, expected %a", tersor_isa_name(isa), kind,
                     (long long) outer, (long long) count, (long long) inner, (long long) at, (double) dst[at],
                     (double) expected);
            }
            sum = next;
        }
    }
    guarded_free_all();
}

static void run_refusals(void) {
    cases++;
    float a[4] = {1, 2, 3, 4}, to[4] = {7, 7, 7, 7};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    void *const odd = (char *) to + 1;
    expect_status(tersor_map(0, TERSOR_MAP_ABS, 0, 0, 4, a, to), TERSOR_UNSUPPORTED_ISA, "map isa");
    expect_status(tersor_map(isa, TERSOR_MAP_FUNCTIONS, 0, 0, 4, a, to), TERSOR_INVALID_ARGUMENT, "map function");
    expect_status(tersor_map(isa, -1, 0, 0, 4, a, to), TERSOR_INVALID_ARGUMENT, "map function below");
    expect_status(tersor_map(isa, TERSOR_MAP_CLIP, 1, 0, 4, a, to), TERSOR_INVALID_ARGUMENT, "map bounds");
    expect_status(tersor_map(isa, TERSOR_MAP_ABS, 0, 0, -1, a, to), TERSOR_INVALID_SIZE, "map count");
    expect_status(tersor_map(isa, TERSOR_MAP_ABS, 0, 0, INT64_MAX, a, to), TERSOR_INVALID_SIZE, "map overflow");
    expect_status(tersor_map(isa, TERSOR_MAP_ABS, 0, 0, 4, NULL, to), TERSOR_NULL_POINTER, "map null");
    expect_status(tersor_map(isa, TERSOR_MAP_ABS, 0, 0, 3, a, odd), TERSOR_MISALIGNED, "map misaligned");
    expect_status(tersor_map(isa, TERSOR_MAP_ABS, 0, 0, 0, NULL, NULL), TERSOR_OK, "map of nothing");
    expect_status(tersor_binary(0, TERSOR_BINARY_ADD, 1, 4, a, 4, 1, a, 4, 1, to), TERSOR_UNSUPPORTED_ISA,
                  "binary isa");
    expect_status(tersor_binary(isa, TERSOR_BINARY_OPERATIONS, 1, 4, a, 4, 1, a, 4, 1, to), TERSOR_INVALID_ARGUMENT,
                  "binary operation");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, 1, 4, a, 4, 2, a, 4, 1, to), TERSOR_INVALID_ARGUMENT,
                  "binary column stride");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, 1, 4, a, 4, 1, a, -4, 1, to), TERSOR_INVALID_ARGUMENT,
                  "binary row stride");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, -1, 4, a, 4, 1, a, 4, 1, to), TERSOR_INVALID_SIZE,
                  "binary rows");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, INT64_MAX / 2, 4, a, 0, 0, a, 0, 0, to), TERSOR_INVALID_SIZE,
                  "binary overflow");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, 3, 1, a, INT64_MAX, 0, a, 0, 0, to), TERSOR_INVALID_SIZE,
                  "binary reach");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, 1, 4, a, 4, 1, NULL, 4, 1, to), TERSOR_NULL_POINTER,
                  "binary null");
    expect_status(tersor_binary(isa, TERSOR_BINARY_ADD, 1, 3, a, 4, 1, a, 4, 1, odd), TERSOR_MISALIGNED, "binary dst");
    expect_status(tersor_binary(isa, TERSOR_BINARY_LESS, 0, 3, NULL, 4, 1, NULL, 4, 1, NULL), TERSOR_OK,
                  "binary of nothing");
    expect_status(tersor_reduce(0, TERSOR_REDUCE_SUM, 1, 4, 1, a, to), TERSOR_UNSUPPORTED_ISA, "reduce isa");
    expect_status(tersor_reduce(isa, TERSOR_REDUCE_SUM_SQUARE + 1, 1, 4, 1, a, to), TERSOR_INVALID_ARGUMENT,
                  "reduce kind");
    expect_status(tersor_reduce(isa, TERSOR_REDUCE_SUM, 1, -4, 1, a, to), TERSOR_INVALID_SIZE, "reduce count");
    expect_status(tersor_reduce(isa, TERSOR_REDUCE_SUM, INT64_MAX / 4, 4, 4, a, to), TERSOR_INVALID_SIZE,
                  "reduce overflow");
    expect_status(tersor_reduce(isa, TERSOR_REDUCE_SUM, 1, 4, 1, NULL, to), TERSOR_NULL_POINTER, "reduce null");
    expect_status(tersor_extremes(0, 4, a, to), TERSOR_UNSUPPORTED_ISA, "extremes isa");
    expect_status(tersor_extremes(isa, -1, a, to), TERSOR_INVALID_SIZE, "extremes count");
    expect_status(tersor_extremes(isa, 4, a, NULL), TERSOR_NULL_POINTER, "extremes null");
    expect_status(tersor_cumulate(0, 0, 0, 1, 4, 1, a, to), TERSOR_UNSUPPORTED_ISA, "cumulate isa");
    expect_status(tersor_cumulate(isa, 0, 0, 1, -4, 1, a, to), TERSOR_INVALID_SIZE, "cumulate count");
    expect_status(tersor_cumulate(isa, 0, 0, INT64_MAX / 4, 4, 4, a, to), TERSOR_INVALID_SIZE, "cumulate overflow");
    expect_status(tersor_cumulate(isa, 0, 0, 1, 4, 1, NULL, to), TERSOR_NULL_POINTER, "cumulate null");
    expect_status(tersor_cumulate(isa, 0, 0, 1, 3, 1, a, odd), TERSOR_MISALIGNED, "cumulate misaligned");
    expect_status(tersor_cumulate(isa, 0, 0, 3, 0, 1, NULL, NULL), TERSOR_OK, "cumulate of nothing");
    expect_status(tersor_softmax(0, 0, 1, 4, a, to), TERSOR_UNSUPPORTED_ISA, "softmax isa");
    expect_status(tersor_softmax(isa, 0, -1, 4, a, to), TERSOR_INVALID_SIZE, "softmax rows");
    expect_status(tersor_softmax(isa, 0, INT64_MAX / 2, 4, a, to), TERSOR_INVALID_SIZE, "softmax overflow");
    expect_status(tersor_softmax(isa, 0, 1, 3, a, odd), TERSOR_MISALIGNED, "softmax misaligned");
    for (int i = 0; i < 4; i++) {
        expect_status(to[i] == 7 ? TERSOR_OK : TERSOR_INVALID_ARGUMENT, TERSOR_OK, "what is refused leaves dst alone");
    }
}

static void run_isa(uint32_t isa) {
    for (int i = 0; i < LENGTHS_COUNT; i++) {
        const guard_side side = i % 2 == 0 ? GUARD_AFTER : GUARD_BEFORE;
        for (tersor_map_function function = 0; function < TERSOR_MAP_FUNCTIONS; function++) {
            run_map(isa, function, LENGTHS[i], side);
            run_map(isa, function, LENGTHS[i], side == GUARD_AFTER ? GUARD_BEFORE : GUARD_AFTER);
        }
        for (tersor_binary_operation operation = 0; operation < TERSOR_BINARY_OPERATIONS; operation++) {
            for (int strides = 0; strides < 16; strides++) {
                run_binary(isa, operation, i % 4, LENGTHS[i], strides, side);
            }
        }
        for (int kind = 0; kind < 6; kind++) {
            run_extremes(isa, LENGTHS[i], kind % 3, kind >= 3, side);
        }
        for (tersor_reduction kind = 0; kind <= TERSOR_REDUCE_SUM_SQUARE; kind++) {
            run_reduce(isa, kind, 2, LENGTHS[i], 1, side);
            run_reduce(isa, kind, 2, LENGTHS[i], 3, side);
            run_reduce(isa, kind, 2, 5, LENGTHS[i], side);
            run_reduce(isa, kind, 3, 0, LENGTHS[i], side);
        }
        for (int kind = 0; kind < 4; kind++) {
            run_cumulate(isa, kind, 2, 5, LENGTHS[i], side);
            run_cumulate(isa, kind, 7, LENGTHS[i], 1, side);
            run_cumulate(isa, kind, 1, LENGTHS[i], 2, side);
        }
        run_softmax(isa, i % 2 == 0, 3, LENGTHS[i], side);
        run_softmax(isa, i % 2 != 0, 3, LENGTHS[i], side);
    }
}

int main(void) {
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) != 0) {
            run_isa(isa);
        }
    }
    run_refusals();
    return test_result("real", cases);
}
