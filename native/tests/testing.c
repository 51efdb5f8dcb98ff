#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "testing.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_ALLOCATIONS = 32 };

static struct {
    void *base;
    size_t bytes;
} allocations[MAX_ALLOCATIONS];
static int allocation_count;
static int64_t failures;
static uint64_t state = 1;

void *guarded(guard_side side, size_t bytes) {
    const size_t page = (size_t) sysconf(_SC_PAGESIZE);
    const size_t middle = (bytes + page - 1) / page * page;
    const size_t total = middle + 2 * page;
    char *base = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || allocation_count == MAX_ALLOCATIONS) {
        fprintf(stderr, "no guarded memory for %zu bytes\n", bytes);
        exit(2);
    }
    if (middle > 0 && mprotect(base + page, middle, PROT_READ | PROT_WRITE) != 0) {
        perror("mprotect");
        exit(2);
    }
    allocations[allocation_count].base = base;
    allocations[allocation_count++].bytes = total;
    return side == GUARD_BEFORE ? base + page : base + page + middle - bytes;
}

void guarded_free_all(void) {
    while (allocation_count > 0) {
        allocation_count--;
        munmap(allocations[allocation_count].base, allocations[allocation_count].bytes);
    }
}

void random_seed(uint64_t seed) {
    state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (int i = 0; i < 4; i++) {
        random_next();
    }
}

uint64_t random_next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

int64_t random_between(int64_t lo, int64_t hi) {
    return lo + (int64_t) (random_next() % (uint64_t) (hi - lo + 1));
}

void random_bytes(uint8_t *to, size_t count, bool extreme) {
    static const uint8_t EXTREMES[] = {0x80, 0xff, 0x00, 0x01, 0x7f};
    for (size_t i = 0; i < count; i++) {
        const uint64_t value = random_next() >> 20;
        to[i] = extreme ? EXTREMES[value % sizeof EXTREMES] : (uint8_t) value;
    }
}

void random_floats(float *to, size_t count, float magnitude) {
    for (size_t i = 0; i < count; i++) {
        to[i] = magnitude * ((float) random_between(-8388608, 8388608) / 8388608.0f);
    }
}

bool pruned(tersor_sparsity sparsity, int64_t k, int64_t n) {
    static const int64_t COLUMNS[] = {1, 1, 16, 32, 1, 1, 1};
    if (sparsity == TERSOR_DENSE) {
        return false;
    }
    if (sparsity == TERSOR_HALVES) {
        return (k + n) % 2 != 0; /* 8 of any 16 neighbours */
    }
    const uint64_t group = (uint64_t) (k / 4 * 131 + n / COLUMNS[sparsity] * 7919 + 17) * UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t single = (uint64_t) (k * 1009 + n * 31 + 5) * UINT64_C(0xbf58476d1ce4e5b9);
    return (group >> 40) % 10 < 7 || (single >> 40) % 4 == 0;
}

void fail(const char *format, ...) {
    if (failures++ < 10) {
        va_list arguments;
        va_start(arguments, format);
        fputs("FAILED ", stderr);
        vfprintf(stderr, format, arguments);
        fputc('\n', stderr);
        va_end(arguments);
    }
}

bool expect_status(tersor_status actual, tersor_status expected, const char *what) {
    if (actual != expected) {
        fail("%s: expected status \"%s\", got \"%s\"", what, tersor_status_name(expected), tersor_status_name(actual));
    }
    return actual == expected;
}

int test_result(const char *name, int64_t cases) {
    printf("%s: %lld cases, %lld failures\n", name, (long long) cases, (long long) failures);
    return failures == 0 && cases > 0 ? 0 : 1;
}

