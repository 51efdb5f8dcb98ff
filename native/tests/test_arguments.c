/* What the public functions refuse, with which status, and that they then leave their results alone. */
#include <math.h>
#include <string.h>

#include "testing.h"

enum { M = 3, K = 5, N = 4, BYTES = 1 << 16 };

static int64_t cases;

static _Alignas(64) uint8_t packed[BYTES], scratch[1 << 20];
static _Alignas(64) uint8_t src[M * K], dst[M * N * 4 + 4];
static int8_t weights[K * N];
static float multiplier[N];
static int32_t zero_points[N];
static const uint32_t ISA = TERSOR_ISA_PORTABLE;

/* The arguments of tersor_gemm, all valid. */
typedef struct gemm_arguments {
    const void *packed;
    int64_t packed_bytes;
    tersor_epilogue e;
    const tersor_epilogue *epilogue; /* NULL: e */
    int64_t m, first_row, rows, first_column, columns;
    const void *src;
    int64_t row_stride, column_stride;
    float src_scale;
    int32_t src_zero_point;
    const void *residual;
    int64_t ld_residual;
    void *dst;
    int64_t ld_dst;
    void *scratch;
    int64_t scratch_bytes;
} gemm_arguments;

static gemm_arguments valid(void) {
    return (gemm_arguments){
        .packed = packed,
        .packed_bytes = BYTES,
        .e = {.multiplier = multiplier, .lo = -INFINITY, .hi = INFINITY, .dst_type = TERSOR_U8},
        .m = M,
        .rows = M,
        .columns = N,
        .src = src,
        .row_stride = K,
        .column_stride = 1,
        .src_scale = 1,
        .dst = dst,
        .ld_dst = N,
        .scratch = scratch,
        .scratch_bytes = sizeof scratch,
    };
}

static void expect_gemm(gemm_arguments a, tersor_status expected, const char *what) {
    cases++;
    memset(dst, 0xa5, sizeof dst);
    const tersor_status status =
        tersor_gemm(a.packed, a.packed_bytes, a.epilogue == NULL ? &a.e : a.epilogue, a.m, a.first_row, a.rows,
                    a.first_column, a.columns, a.src, a.row_stride, a.column_stride, a.src_scale, a.src_zero_point, 0,
                    a.residual, a.ld_residual, a.dst, a.ld_dst, a.scratch, a.scratch_bytes);
    expect_status(status, expected, what);
    for (size_t i = 0; expected != TERSOR_OK && i < sizeof dst; i++) {
        if (dst[i] != 0xa5) {
            fail("%s: refused, yet dst was written", what);
            break;
        }
    }
}

