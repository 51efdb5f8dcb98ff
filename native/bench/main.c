/* oneDNN's matrix multiplication timed without Java, for perf and debuggers; and the limits of this machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "compiler.h"
#include "tersor_bench.h"

static const char USAGE[] =
    "usage: tersor-onednn-bench --m M --k K --n N [--types T] [--threads N] [--seconds S] [--library FILE]\n"
    "       tersor-onednn-bench --limits\n"
    "  --types     u8s8u8 (the default), s8s8s8, u8s8f32, u8s8s32, f32, bf16bf16f32 or bf16bf16bf16\n"
    "  --seconds   how long to time, 1 by default; a tenth of it to warm up\n"
    "  --library   oneDNN's file; ONEDNN_MAX_CPU_ISA in the environment caps what it uses\n"
    "  --limits    prints what one core can do at most, in 10^12 operations per second\n";

enum { BF16 = 2, F32 = 3, S32 = 4, S8 = 5, U8 = 6, MAX_SAMPLES = 100000 };

typedef struct {
    const char *name;
    int32_t src, weights, dst;
} types;

static const types TYPES[] = {
    {"u8s8u8", U8, S8, U8},     {"s8s8s8", S8, S8, S8}, {"u8s8f32", U8, S8, F32},
    {"u8s8s32", U8, S8, S32},   {"f32", F32, F32, F32}, {"bf16bf16f32", BF16, BF16, F32},
    {"bf16bf16bf16", BF16, BF16, BF16},
};

typedef struct {
    int64_t m, k, n;
    const types *types;
    int32_t threads;
    double seconds;
    const char *library;
} options;

static int fail(const char *message) {
    fprintf(stderr, "tersor-onednn-bench: %s\n", message);
    return 1;
}

static int usage(void) {
    fputs(USAGE, stderr);
    return 2;
}

static int64_t element_bytes(int32_t type) {
    return type == BF16 ? 2 : type == F32 || type == S32 ? 4 : 1;
}

/* An operand of pseudorandom elements, by xorshift: bytes of any value, floating ones between -1 and 1. */
static void *random_operand(int64_t elements, int32_t type, uint64_t seed) {
    const int64_t bytes = round_up(elements * element_bytes(type), 64);
    unsigned char *data = aligned_alloc(64, (size_t) bytes);
    for (int64_t i = 0; data != NULL && i < elements; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        const float value = (float) (int32_t) (seed >> 32) * 0x1p-31f;
        if (type == F32) {
            memcpy(data + 4 * i, &value, 4);
        } else if (type == BF16) {
            uint32_t bits;
            memcpy(&bits, &value, 4);
            const uint16_t upper = (uint16_t) (bits >> 16);
            memcpy(data + 2 * i, &upper, 2);
        } else {
            data[i] = (unsigned char) (seed >> 32);
        }
    }
    return data;
}

static int compare(const void *a, const void *b) {
    const int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return (x > y) - (x < y);
}

/* Prints one line of JSON; returns the status of the run. */
static tersor_status measure(const options *o, tersor_bench_product *gemm) {
    static int64_t nanos[MAX_SAMPLES];
    const int64_t sample_nanos = 20000;
    int64_t runs = 1, samples = 0;
    tersor_status status = tersor_bench_product_run(gemm, 1, runs, nanos);
    const int64_t warm = clock_nanos() + (int64_t) (o->seconds * 1e8);
    while (status == TERSOR_OK && clock_nanos() < warm) {
        status = tersor_bench_product_run(gemm, 1, runs, nanos);
        runs = nanos[0] < sample_nanos ? 2 * runs : runs;
    }
    const int64_t end = clock_nanos() + (int64_t) (o->seconds * 1e9);
    while (status == TERSOR_OK && samples < MAX_SAMPLES && (samples < 3 || clock_nanos() < end)) {
        status = tersor_bench_product_run(gemm, 1, runs, &nanos[samples++]);
    }
    if (status != TERSOR_OK) {
        return status;
    }
    qsort(nanos, (size_t) samples, sizeof nanos[0], compare);
    const double median = (double) nanos[samples / 2] / (double) runs;
    printf("{\"op\": \"gemm\", \"m\": %lld, \"k\": %lld, \"n\": %lld, \"types\": \"%s\", \"backend\": \"onednn-c\", "
           "\"kernel\": \"%s\", \"threads\": %d, \"medianMicros\": %.3f, \"minMicros\": %.3f, \"tops\": %.4f}\n",
           (long long) o->m, (long long) o->k, (long long) o->n, o->types->name, tersor_bench_product_kernel(gemm),
           (int) o->threads, median / 1e3, (double) nanos[0] / (double) runs / 1e3,
           2e-3 * (double) o->m * (double) o->k * (double) o->n / median);
    return TERSOR_OK;
}

