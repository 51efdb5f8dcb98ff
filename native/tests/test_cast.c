/* Conversions between element types on every instruction set, at unreadable pages. */
#include <math.h>
#include <string.h>

#include "testing.h"

static int64_t cases;

enum { TYPES = TERSOR_BOOL + 1 };

static int64_t size_of(tersor_type type) {
    return type == TERSOR_S64 ? 8 : type == TERSOR_BOOL ? 1 : type == TERSOR_F16 ? 2 : bytes_of(type);
}

static double half_value(uint16_t half) {
    const int exponent = half >> 10 & 31;
    const double fraction = half & 0x3ff, sign = half & 0x8000 ? -1 : 1;
    return exponent == 31 ? (fraction == 0 ? sign * INFINITY : NAN)
                          : sign * (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
}

static uint64_t bits_at(const void *array, tersor_type type, int64_t i) {
    uint64_t bits = 0;
    memcpy(&bits, (const char *) array + i * size_of(type), (size_t) size_of(type));
    return bits;
}

static double real_of(uint64_t bits, tersor_type type) {
    if (type == TERSOR_F16) {
        return half_value((uint16_t) bits);
    }
    const uint32_t low = (uint32_t) (type == TERSOR_BF16 ? bits << 16 : bits);
    float value;
    memcpy(&value, &low, sizeof value);
    return (double) value;
}

static double real_at(const void *array, tersor_type type, int64_t i) {
    return real_of(bits_at(array, type, i), type);
}

static int64_t integer_at(const void *array, tersor_type type, int64_t i) {
    const uint64_t bits = bits_at(array, type, i);
    return type == TERSOR_S32 ? (int32_t) bits : type == TERSOR_S8 ? (int8_t) bits : (int64_t) bits;
}

static bool is_real(tersor_type type) {
    return type == TERSOR_F32 || type == TERSOR_F16 || type == TERSOR_BF16;
}

/* The nearest of a type's numbers, of two the one whose last bit is 0: found among the neighbours in bits. */
static bool is_nearest(const void *array, tersor_type type, int64_t i, double x) {
    const uint16_t bits = (uint16_t) bits_at(array, type, i);
    if (isnan(x)) {
        return isnan(real_at(array, type, i));
    }
    const double actual = real_at(array, type, i);
    if (isinf(x)) {
        return actual == x;
    }
    /* Numbers beyond the largest are rounded as if the next power of two were there. */
    const uint16_t magnitude = bits & 0x7fff, infinite = type == TERSOR_F16 ? 0x7c00 : 0x7f80;
    const uint16_t around[3] = {(uint16_t) (magnitude - (magnitude > 0)), magnitude,
                                (uint16_t) (magnitude + (magnitude < infinite))};
    double distance[3];
    for (int n = 0; n < 3; n++) {
        const double beyond = type == TERSOR_F16 ? 65536.0 : 0x1p128;
        const double value = around[n] == infinite ? beyond : real_of(around[n], type);
        distance[n] = fabs(fabs(x) - value);
    }
    const bool even = bits % 2 == 0;
    const bool below = around[0] == magnitude || distance[1] < distance[0] || (distance[1] == distance[0] && even);
    const bool above = around[2] == magnitude || distance[1] < distance[2] || (distance[1] == distance[2] && even);
    return below && above && (x == 0 || signbit(x) == (bits >> 15 != 0));
}

static bool converted(const void *src, tersor_type from, const void *dst, tersor_type to, int64_t i) {
    if (is_real(from)) {
        const double x = real_at(src, from, i);
        if (to == TERSOR_F16 || to == TERSOR_BF16) {
            return is_nearest(dst, to, i, x);
        }
        if (to == TERSOR_F32) {
            const double y = real_at(dst, to, i);
            return isnan(x) ? isnan(y) : x == y && signbit(x) == signbit(y);
        }
        if (to == TERSOR_BOOL) {
            return integer_at(dst, to, i) == (x != 0);
        }
        const double min = to == TERSOR_U8 ? 0 : to == TERSOR_S8 ? -128 : to == TERSOR_S32 ? -0x1p31 : -0x1p63;
        const double max = to == TERSOR_U8 ? 256 : to == TERSOR_S8 ? 128 : to == TERSOR_S32 ? 0x1p31 : 0x1p63;
        const int64_t most = to == TERSOR_U8 ? 255 : to == TERSOR_S8 ? 127 : to == TERSOR_S32 ? INT32_MAX : INT64_MAX;
        const int64_t y = integer_at(dst, to, i);
        return y == (isnan(x) ? 0 : x >= max ? most : (int64_t) fmax(x, min));
    }
    const int64_t x = integer_at(src, from, i);
    if (to == TERSOR_F32) {
        const float y = (float) x;
        return real_at(dst, to, i) == (double) y;
    }
    if (to == TERSOR_BOOL) {
        return integer_at(dst, to, i) == (x != 0);
    }
    const uint64_t mask = to == TERSOR_S64 ? UINT64_MAX : (UINT64_C(1) << 8 * size_of(to)) - 1;
    return bits_at(dst, to, i) == ((uint64_t) x & mask);
}

static void fill(void *src, tersor_type type, int64_t count) {
    static const float EDGES[] = {0.0f, -0.0f, 0.5f, -0.5f, 254.9f, 255.5f, 256.0f, -128.9f, 127.9f, 0x1p31f, -0x1p31f,
                                  0x1.fffffep30f, 0x1p63f, -0x1p63f, 0x1.fffffep62f, 3e38f, -3e38f, NAN, INFINITY,
                                      -INFINITY,
                                  65504.0f, 65519.9f, 65520.0f, 65536.0f, 0x1p-24f, 0x1p-25f, 0x1.000002p-25f,
                                      0x1.8p-24f,
                                  0x1p-14f, 0x1.ffcp-15f, 0x1.002p0f, 0x1.006p0f, 0x1p-149f, -1e-7f, 0x1.fffffep127f};
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = random_next() >> (random_between(0, 1) != 0 ? 0 : 40);
        if (type == TERSOR_F32 && random_between(0, 2) != 0) {
            const float value = random_between(0, 1) != 0 ? EDGES[random_between(0, sizeof EDGES / sizeof *EDGES - 1)]
                                                          : (float) random_between(-70000, 70000) / 64.0f;
            uint32_t of_value;
            memcpy(&of_value, &value, sizeof of_value);
            bits = of_value;
        }
        bits = type == TERSOR_BOOL ? bits & 1 : random_between(0, 9) == 0 ? 0 : bits;
        memcpy((char *) src + i * size_of(type), &bits, (size_t) size_of(type));
    }
}