#define REFUSED(expected, change)                                                                                      \
    do {                                                                                                               \
        gemm_arguments a = valid();                                                                                    \
        change;                                                                                                        \
        expect_gemm(a, expected, #change);                                                                             \
    } while (0)

static tersor_status pack(tersor_type src_type, tersor_type weights_type, const void *w, int64_t k, int64_t n) {
    return tersor_gemm_pack(ISA, src_type, weights_type, TERSOR_DENSE, k, n, w, n, 1, 0, NULL, NULL, packed, BYTES);
}

static void test_gemm(void) {
    expect_status(pack(TERSOR_U8, TERSOR_S8, weights, K, N), TERSOR_OK, "pack");
    expect_gemm(valid(), TERSOR_OK, "valid");
    REFUSED(TERSOR_INVALID_SIZE, a.m = -1);
    REFUSED(TERSOR_INVALID_SIZE, a.m = INT64_C(1) << 31);
    REFUSED(TERSOR_INVALID_SIZE, a.row_stride = K - 1);
    REFUSED(TERSOR_INVALID_SIZE, a.column_stride = 2);
    REFUSED(TERSOR_INVALID_SIZE, a.row_stride = 1; a.column_stride = M - 1);
    REFUSED(TERSOR_OK, a.row_stride = 1; a.column_stride = M);
    REFUSED(TERSOR_INVALID_SIZE, a.ld_dst = N - 1);
    REFUSED(TERSOR_INVALID_SIZE, a.ld_dst = INT64_MAX);
    REFUSED(TERSOR_INVALID_SIZE, a.first_row = -1);
    REFUSED(TERSOR_INVALID_SIZE, a.first_row = 1);
    REFUSED(TERSOR_INVALID_SIZE, a.rows = INT64_MAX);
    REFUSED(TERSOR_INVALID_SIZE, a.rows = -1);
    REFUSED(TERSOR_INVALID_SIZE, a.first_column = 1; a.columns = 1);
    REFUSED(TERSOR_INVALID_SIZE, a.first_column = TERSOR_COLUMNS; a.columns = 0);
    REFUSED(TERSOR_INVALID_SIZE, a.columns = N + 1);
    REFUSED(TERSOR_NULL_POINTER, a.src = NULL);
    REFUSED(TERSOR_NULL_POINTER, a.dst = NULL);
    REFUSED(TERSOR_NULL_POINTER, a.packed = NULL);
    REFUSED(TERSOR_NULL_POINTER, a.e.multiplier = NULL);
    REFUSED(TERSOR_NULL_POINTER, a.scratch = NULL);
    REFUSED(TERSOR_NULL_POINTER, a.e.residual_type = TERSOR_U8; a.ld_residual = N);
    REFUSED(TERSOR_MISALIGNED, a.packed = packed + 4);
    REFUSED(TERSOR_MISALIGNED, a.scratch = scratch + 4);
    REFUSED(TERSOR_MISALIGNED, a.e.multiplier = (const float *) (const void *) ((const char *) multiplier + 1));
    REFUSED(TERSOR_MISALIGNED, a.epilogue = (const tersor_epilogue *) (const void *) (scratch + 1));
    REFUSED(TERSOR_MISALIGNED, a.e.dst_type = TERSOR_F32; a.dst = dst + 2);
    REFUSED(TERSOR_MISALIGNED, a.e.dst_type = TERSOR_BF16; a.dst = dst + 1);
    REFUSED(TERSOR_MISALIGNED, a.e.residual_type = TERSOR_F32; a.ld_residual = N; a.residual = scratch + 2);
    REFUSED(TERSOR_BUFFER_TOO_SMALL, a.packed_bytes = 1);
    REFUSED(TERSOR_BUFFER_TOO_SMALL, a.packed_bytes = 320);
    REFUSED(TERSOR_BUFFER_TOO_SMALL, a.packed_bytes = -1);
    REFUSED(TERSOR_BUFFER_TOO_SMALL, a.scratch_bytes = 64);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.lo = 1.0f; a.e.hi = 0.0f);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.lo = NAN);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.hi = NAN);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = 0);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = 6);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_zero_point = 256);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.src_zero_point = 1);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.src_scale = NAN);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = TERSOR_F32; a.src_zero_point = 256);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = TERSOR_S32; a.src_zero_point = -1);
    REFUSED(TERSOR_OK, a.e.dst_type = TERSOR_S32; a.src_zero_point = 255; a.src_scale = NAN);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_zero_point = -1);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = TERSOR_S8; a.e.dst_zero_point = 128);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = TERSOR_F32; a.e.dst_zero_point = 1);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.function = -1);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.function = TERSOR_GELU_COARSE + 1);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.residual_type = TERSOR_S32);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.residual_type = TERSOR_S8; a.e.residual_zero_point = 128);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.e.dst_type = TERSOR_S32; a.e.residual_type = TERSOR_U8);
    REFUSED(TERSOR_INVALID_SIZE, a.e.residual_type = TERSOR_U8; a.residual = src; a.ld_residual = N - 1);
    REFUSED(TERSOR_OK, a.m = 0; a.rows = 0; a.src = NULL; a.dst = NULL);
    REFUSED(TERSOR_OK, a.e.dst_type = TERSOR_S32; a.e.multiplier = NULL; a.e.lo = NAN);
    packed[0] ^= 1;
    expect_gemm(valid(), TERSOR_INVALID_PACKED, "damaged head");
    packed[0] ^= 1;
    expect_status(pack(TERSOR_F32, TERSOR_F32, multiplier, 1, 1), TERSOR_OK, "pack f32");
    REFUSED(TERSOR_INVALID_ARGUMENT, a.columns = 1; a.e.dst_type = TERSOR_U8);
    expect_status(pack(TERSOR_F32, TERSOR_S8, weights, 1, 1), TERSOR_OK, "pack f32 s8");
    REFUSED(TERSOR_INVALID_ARGUMENT, a.columns = 1; a.src = scratch; a.e.dst_type = TERSOR_U8);
    REFUSED(TERSOR_INVALID_ARGUMENT, a.columns = 1; a.src = scratch; a.e.dst_type = TERSOR_F32; a.src_scale = 2);
    const tersor_conv2d_geometry one = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1};
    expect_status(tersor_conv2d_pack(ISA, TERSOR_U8, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE, &one, weights, 0, NULL, NULL, packed, BYTES), TERSOR_OK,
                  "pack a convolution");
    expect_gemm(valid(), TERSOR_INVALID_PACKED, "packed for a convolution");
}

static void expect_pack(tersor_status expected, int64_t k, int64_t n, const int8_t *w, int64_t k_stride,
                        int64_t n_stride, int32_t zero_point, const int32_t *weights_zero_points, int64_t bytes,
                        const char *what) {
    cases++;
    expect_status(tersor_gemm_pack(ISA, TERSOR_U8, TERSOR_S8, TERSOR_DENSE, k, n, w, k_stride, n_stride, zero_point,
                                   weights_zero_points, NULL, packed, bytes),
                  expected, what);
}