static int run(const options *o) {
    const types *t = o->types;
    void *src = random_operand(o->m * o->k, t->src, 1);
    void *weights = random_operand(o->k * o->n, t->weights, 2);
    void *dst = random_operand(o->m * o->n, t->dst, 3);
    float *bias = random_operand(o->n, F32, 4);
    float *scales = random_operand(o->n, F32, 5);
    if (src == NULL || weights == NULL || dst == NULL || bias == NULL || scales == NULL) {
        return fail("out of memory");
    }
    const int scaled = t->weights == S8 && t->dst != S32;
    for (int64_t i = 0; i < o->n; i++) {
        /* So that sums of k products of bytes spread over the range of a byte. */
        scales[i] = 0.01f * (1.5f + scales[i]) / sqrtf((float) o->k);
    }
    const int64_t extents[] = {o->m, o->k, o->n};
    const int32_t codes[] = {t->src, t->weights, t->dst};
    tersor_bench_product *gemm;
    tersor_status status = tersor_bench_product_create(
        o->library, o->threads, TERSOR_BENCH_GEMM, extents, codes, src, weights, dst, scaled ? scales : NULL,
        t->dst == S32 ? NULL : bias, t->src == U8 && scaled ? 128 : 0, 0, t->dst != S32, 1, &gemm);
    if (status == TERSOR_OK) {
        status = measure(o, gemm);
        tersor_bench_product_destroy(gemm);
    }
    free(scales);
    free(bias);
    free(dst);
    free(weights);
    free(src);
    return status == TERSOR_OK ? 0 : fail(tersor_bench_status_name(status));
}

static int print_limits(void) {
    const char *separator = "{";
    for (int32_t i = 0; tersor_bench_limit_name(i) != NULL; i++) {
        double rate;
        if (tersor_bench_limit_rate(i, 100000000, &rate) == TERSOR_OK) {
            printf("%s\"%s\": %.4f", separator, tersor_bench_limit_name(i), rate * 1e-12);
            separator = ", ";
        }
    }
    puts("}");
    return 0;
}

static const types *find_types(const char *name) {
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (strcmp(TYPES[i].name, name) == 0) {
            return &TYPES[i];
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    options o = {.types = TYPES, .threads = 1, .seconds = 1, .library = TERSOR_ONEDNN_LIBRARY};
    if (count == 2 && strcmp(arguments[1], "--limits") == 0) {
        return print_limits();
    }
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (value == NULL) {
            return usage();
        } else if (strcmp(name, "--m") == 0) {
            o.m = strtoll(value, NULL, 10);
        } else if (strcmp(name, "--k") == 0) {
            o.k = strtoll(value, NULL, 10);
        } else if (strcmp(name, "--n") == 0) {
            o.n = strtoll(value, NULL, 10);
        } else if (strcmp(name, "--types") == 0) {
            o.types = find_types(value);
        } else if (strcmp(name, "--threads") == 0) {
            o.threads = (int32_t) strtol(value, NULL, 10);
        } else if (strcmp(name, "--seconds") == 0) {
            o.seconds = strtod(value, NULL);
        } else if (strcmp(name, "--library") == 0) {
            o.library = value;
        } else {
            return usage();
        }
    }
    const int64_t largest = INT64_C(1) << 20; /* no product of two overflows, nor does its size in bytes */
    if (o.m < 1 || o.k < 1 || o.n < 1 || o.m > largest || o.k > largest || o.n > largest || o.types == NULL ||
        o.threads < 1 || !(o.seconds > 0)) {
        return usage();
    }
    return run(&o);
}
