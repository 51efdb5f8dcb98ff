/* tersor_i8_gemm on every instruction set against int64 sums, each operand against an unreadable page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

typedef struct gemm_case {
    uint32_t isa;
    tersor_type src_type, dst_type;
    int64_t m, k, n;
    int64_t extra_src, extra_weights, extra_dst; /* leading dimensions beyond the columns */
    bool transposed, zero_points, bias, offset, extreme;
    guard_side side;
} gemm_case;

static int64_t cases;

static size_t extent(int64_t rows, int64_t columns, int64_t ld) {
    return rows == 0 || columns == 0 ? 0 : (size_t) ((rows - 1) * ld + columns);
}

static void run(const gemm_case *c) {
    cases++;
    random_seed((uint64_t) (c->m * 31 + c->k * 37 + c->n * 41 + c->dst_type) * 64 + c->isa);
    const int64_t ld_src = c->k + c->extra_src, ld_dst = c->n + c->extra_dst;
    const int64_t weight_rows = c->transposed ? c->n : c->k, weight_columns = c->transposed ? c->k : c->n;
    const int64_t ld_weights = weight_columns + c->extra_weights;
    const size_t src_bytes = extent(c->m, c->k, ld_src);
    const size_t weights_bytes = extent(weight_rows, weight_columns, ld_weights);
    const size_t dst_elements = extent(c->m, c->n, ld_dst);
    const size_t n = (size_t) c->n;

    uint8_t *src = guarded(c->side, src_bytes);
    int8_t *weights = guarded(c->side, weights_bytes);
    int32_t *zero_points = c->zero_points ? guarded(c->side, n * 4) : NULL;
    int32_t *bias = c->bias ? guarded(c->side, n * 4) : NULL;
    float *multiplier = guarded(c->side, n * 4);
    float *offset = c->offset ? guarded(c->side, n * 4) : NULL;
    uint8_t *dst = guarded(c->side, dst_elements * (size_t) bytes_of(c->dst_type));
    random_bytes(src, src_bytes, c->extreme);
    random_bytes((uint8_t *) weights, weights_bytes, c->extreme);
    random_floats(multiplier, n, 2.0f / (float) (1 + 100 * c->k));
    memset(dst, 0xa5, dst_elements * (size_t) bytes_of(c->dst_type));
    for (size_t j = 0; j < n; j++) {
        if (zero_points != NULL) {
            zero_points[j] = (int32_t) random_between(-128, 127);
        }
        if (bias != NULL) {
            bias[j] = (int32_t) random_between(-100000, 100000);
        }
    }
    if (offset != NULL) {
        random_floats(offset, n, 50.0f);
    }
    const int32_t src_min = c->src_type == TERSOR_U8 ? 0 : -128;
    const int32_t src_zero_point = (int32_t) random_between(src_min, src_min + 255);
    const int32_t dst_min = c->dst_type == TERSOR_U8 ? 0 : -128;
    const bool narrow = c->dst_type == TERSOR_U8 || c->dst_type == TERSOR_S8;
    const bool clipped = (c->m + c->n) % 2 == 0;
    const reference_epilogue e = {multiplier,
                                  offset,
                                  clipped ? 0.0f : -INFINITY,
                                  clipped ? 60.0f : INFINITY,
                                  c->dst_type,
                                  narrow ? (int32_t) random_between(dst_min, dst_min + 255) : 0};

    int64_t packed_bytes = -1, scratch_bytes = -1;
    bool ok = expect_status(tersor_i8_gemm_packed_bytes(c->isa, c->src_type, c->k, c->n, &packed_bytes), TERSOR_OK,
                            "packed_bytes");
    if (!ok) {
        return;
    }
    void *packed = guarded(c->side, (size_t) packed_bytes);
    ok = expect_status(tersor_i8_gemm_pack(c->isa, c->src_type, c->k, c->n, weights, c->transposed ? 1 : ld_weights,
                                           c->transposed ? ld_weights : 1, src_zero_point, zero_points, bias, packed,
                                           packed_bytes),
                       TERSOR_OK, "pack");
    ok = ok && expect_status(tersor_packed_scratch_bytes(packed, packed_bytes, &scratch_bytes), TERSOR_OK, "scratch");
    if (!ok) {
        return;
    }
    void *scratch = guarded(c->side, (size_t) scratch_bytes);
    memset(scratch, 0x5a, (size_t) scratch_bytes);
    /* In one call or in two. */
    const int64_t split = c->bias ? c->m : c->m / 3;
    for (int part = 0; part < 2; part++) {
        const int64_t first = part == 0 ? 0 : split, count = part == 0 ? split : c->m - split;
        ok = ok && expect_status(tersor_i8_gemm(c->isa, c->src_type, c->m, c->k, c->n, first, count, src, ld_src,
                                                packed, packed_bytes, multiplier, offset, e.lo, e.hi, c->dst_type,
                                                e.dst_zero_point, dst, ld_dst, scratch, scratch_bytes),
                                 TERSOR_OK, "gemm");
    }
    for (int64_t i = 0; ok && i < c->m; i++) {
        for (int64_t j = 0; ok && j < c->n; j++) {
            int64_t acc = bias == NULL ? 0 : bias[j];
            for (int64_t k = 0; k < c->k; k++) {
                const uint8_t byte = src[i * ld_src + k];
                const int32_t a = c->src_type == TERSOR_U8 ? byte : (int8_t) byte;
                const int32_t b = weights[c->transposed ? j * ld_weights + k : k * ld_weights + j];
                acc += (int64_t) (a - src_zero_point) * (b - (zero_points == NULL ? 0 : zero_points[j]));
            }
            const uint32_t expected = reference_store(&e, (int32_t) (uint32_t) (uint64_t) acc, j);
            const uint32_t actual = stored_bits(dst, i * ld_dst + j, c->dst_type);
            if (actual != expected) {
                ok = false;
                fail("isa=%s %s->%s m=%lld k=%lld n=%lld ld+=%lld,%lld,%lld transposed=%d zero_points=%d bias=%d "
                     "offset=%d extreme=%d side=%d at [%lld, %lld]: expected %#x, got %#x",
                     tersor_isa_name(c->isa), type_name(c->src_type), type_name(c->dst_type), (long long) c->m,
                     (long long) c->k, (long long) c->n, (long long) c->extra_src, (long long) c->extra_weights,
                     (long long) c->extra_dst, c->transposed, c->zero_points, c->bias, c->offset, c->extreme, c->side,
                     (long long) i, (long long) j, expected, actual);
            }
        }
        for (int64_t j = c->n; ok && i + 1 < c->m && c->n > 0 && j < ld_dst; j++) {
            if ((stored_bits(dst, i * ld_dst + j, c->dst_type) & 0xff) != 0xa5) {
                ok = false;
                fail("isa=%s m=%lld k=%lld n=%lld: wrote between the rows at [%lld, %lld]", tersor_isa_name(c->isa),
                     (long long) c->m, (long long) c->k, (long long) c->n, (long long) i, (long long) j);
            }
        }
    }
    guarded_free_all();
}