static void test_pack(void) {
    const int64_t huge = 0x7fffffff;
    expect_pack(TERSOR_OK, K, N, weights, N, 1, 255, zero_points, BYTES, "valid");
    expect_pack(TERSOR_INVALID_SIZE, -1, N, weights, N, 1, 0, NULL, BYTES, "negative k");
    expect_pack(TERSOR_INVALID_SIZE, K, N, weights, -1, 1, 0, NULL, BYTES, "negative stride");
    expect_pack(TERSOR_INVALID_SIZE, K, N, weights, INT64_MAX, 1, 0, NULL, BYTES, "huge stride");
    expect_pack(TERSOR_NULL_POINTER, K, N, NULL, N, 1, 0, NULL, BYTES, "no weights");
    expect_pack(TERSOR_BUFFER_TOO_SMALL, huge, huge, weights, huge, 1, 0, NULL, BYTES, "huge shape");
    expect_pack(TERSOR_BUFFER_TOO_SMALL, K, N, weights, N, 1, 0, NULL, 64, "small buffer");
    expect_pack(TERSOR_INVALID_ARGUMENT, K, N, weights, N, 1, 256, NULL, BYTES, "zero point of src");
    expect_pack(TERSOR_INVALID_ARGUMENT, K, N, weights, N, 1, -1, NULL, BYTES, "negative zero point of src");
    zero_points[N - 1] = 128;
    expect_pack(TERSOR_INVALID_ARGUMENT, K, N, weights, N, 1, 0, zero_points, BYTES, "zero point of weights");
    zero_points[N - 1] = 0;
    cases++;
    expect_status(tersor_gemm_pack(ISA, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, 1, 1, multiplier, 1, 1, 0, zero_points, NULL, packed,
                                   BYTES),
                  TERSOR_INVALID_ARGUMENT, "zero points of floats");
    static const struct {
        uint32_t isa;
        tersor_type src, weights;
        int64_t k, n;
        tersor_status expected;
    } QUESTIONS[] = {
        {TERSOR_ISA_PORTABLE, TERSOR_F32, TERSOR_F32, 0x7fffffff, 0x7fffffff, TERSOR_INVALID_SIZE},
        {TERSOR_ISA_PORTABLE, TERSOR_U8, TERSOR_S8, K, -N, TERSOR_INVALID_SIZE},
        {TERSOR_ISA_PORTABLE, TERSOR_U8, TERSOR_S8, INT64_MIN, N, TERSOR_INVALID_SIZE},
        {TERSOR_ISA_PORTABLE, TERSOR_U8, TERSOR_S8, K, INT64_MAX, TERSOR_INVALID_SIZE},
        {TERSOR_ISA_PORTABLE, TERSOR_S32, TERSOR_S8, K, N, TERSOR_INVALID_ARGUMENT},
        {TERSOR_ISA_PORTABLE, TERSOR_U8, TERSOR_U8, K, N, TERSOR_INVALID_ARGUMENT},
        {TERSOR_ISA_PORTABLE, TERSOR_BF16, TERSOR_F32, K, N, TERSOR_INVALID_ARGUMENT},
        {0, TERSOR_U8, TERSOR_S8, K, N, TERSOR_UNSUPPORTED_ISA},
        {UINT32_C(1) << 31, TERSOR_U8, TERSOR_S8, K, N, TERSOR_UNSUPPORTED_ISA},
        {TERSOR_ISA_PORTABLE | TERSOR_ISA_AVX2, TERSOR_U8, TERSOR_S8, K, N, TERSOR_UNSUPPORTED_ISA},
    };
    int64_t bytes = -7;
    for (size_t i = 0; i < sizeof QUESTIONS / sizeof *QUESTIONS; i++) {
        cases++;
        expect_status(tersor_gemm_packed_bytes(QUESTIONS[i].isa, QUESTIONS[i].src, QUESTIONS[i].weights,
                                               TERSOR_DENSE, QUESTIONS[i].k, QUESTIONS[i].n, NULL, 0, 0, &bytes),
                      QUESTIONS[i].expected, "packed bytes");
    }
    expect_status(tersor_gemm_packed_bytes(ISA, TERSOR_U8, TERSOR_S8, TERSOR_DENSE, K, N, NULL, 0, 0, NULL),
                  TERSOR_NULL_POINTER, "no result");
    if (bytes != -7) {
        fail("a refused question was answered with %lld", (long long) bytes);
    }
}

static tersor_status pack_conv(int64_t ic, int64_t oc, int64_t kh, int64_t stride, int64_t pad, int64_t dilation,
                               int64_t groups) {
    cases++;
    const tersor_conv2d_geometry g = {ic, oc, kh, 1, groups, stride, 1, pad, 0, 0, 0, dilation, 1};
    return tersor_conv2d_pack(ISA, TERSOR_U8, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE, &g, weights, 0, NULL, NULL, packed, BYTES);
}