uint32_t usable_isas(void) {
    uint32_t mask = 0;
    expect_status(tersor_cpu_isas(&mask), TERSOR_OK, "tersor_cpu_isas");
#if defined(TERSOR_EMULATION)
    mask &= TERSOR_ISA_AVX512_AMX | TERSOR_ISA_AVX2_VNNI; /* the others are tested without emulation */
#elif defined(TERSOR_EMULATED_TILES)
    mask &= TERSOR_ISA_AVX512_AMX;
    if (mask == 0) {
        puts("skipped: no AVX-512");
        exit(TEST_SKIPPED);
    }
#endif
    return mask;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint32_t reference_store(const reference_epilogue *e, int32_t acc, int64_t n) {
    if (e->dst_type == TERSOR_S32) {
        return (uint32_t) acc;
    }
    /* volatile: each operation rounds to float by itself. */
    volatile float r = (float) acc;
    r = r * e->multiplier[n];
    if (e->offset != NULL) {
        r = r + e->offset[n];
    }
    const bool none = e->dst_type == TERSOR_F32 && e->lo == -INFINITY && e->hi == INFINITY;
    if (!none) {
        r = r > e->lo ? r : e->lo;
        r = r < e->hi ? r : e->hi;
    }
    if (e->dst_type == TERSOR_F32) {
        return float_bits(r);
    }
    const int32_t min = e->dst_type == TERSOR_U8 ? 0 : -128;
    const int32_t max = min + 255;
    const double q = nearbyint((double) r) + e->dst_zero_point;
    const int32_t saturated = q < min ? min : q > max ? max : (int32_t) q;
    return (uint32_t) saturated & 0xff;
}

tersor_epilogue reference_given(const reference_epilogue *e) {
    return (tersor_epilogue){
        .multiplier = e->multiplier,
        .offset = e->offset,
        .lo = e->lo,
        .hi = e->hi,
        .dst_type = e->dst_type,
        .dst_zero_point = e->dst_zero_point,
        .function = e->function,
        .output_scale = e->output_scale,
        .residual_type = e->residual_type,
        .residual_zero_point = e->residual_zero_point,
        .residual_multiplier = e->residual_multiplier,
    };
}

static double function_of(tersor_function function, double x) {
    switch (function) {
    case TERSOR_GELU:
    case TERSOR_GELU_COARSE:
        return x / 2 * erfc(-x / sqrt(2));
    case TERSOR_GELU_TANH:
        return x / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
    case TERSOR_SILU:
        return x / (1 + exp(-x));
    case TERSOR_HARD_SWISH:
        return x * fmin(fmax(x / 6 + 0.5, 0), 1);
    default:
        return x;
    }
}

/* From r with its offset, which may be off by `error`. */
static reference_value finish(const reference_epilogue *e, float r0, double error, double residual) {
    /* volatile: each operation rounds to float by itself. */
    volatile float r = r0;
    if (e->residual_type != 0) {
        volatile float added = (float) (residual - e->residual_zero_point);
        added = added * e->residual_multiplier;
        r = r + added;
    }
    const bool narrow = bytes_of(e->dst_type) == 1;
    double value = (double) r, tolerance = error;
    if (e->function != TERSOR_IDENTITY) {
        value = function_of(e->function, value);
        const double own = e->function == TERSOR_GELU_COARSE ? 1.7e-4 : 1e-6;
        tolerance = 1.2 * error + own * fmax(1, fabs((double) r));
        if (narrow) {
            value *= (double) e->output_scale;
            tolerance *= (double) e->output_scale;
        }
    }
    if (narrow || e->lo != -INFINITY || e->hi != INFINITY) {
        value = value > (double) e->lo ? value : (double) e->lo;
        value = value < (double) e->hi ? value : (double) e->hi;
    }
    if (e->dst_type == TERSOR_BF16) {
        const float rounded = (float) value;
        const uint32_t bits = reference_bf16(rounded) << 16;
        float bf16;
        memcpy(&bf16, &bits, 4);
        return (reference_value){(double) bf16, tolerance == 0 ? 0 : tolerance + fabs(value) / 128};
    }
    if (!narrow) {
        return (reference_value){value, tolerance};
    }
    const double min = e->dst_type == TERSOR_U8 ? 0 : -128;
    const double q = nearbyint(value) + e->dst_zero_point;
    return (reference_value){fmin(fmax(q, min), min + 255), tolerance == 0 ? 0 : 1};
}

reference_value reference_integer(const reference_epilogue *e, int32_t acc, const float *row_scale, double residual,
                                  int64_t n) {
    if (e->dst_type == TERSOR_S32) {
        return (reference_value){acc, 0};
    }
    volatile float r = (float) acc;
    if (row_scale != NULL) {
        r = r * *row_scale;
    }
    r = r * e->multiplier[n];
    if (e->offset != NULL) {
        r = r + e->offset[n];
    }
    return finish(e, r, 0, residual);
}

reference_value reference_real(const reference_epilogue *e, double sum, double error, double residual, int64_t n) {
    const double r = e->offset == NULL ? sum : sum + (double) e->offset[n];
    const double added = e->residual_type == 0 ? 0 : fabs(residual * (double) e->residual_multiplier);
    return finish(e, (float) r, error + ldexp(fabs(r) + added, -22), residual);
}

double reference_stored(const void *dst, int64_t index, tersor_type type) {
    const uint32_t bits = stored_bits(dst, index, type);
    const uint32_t widened = type == TERSOR_BF16 ? bits << 16 : bits;
    float value;
    memcpy(&value, &widened, 4);
    switch (type) {
    case TERSOR_F32:
    case TERSOR_BF16:
        return (double) value;
    case TERSOR_S32:
        return (int32_t) bits;
    case TERSOR_U8:
        return bits;
    default:
        return (int8_t) bits;
    }
}

uint32_t reference_bf16(float value) {
    uint32_t bits = float_bits(value);
    const uint32_t below = bits & 0xffff, upper = bits >> 16;
    return below > 0x8000 || (below == 0x8000 && upper % 2 != 0) ? upper + 1 : upper;
}

uint32_t stored_bits(const void *dst, int64_t index, tersor_type type) {
    uint32_t bits = 0;
    memcpy(&bits, (const char *) dst + index * bytes_of(type), (size_t) bytes_of(type));
    return bits;
}

int64_t bytes_of(tersor_type type) {
    return type == TERSOR_U8 || type == TERSOR_S8 ? 1 : type == TERSOR_BF16 ? 2 : 4;
}

const char *type_name(tersor_type type) {
    static const char *const NAMES[] = {"none", "f32", "s32", "u8", "s8", "bf16"};
    return NAMES[type >= 1 && type <= 5 ? type : 0];
}

tersor_conv2d_geometry plain_3x3(int64_t ic, int64_t oc, int64_t pad_top, int64_t pad_left, int64_t pad_bottom,
                                 int64_t pad_right) {
    return (tersor_conv2d_geometry){
        .ic = ic,
        .oc = oc,
        .kh = 3,
        .kw = 3,
        .groups = 1,
        .stride_h = 1,
        .stride_w = 1,
        .pad_top = pad_top,
        .pad_left = pad_left,
        .pad_bottom = pad_bottom,
        .pad_right = pad_right,
        .dilation_h = 1,
        .dilation_w = 1,
    };
}
