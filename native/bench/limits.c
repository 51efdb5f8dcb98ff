/* Which limits there are, and how fast their loops run here. */
#include "limits.h"

#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "cpu.h"
#include "tersor_bench.h"

typedef struct {
    const char *name;
    uint32_t isa;
    const limit_loop *loop; /* NULL where the compiler does not know the instructions */
} known_limit;

#if defined(TERSOR_HAVE_BENCH_AVX2)
#define IF_AVX2(loop) &loop
#else
#define IF_AVX2(loop) NULL
#endif
#if defined(TERSOR_HAVE_BENCH_AVX2_VNNI)
#define IF_AVX2_VNNI(loop) &loop
#else
#define IF_AVX2_VNNI(loop) NULL
#endif
#if defined(TERSOR_HAVE_BENCH_AVX512_VNNI)
#define IF_AVX512_VNNI(loop) &loop
#else
#define IF_AVX512_VNNI(loop) NULL
#endif
#if defined(TERSOR_HAVE_BENCH_AVX512_BF16)
#define IF_AVX512_BF16(loop) &loop
#else
#define IF_AVX512_BF16(loop) NULL
#endif
#if defined(TERSOR_HAVE_BENCH_AMX)
#define IF_AMX(loop) &loop
#else
#define IF_AMX(loop) NULL
#endif

static const known_limit LIMITS[] = {
    {"amx_int8", TERSOR_ISA_AVX512_AMX, IF_AMX(limit_amx_int8)},
    {"amx_bf16", TERSOR_ISA_AVX512_AMX, IF_AMX(limit_amx_bf16)},
    {"avx512_vnni", TERSOR_ISA_AVX512_VNNI, IF_AVX512_VNNI(limit_avx512_vnni)},
    {"avx512_bf16", TERSOR_ISA_AVX512_BF16, IF_AVX512_BF16(limit_avx512_bf16)},
    {"avx512_f32", TERSOR_ISA_AVX512_VNNI, IF_AVX512_VNNI(limit_avx512_f32)},
    {"avx2_vnni", TERSOR_ISA_AVX2_VNNI, IF_AVX2_VNNI(limit_avx2_vnni)},
    {"avx2_maddwd", TERSOR_ISA_AVX2, IF_AVX2(limit_avx2_maddwd)},
    {"avx2_maddubs", TERSOR_ISA_AVX2, IF_AVX2(limit_avx2_maddubs)},
    {"avx2_f32", TERSOR_ISA_AVX2, IF_AVX2(limit_avx2_f32)},
};

enum { COUNT = sizeof LIMITS / sizeof LIMITS[0] };

const char *tersor_bench_limit_name(int32_t limit) {
    return limit >= 0 && limit < COUNT ? LIMITS[limit].name : NULL;
}

tersor_status tersor_bench_limit_rate(int32_t limit, int64_t nanos, double *operations_per_second) {
    RETURN_IF_ERROR(check_range(operations_per_second, sizeof *operations_per_second, sizeof *operations_per_second));
    if (limit < 0 || limit >= COUNT) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const limit_loop *loop = LIMITS[limit].loop;
    if (loop == NULL || (cpu_isas() & LIMITS[limit].isa) == 0) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    /* Passes long enough to hide the clock and short enough to fall between interruptions. */
    const int64_t pass_nanos = 1000000;
    int64_t iterations = 1000;
    const int least_passes = 5;
    int passes = 0;
    double best = 0;
    const int64_t end = clock_nanos() + nanos;
    while (passes < least_passes || clock_nanos() < end) {
        const int64_t start = clock_nanos();
        loop->run(iterations);
        const int64_t taken = clock_nanos() - start;
        const double rate = (double) (iterations * loop->operations) * 1e9 / (double) (taken > 0 ? taken : 1);
        if (taken < pass_nanos / 2) {
            iterations *= 2;
            continue;
        }
        best = rate > best ? rate : best;
        passes++;
    }
    *operations_per_second = best;
    return TERSOR_OK;
}

typedef void reader(const void *buffer, int64_t bytes);

static reader *widest_reader(void) {
#if defined(TERSOR_HAVE_BENCH_AVX512_VNNI)
    if ((cpu_isas() & TERSOR_ISA_AVX512_VNNI) != 0) {
        return read_avx512;
    }
#endif
#if defined(TERSOR_HAVE_BENCH_AVX2)
    if ((cpu_isas() & TERSOR_ISA_AVX2) != 0) {
        return read_avx2;
    }
#endif
    return NULL;
}

tersor_status tersor_bench_read_rate(const void *buffer, int64_t bytes, int64_t nanos, double *bytes_per_second) {
    RETURN_IF_ERROR(check_range(bytes_per_second, sizeof *bytes_per_second, sizeof *bytes_per_second));
    RETURN_IF_ERROR(check_range(buffer, bytes, 1));
    if (bytes <= 0 || bytes % TERSOR_BENCH_READ_BLOCK != 0) {
        return TERSOR_INVALID_SIZE;
    }
    reader *read = widest_reader();
    if (read == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    /* Small buffers are read several times between two looks at the clock. */
    const int64_t reads = bytes < 1 << 20 ? (1 << 20) / bytes : 1;
    double best = 0;
    const int64_t end = clock_nanos() + nanos;
    do {
        const int64_t start = clock_nanos();
        for (int64_t i = 0; i < reads; i++) {
            read(buffer, bytes);
        }
        const int64_t taken = clock_nanos() - start;
        const double rate = (double) (bytes * reads) * 1e9 / (double) (taken > 0 ? taken : 1);
        best = rate > best ? rate : best;
    } while (clock_nanos() < end);
    *bytes_per_second = best;
    return TERSOR_OK;
}

int64_t tersor_bench_cache_bytes(void) {
#if defined(_SC_LEVEL3_CACHE_SIZE)
    const long level3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const long level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return level3 > 0 ? level3 : level2 > 0 ? level2 : 0;
#else
    return 0;
#endif
}