static tersor_status conv(int64_t n, int64_t h, int64_t w, int64_t first, int64_t count, const void *from) {
    cases++;
    const tersor_epilogue e = {.multiplier = multiplier, .hi = 1, .dst_type = TERSOR_U8};
    return tersor_conv2d(packed, BYTES, &e, n, h, w, first, count, 0, 1, from, NULL, dst, scratch, sizeof scratch);
}

static void test_conv2d(void) {
    const int64_t huge = 0x7fffffff;
    expect_status(pack_conv(0, 1, 1, 1, 0, 1, 1), TERSOR_INVALID_SIZE, "ic 0");
    expect_status(pack_conv(1, 1, 1, 0, 0, 1, 1), TERSOR_INVALID_SIZE, "stride 0");
    expect_status(pack_conv(1, 1, 1, 1, -1, 1, 1), TERSOR_INVALID_SIZE, "negative padding");
    expect_status(pack_conv(1, 1, 1, 1, 0, 0, 1), TERSOR_INVALID_SIZE, "dilation 0");
    expect_status(pack_conv(3, 4, 1, 1, 0, 1, 2), TERSOR_INVALID_SIZE, "groups that do not divide ic");
    expect_status(pack_conv(huge, 1, huge, 1, 0, 1, 1), TERSOR_INVALID_SIZE, "too many products");
    expect_status(pack_conv(huge, huge, 1, 1, 0, 1, huge), TERSOR_BUFFER_TOO_SMALL, "huge depthwise");
    expect_status(pack_conv(huge, huge, huge, 1, 0, 1, huge), TERSOR_INVALID_SIZE, "overflowing depthwise");
    expect_status(pack_conv(1, 1, 1, 1, huge, 1, 1), TERSOR_OK, "huge padding");
    expect_status(conv(huge, huge, huge, 0, 1, src), TERSOR_INVALID_SIZE, "overflowing results");
    expect_status(conv(huge, 0, huge, 0, 1, src), TERSOR_INVALID_SIZE, "overflowing results of padding alone");
    expect_status(pack_conv(1, 1, 2, 1, 0, 1, 1), TERSOR_OK, "valid");
    expect_status(conv(1, 3, 4, 0, 2, src), TERSOR_OK, "valid");
    expect_status(conv(-1, 3, 4, 0, 2, src), TERSOR_INVALID_SIZE, "negative n");
    expect_status(conv(1, 3, 4, 0, 3, src), TERSOR_INVALID_SIZE, "more lines than there are");
    expect_status(conv(1, 3, 4, 3, 0, src), TERSOR_INVALID_SIZE, "first beyond the lines");
    expect_status(conv(1, 3, 4, INT64_MAX, INT64_MAX, src), TERSOR_INVALID_SIZE, "overflowing part");
    expect_status(conv(huge, huge, huge, 0, 0, src), TERSOR_INVALID_SIZE, "overflowing images");
    expect_status(conv(1, 3, 4, 0, 2, NULL), TERSOR_NULL_POINTER, "no src");
    expect_status(conv(0, 3, 4, 0, 0, NULL), TERSOR_OK, "no images");
    const tersor_epilogue e = {.multiplier = multiplier, .hi = 1, .dst_type = TERSOR_U8, .residual_type = TERSOR_U8};
    cases++;
    expect_status(tersor_conv2d(packed, BYTES, &e, 1, 3, 4, 0, 2, 0, 1, src, NULL, dst, scratch, sizeof scratch),
                  TERSOR_NULL_POINTER, "no residual");
    expect_status(tersor_conv2d(packed, BYTES, &e, 1, 3, 4, 0, 2, 0, 2, src, dst, dst, scratch, sizeof scratch),
                  TERSOR_INVALID_SIZE, "more channels than there are");
    expect_status(tersor_conv2d(packed, BYTES, &e, 1, 3, 4, 0, 2, 0, 1, src, dst, dst, scratch, 64),
                  TERSOR_BUFFER_TOO_SMALL, "scratch");
    expect_status(tersor_conv2d_pack(ISA, TERSOR_U8, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE, NULL, weights, 0, NULL, NULL, packed,
                                     BYTES),
                  TERSOR_NULL_POINTER, "no geometry");
    const tersor_conv2d_geometry g = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1};
    expect_status(tersor_conv2d_pack(ISA, TERSOR_F32, TERSOR_S8, TERSOR_DENSE, TERSOR_COMPONENTWISE, &g, weights, 0, NULL, NULL, packed,
                                     BYTES),
                  TERSOR_INVALID_ARGUMENT, "types");
    expect_status(tersor_conv2d_pack(ISA, TERSOR_F32, TERSOR_F32, TERSOR_DENSE, TERSOR_COMPONENTWISE, &g, multiplier, 0, zero_points, NULL,
                                     packed, BYTES),
                  TERSOR_INVALID_ARGUMENT, "zero points of floats");
}