/* Every variation of types and options takes its turn over the shapes. */
static void run_shape(uint32_t isa, int64_t m, int64_t k, int64_t n, int *turn) {
    static const tersor_type DST[] = {TERSOR_S32, TERSOR_F32, TERSOR_U8, TERSOR_S8};
    for (tersor_type src_type = TERSOR_U8; src_type <= TERSOR_S8; src_type++) {
        for (int d = 0; d < 4; d++) {
            const int t = (*turn)++;
            const gemm_case c = {isa,
                                 src_type,
                                 DST[d],
                                 m,
                                 k,
                                 n,
                                 t % 3 * 5,
                                 t % 2 * 7,
                                 t % 5 % 2 * 3,
                                 t / 3 % 2 != 0,
                                 t % 3 == 1,
                                 t % 4 < 2,
                                 t % 7 < 3,
                                 t % 2 == 0,
                                 t % 5 < 2 ? GUARD_BEFORE : GUARD_AFTER};
            run(&c);
        }
    }
}

int main(void) {
    static const int64_t M[] = {0, 1, 2, 7, 12, 13, 33};
    static const int64_t K[] = {0, 1, 3, 4, 31, 64, 67, 130};
    static const int64_t N[] = {0, 1, 15, 17, 32, 33, 65};
    const uint32_t isas = usable_isas();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) == 0) {
            continue;
        }
        int turn = 0;
        for (size_t m = 0; m < sizeof M / sizeof *M; m++) {
            for (size_t k = 0; k < sizeof K / sizeof *K; k++) {
                for (size_t n = 0; n < sizeof N / sizeof *N; n++) {
                    run_shape(isa, M[m], K[k], N[n], &turn);
                }
            }
        }
        run_shape(isa, 64, 64, 64, &turn);
        run_shape(isa, 97, 129, 96, &turn);
        /* More rows than one block, sums in chunks, strides that alias in L1, sums that leave int32. */
        run_shape(isa, 801, 17, 3, &turn);
        run_shape(isa, 40, 8195, 5, &turn);
        run_shape(isa, 5, 4096, 97, &turn);
        run_shape(isa, 2, 140003, 1, &turn);
    }
    return test_result("i8_gemm", cases);
}