static void run(uint32_t isa, tersor_type from, tersor_type to, int64_t count, guard_side side) {
    cases++;
    random_seed((uint64_t) (count * 100 + from * 10 + to));
    void *src = guarded(side, (size_t) (count * size_of(from))), *dst = guarded(side, (size_t) (count * size_of(to)));
    fill(src, from, count);
    const bool expected = from != to
                          && ((from == TERSOR_F32 && to != 0) || (to == TERSOR_F32 && from != 0)
                              || (from != 0 && to != 0 && !is_real(from) && !is_real(to)));
    const tersor_status status = tersor_cast(isa, from, to, count, src, dst);
    bool ok = expect_status(status, expected ? TERSOR_OK : TERSOR_INVALID_ARGUMENT, "cast");
    for (int64_t i = 0; ok && expected && i < count; i++) {
        if (!converted(src, from, dst, to, i)) {
            ok = false;
            fail("isa=%s cast %d to %d count=%lld side=%d at %lld: %llx to %llx", tersor_isa_name(isa), from, to,
                 (long long) count, side, (long long) i, (unsigned long long) bits_at(src, from, i),
                 (unsigned long long) bits_at(dst, to, i));
        }
    }
    guarded_free_all();
}

/* Every number of 16 bits, and back to itself. */
static void run_halves(uint32_t isa, tersor_type type) {
    cases++;
    static uint16_t all[1 << 16], again[1 << 16];
    static float wide[1 << 16];
    for (int i = 0; i < 1 << 16; i++) {
        all[i] = (uint16_t) i;
    }
    expect_status(tersor_cast(isa, type, TERSOR_F32, 1 << 16, all, wide), TERSOR_OK, "halves");
    expect_status(tersor_cast(isa, TERSOR_F32, type, 1 << 16, wide, again), TERSOR_OK, "halves again");
    for (int i = 0; i < 1 << 16; i++) {
        if (!converted(all, type, wide, TERSOR_F32, i) || (!isnan(wide[i]) && again[i] != all[i])) {
            fail("isa=%s half %x of type %d: %a, again %x", tersor_isa_name(isa), i, type, (double) wide[i], again[i]);
            return;
        }
    }
}

static void run_refusals(void) {
    cases++;
    float from[4] = {1, 2, 3, 4};
    int32_t to[4] = {7, 7, 7, 7};
    const uint32_t isa = TERSOR_ISA_PORTABLE;
    expect_status(tersor_cast(0, TERSOR_F32, TERSOR_S32, 4, from, to), TERSOR_UNSUPPORTED_ISA, "cast isa");
    expect_status(tersor_cast(isa, TERSOR_BOOL + 1, TERSOR_S32, 4, from, to), TERSOR_INVALID_ARGUMENT, "cast from");
    expect_status(tersor_cast(isa, TERSOR_F32, -1, 4, from, to), TERSOR_INVALID_ARGUMENT, "cast to");
    expect_status(tersor_cast(isa, TERSOR_F32, TERSOR_S32, -1, from, to), TERSOR_INVALID_SIZE, "cast count");
    expect_status(tersor_cast(isa, TERSOR_U8, TERSOR_S64, INT64_MAX / 4, from, to), TERSOR_INVALID_SIZE,
                  "cast overflow");
    expect_status(tersor_cast(isa, TERSOR_F32, TERSOR_S32, 4, NULL, to), TERSOR_NULL_POINTER, "cast null");
    expect_status(tersor_cast(isa, TERSOR_F32, TERSOR_S32, 3, from, (char *) to + 1), TERSOR_MISALIGNED,
                  "cast misaligned");
    for (int i = 0; i < 4; i++) {
        expect_status(to[i] == 7 ? TERSOR_OK : TERSOR_INVALID_ARGUMENT, TERSOR_OK, "what is refused leaves dst alone");
    }
}

int main(void) {
    static const int64_t COUNTS[] = {0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 129, 1000};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        for (int pair = 0; (isas & isa) != 0 && pair < TYPES * TYPES; pair++) {
            for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
                run(isa, pair / TYPES, pair % TYPES, COUNTS[i], GUARD_AFTER);
                run(isa, pair / TYPES, pair % TYPES, COUNTS[i], GUARD_BEFORE);
            }
        }
        if ((isas & isa) != 0) {
            run_halves(isa, TERSOR_F16);
            run_halves(isa, TERSOR_BF16);
        }
    }
    run_refusals();
    return test_result("cast", cases);
}