static tersor_status sparse_bytes(uint32_t isa, tersor_type type, tersor_sparsity sparsity, int64_t k, const void *w,
                                  int64_t *bytes) {
    return tersor_gemm_packed_bytes(isa, type, type == TERSOR_U8 ? TERSOR_S8 : type, sparsity, k, N, w, 1, k, bytes);
}

static tersor_status sparse_pack(const int32_t *zeros, int64_t bytes) {
    return tersor_gemm_pack(ISA, TERSOR_U8, TERSOR_S8, TERSOR_SCATTERED, K, N, weights, N, 1, 0, zeros, NULL, packed,
                            bytes);
}

/* Weights decide how many bytes they take. */
static void test_sparse(void) {
    static const int8_t full[16 * N + 1] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    int64_t none = -7, one = -7, untouched = -7;
    cases++;
    expect_status(sparse_bytes(ISA, TERSOR_U8, TERSOR_SCATTERED, K, weights, &none), TERSOR_OK, "no weight");
    weights[7] = 1;
    expect_status(sparse_bytes(ISA, TERSOR_U8, TERSOR_SCATTERED, K, weights, &one), TERSOR_OK, "one weight");
    if (one <= none) {
        fail("a weight takes %lld bytes, none %lld", (long long) one, (long long) none);
    }
    expect_status(sparse_bytes(ISA, TERSOR_U8, TERSOR_SCATTERED, K, NULL, &untouched), TERSOR_NULL_POINTER, "weights");
    expect_status(sparse_bytes(ISA, TERSOR_U8, TERSOR_SCATTERED, -1, weights, &untouched), TERSOR_INVALID_SIZE, "k");
    expect_status(sparse_bytes(ISA, TERSOR_U8, TERSOR_SINGLES + 1, K, weights, &untouched), TERSOR_INVALID_ARGUMENT,
                  "unknown sparsity");
    expect_status(sparse_bytes(ISA, TERSOR_U8, -1, K, weights, &untouched), TERSOR_INVALID_ARGUMENT, "sparsity -1");
    expect_status(sparse_bytes(ISA, TERSOR_BF16, TERSOR_SCATTERED, 1, multiplier, &untouched), TERSOR_INVALID_ARGUMENT,
                  "sparse bf16");
    if (untouched != -7) {
        fail("a refused question was answered with %lld", (long long) untouched);
    }
    if ((usable_isas() & TERSOR_ISA_AVX512_VNNI) != 0) {
        expect_status(sparse_bytes(TERSOR_ISA_AVX512_VNNI, TERSOR_U8, TERSOR_HALVES, 16, full, &untouched),
                      TERSOR_INVALID_ARGUMENT, "9 weights in 16");
        expect_status(sparse_bytes(TERSOR_ISA_AVX512_VNNI, TERSOR_U8, TERSOR_HALVES, 16, full + 1, &one), TERSOR_OK,
                      "8 weights in 16");
    }
    expect_status(sparse_pack(NULL, BYTES), TERSOR_OK, "valid");
    expect_gemm(valid(), TERSOR_OK, "sparse");
    expect_status(sparse_pack(NULL, none), TERSOR_BUFFER_TOO_SMALL, "bytes of fewer weights");
    zero_points[1] = 1;
    expect_status(sparse_pack(zero_points, BYTES), TERSOR_INVALID_ARGUMENT, "zero points");
    zero_points[1] = 0;
    expect_status(sparse_pack(zero_points, BYTES), TERSOR_OK, "zero points of 0");
    const tersor_conv2d_geometry g = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1};
    expect_status(tersor_conv2d_packed_bytes(ISA, TERSOR_U8, TERSOR_S8, TERSOR_SCATTERED, TERSOR_COMPONENTWISE, &g, 1, weights, &one),
                  TERSOR_INVALID_ARGUMENT, "zero points of a convolution");
    expect_status(tersor_conv2d_packed_bytes(ISA, TERSOR_U8, TERSOR_S8, TERSOR_SCATTERED, TERSOR_COMPONENTWISE, NULL, 0, weights, &one),
                  TERSOR_NULL_POINTER, "no geometry");
    weights[7] = 0;
}

static void test_elementwise(void) {
    float scale[N] = {1, 1, 1, 1};
    float reals[N] = {0};
    cases++;
    expect_status(tersor_quantize(ISA, TERSOR_U8, 1, N, 1, reals, scale, zero_points, dst), TERSOR_OK, "valid");
    expect_status(tersor_quantize(ISA, TERSOR_S32, 1, N, 1, reals, scale, zero_points, dst), TERSOR_INVALID_ARGUMENT,
                  "type");
    expect_status(tersor_quantize(0, TERSOR_U8, 1, N, 1, reals, scale, zero_points, dst), TERSOR_UNSUPPORTED_ISA,
                  "isa");
    expect_status(tersor_quantize(ISA, TERSOR_U8, -1, N, 1, reals, scale, zero_points, dst), TERSOR_INVALID_SIZE,
                  "negative outer");
    expect_status(tersor_quantize(ISA, TERSOR_U8, 0x7fffffff, 0x7fffffff, 0x7fffffff, reals, scale, zero_points, dst),
                  TERSOR_INVALID_SIZE, "overflow");
    expect_status(tersor_quantize(ISA, TERSOR_U8, 1, N, 1, NULL, scale, zero_points, dst), TERSOR_NULL_POINTER, "src");
    expect_status(tersor_quantize(ISA, TERSOR_U8, 1, N, 1, reals, scale, NULL, dst), TERSOR_NULL_POINTER, "zeros");
    zero_points[0] = -1;
    expect_status(tersor_quantize(ISA, TERSOR_U8, 1, N, 1, reals, scale, zero_points, dst), TERSOR_INVALID_ARGUMENT,
                  "zero point");
    zero_points[0] = 0;
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_U8, 1, 2, N / 2, reals, 1, 0, dst), TERSOR_OK, "valid");
    expect_status(tersor_quantize_nhwc(0, TERSOR_U8, 1, 2, N / 2, reals, 1, 0, dst), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_F32, 1, 2, N / 2, reals, 1, 0, dst), TERSOR_INVALID_ARGUMENT,
                  "type");
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_U8, 1, -2, N / 2, reals, 1, 0, dst), TERSOR_INVALID_SIZE,
                  "negative channels");
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_U8, 0x7fffffff, 0x7fffffff, 0x7fffffff, reals, 1, 0, dst),
                  TERSOR_INVALID_SIZE, "overflow");
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_U8, 1, 2, N / 2, reals, 1, 0, NULL), TERSOR_NULL_POINTER, "dst");
    expect_status(tersor_quantize_nhwc(ISA, TERSOR_U8, 1, 2, N / 2, reals, 1, 256, dst), TERSOR_INVALID_ARGUMENT,
                  "zero point");
    expect_status(tersor_dequantize(ISA, TERSOR_F32, 1, N, 1, src, scale, zero_points, reals), TERSOR_INVALID_ARGUMENT,
                  "type");
    expect_status(tersor_requantize(ISA, TERSOR_S32, TERSOR_F32, 1, 1, 1, reals, zero_points, scale, 0, dst),
                  TERSOR_INVALID_ARGUMENT, "type");
    expect_status(tersor_requantize(ISA, TERSOR_U8, TERSOR_S8, 1, 1, 1, src, zero_points, scale, 128, dst),
                  TERSOR_INVALID_ARGUMENT, "zero point");
}

/* What a pooling of [1, 2, 2, 1] by windows of one pixel says of one argument that is changed. */
typedef struct pooling {
    uint32_t isa;
    tersor_pooling kind;
    tersor_type type;
    tersor_pool2d_window window;
    int64_t images, h, w, oh, first_line, lines;
    int32_t zero_point;
    const void *src;
} pooling;

static tersor_status pool(pooling p) {
    return tersor_pool2d(p.isa, p.kind, p.type, &p.window, p.images, p.h, p.w, 1, p.oh, 2, p.first_line, p.lines,
                         p.zero_point, 1, 0, p.src, dst);
}

#define POOL(expected, change)                                                                                         \
    do {                                                                                                               \
        pooling p = {ISA, TERSOR_POOL_MAX, TERSOR_U8, {1, 1, 1, 1, 1, 1, 0, 0, 0, 0}, 1, 2, 2, 2, 0, 2, 0, src};       \
        change;                                                                                                        \
        expect_status(pool(p), expected, #change);                                                                     \
    } while (0)

static void test_pool(void) {
    const int64_t huge = 0x7fffffff;
    cases++;
    POOL(TERSOR_OK, p.kind = TERSOR_POOL_AVERAGE_WITH_PADDING);
    POOL(TERSOR_UNSUPPORTED_ISA, p.isa = 0);
    POOL(TERSOR_INVALID_ARGUMENT, p.type = TERSOR_S32);
    POOL(TERSOR_INVALID_ARGUMENT, p.kind = -1);
    POOL(TERSOR_INVALID_ARGUMENT, p.kind = 3);
    POOL(TERSOR_INVALID_ARGUMENT, p.zero_point = 256);
    POOL(TERSOR_NULL_POINTER, p.src = NULL);
    POOL(TERSOR_MISALIGNED, p.type = TERSOR_F32; p.src = src + 1);
    POOL(TERSOR_INVALID_SIZE, p.first_line = 1);
    POOL(TERSOR_INVALID_SIZE, p.oh = -2; p.lines = 0);
    POOL(TERSOR_INVALID_SIZE, p.images = p.h = p.w = huge);
    POOL(TERSOR_INVALID_SIZE, p.window.dilation_w = 0);
    POOL(TERSOR_INVALID_SIZE, p.window.pad_right = -1);
    POOL(TERSOR_OK, p.window.kh = p.window.kw = 4000);
    POOL(TERSOR_INVALID_SIZE, p.window.kh = p.window.kw = 4000; p.kind = TERSOR_POOL_AVERAGE);
    expect_status(tersor_pool2d(ISA, TERSOR_POOL_MAX, TERSOR_U8, NULL, 1, 2, 2, 1, 2, 2, 0, 2, 0, 1, 0, src, dst),
                  TERSOR_NULL_POINTER, "window");
}

static void test_global_average_pool(void) {
    cases++;
    expect_status(tersor_global_average_pool(ISA, TERSOR_U8, 1, 1, N, 0, 1, 0, src, dst), TERSOR_OK, "valid");
    expect_status(tersor_global_average_pool(0, TERSOR_U8, 1, 1, N, 0, 1, 0, src, dst), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_global_average_pool(ISA, TERSOR_S32, 1, 1, N, 0, 1, 0, src, dst), TERSOR_INVALID_ARGUMENT,
                  "type");
    expect_status(tersor_global_average_pool(ISA, TERSOR_U8, 1, 1, N, 0, 1, 256, src, dst), TERSOR_INVALID_ARGUMENT,
                  "zero point");
    expect_status(tersor_global_average_pool(ISA, TERSOR_U8, 1, -1, N, 0, 1, 0, src, dst), TERSOR_INVALID_SIZE,
                  "pixels");
    expect_status(tersor_global_average_pool(ISA, TERSOR_U8, 0x7fffffff, 0x7fffffff, 0x7fffffff, 0, 1, 0, src, dst),
                  TERSOR_INVALID_SIZE, "overflow");
    expect_status(tersor_global_average_pool(ISA, TERSOR_U8, 1, 1, N, 0, 1, 0, NULL, dst), TERSOR_NULL_POINTER, "src");
}

static void test_layer_norm(void) {
    float scale[N] = {1, 1, 1, 1}, reals[N] = {0};
    cases++;
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, 1, N, 0, scale, scale, 0, reals, dst), TERSOR_OK, "valid");
    expect_status(tersor_layer_norm(0, TERSOR_U8, 1, 1, N, 0, scale, scale, 0, reals, dst), TERSOR_UNSUPPORTED_ISA,
                  "isa");
    expect_status(tersor_layer_norm(ISA, TERSOR_BF16, 1, 1, N, 0, scale, scale, 0, reals, dst),
                  TERSOR_INVALID_ARGUMENT, "type");
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, 1, N, -1, scale, scale, 0, reals, dst), TERSOR_INVALID_ARGUMENT,
                  "epsilon");
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, 1, N, 0, scale, scale, -1, reals, dst), TERSOR_INVALID_ARGUMENT,
                  "zero point");
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, -1, N, 0, scale, scale, 0, reals, dst), TERSOR_INVALID_SIZE,
                  "rows");
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, 1, N, 0, NULL, scale, 0, reals, dst), TERSOR_NULL_POINTER,
                  "scale");
    expect_status(tersor_layer_norm(ISA, TERSOR_U8, 1, 1, N, 0, scale, scale, 0, reals, NULL), TERSOR_NULL_POINTER,
                  "dst");
}

static void test_names(void) {
    cases++;
    const char *name = NULL;
    if (tersor_abi_version() != TERSOR_ABI_VERSION || strlen(tersor_version()) < 5) {
        fail("version %d %s", tersor_abi_version(), tersor_version());
    }
    expect_status(tersor_cpu_isas(NULL), TERSOR_NULL_POINTER, "tersor_cpu_isas");
    if ((usable_isas() & TERSOR_ISA_PORTABLE) == 0 || strcmp(tersor_isa_name(TERSOR_ISA_PORTABLE), "portable") != 0) {
        fail("the portable kernels are missing");
    }
    for (tersor_status status = TERSOR_OK; status <= TERSOR_INVALID_PACKED; status++) {
        if (strcmp(tersor_status_name(status), "unknown status") == 0) {
            fail("status %d has no name", status);
        }
    }
    if (strcmp(tersor_status_name(-1), "unknown status") != 0 || strcmp(tersor_isa_name(3), "unknown") != 0) {
        fail("what is unknown has a name");
    }
    expect_status(pack(TERSOR_U8, TERSOR_S8, weights, K, N), TERSOR_OK, "pack");
    expect_status(tersor_packed_kernel_name(packed, BYTES, &name), TERSOR_OK, "kernel name");
    if (name == NULL || strcmp(name, "u8s8_gemm_4x16__portable") != 0) {
        fail("kernel name: %s", name == NULL ? "none" : name);
    }
    expect_status(tersor_packed_kernel_name(scratch, sizeof scratch, &name), TERSOR_INVALID_PACKED, "not packed");
    expect_status(tersor_packed_kernel_name(packed, 8, &name), TERSOR_BUFFER_TOO_SMALL, "short");
}

static void test_recurrent(void) {
    static float x[4 * N], r[4 * N], h[N], c[N];
    const tersor_recurrent_function tanh = {TERSOR_MAP_TANH, 1, 1};
    const tersor_recurrent_cell valid = {
        .hidden = N, .kind = TERSOR_LSTM, .clip = INFINITY, .gate = tanh, .candidate = tanh, .output = tanh};
#define CELL(expected, change)                                                                                         \
    do {                                                                                                               \
        tersor_recurrent_cell cell = valid;                                                                            \
        change;                                                                                                        \
        expect_status(tersor_recurrent_step(ISA, &cell, x, 0, r, 0, h, c, 0), expected, #change);                               \
        cases++;                                                                                                       \
    } while (0)
    CELL(TERSOR_OK, cell.hidden = 0);
    CELL(TERSOR_OK, cell.kind = TERSOR_LSTM);
    CELL(TERSOR_INVALID_SIZE, cell.hidden = -1);
    CELL(TERSOR_INVALID_SIZE, cell.hidden = INT64_C(1) << 31);
    CELL(TERSOR_INVALID_ARGUMENT, cell.kind = -1);
    CELL(TERSOR_INVALID_ARGUMENT, cell.kind = TERSOR_LSTM + 1);
    CELL(TERSOR_INVALID_ARGUMENT, cell.clip = -1);
    CELL(TERSOR_INVALID_ARGUMENT, cell.clip = NAN);
    CELL(TERSOR_INVALID_ARGUMENT, cell.gate.function = -1);
    CELL(TERSOR_INVALID_ARGUMENT, cell.output.function = TERSOR_MAP_FUNCTIONS);
    CELL(TERSOR_INVALID_ARGUMENT, cell.candidate = ((tersor_recurrent_function){TERSOR_MAP_CLIP, 1, 0}));
    CELL(TERSOR_MISALIGNED, cell.peepholes = (const float *) (const void *) (scratch + 1));
    expect_status(tersor_recurrent_step(0, &valid, x, 0, r, 0, h, c, 0), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_recurrent_step(ISA, NULL, x, 0, r, 0, h, c, 0), TERSOR_NULL_POINTER, "cell");
    expect_status(tersor_recurrent_step(ISA, &valid, NULL, 0, r, 0, h, c, 0), TERSOR_NULL_POINTER, "x");
    expect_status(tersor_recurrent_step(ISA, &valid, x, 0, NULL, 0, h, c, 0), TERSOR_NULL_POINTER, "r");
    expect_status(tersor_recurrent_step(ISA, &valid, x, 0, r, 0, NULL, c, 0), TERSOR_NULL_POINTER, "h");
    expect_status(tersor_recurrent_step(ISA, &valid, x, 0, r, 0, h, NULL, 0), TERSOR_NULL_POINTER, "c");
    expect_status(tersor_recurrent_step(ISA, &valid, x, -1, r, 0, h, c, 0), TERSOR_INVALID_SIZE, "x_at");
    expect_status(tersor_recurrent_step(ISA, &valid, x, 0, r, INT64_MAX, h, c, 0), TERSOR_INVALID_SIZE, "r_at");
    expect_status(tersor_recurrent_step(ISA, &valid, x, 0, r, 0, h, c, -1), TERSOR_INVALID_SIZE, "at");
    tersor_recurrent_cell gru = valid;
    gru.kind = TERSOR_GRU;
    expect_status(tersor_recurrent_step(ISA, &gru, x, 0, r, 0, h, NULL, 0), TERSOR_OK, "a GRU has no c");
    expect_status(tersor_recurrent_reset(ISA, &gru, x, 0, r, 0, h, c, 0), TERSOR_OK, "reset");
    expect_status(tersor_recurrent_reset(ISA, &gru, x, 0, r, 0, h, NULL, 0), TERSOR_NULL_POINTER, "scaled");
    expect_status(tersor_recurrent_reset(ISA, &valid, x, 0, r, 0, h, c, 0), TERSOR_INVALID_ARGUMENT, "reset of an LSTM");
}

int main(void) {
    test_gemm();
    test_recurrent();
    test_pack();
    test_conv2d();
    test_sparse();
    test_elementwise();
    test_pool();
    test_global_average_pool();
    test_layer_norm();
    test_names();
    return test_result("arguments", cases);
}
