/*
 * Weights that share their zeros by 16 or 32 columns, on AMX. 16 k steps of a panel are one step of the tiles: their
 * rows, 64 bytes for 16 rows of the source each, are gathered side by side and are the second factor; the weights are the
 * first. So a tile of sums is [column][row of the source]. Four tiles of sums are in flight: 2 x 2 of 32 columns, or 1 x 4
 * of 16, which gather twice as much for each product.
 */
#include "amx_tile.h"
#include "kernels.h"
#include "rows.h"
#include "scattered.h"
#include "sparse_pack.h"

#if defined(TERSOR_EMULATION)
#define TURN turn_16__portable
#else
#define TURN turn_16__avx512f
#endif

enum { WIDE_ROWS = 32, NARROW_ROWS = 64, WEIGHTS_STRIDE = 64 };

/* All tiles have 16 rows of 64 bytes: 0 to 3 sums, 4 and 5 weights, 6 and 7 gathered rows. */
static void enter(int64_t rows, int64_t step_bytes) {
    (void) rows;
    (void) step_bytes;
    amx_enter(AMX_TILE_ROWS, AMX_STEP_BYTES);
}

/* What one multiplication does. */
typedef struct gathered_steps {
    const int32_t *list;
    const char *turned, *weights;
    int64_t count;
} gathered_steps;

static gathered_steps steps_of(const scattered_tile *t) {
    int64_t count;
    memcpy(&count, t->panel, sizeof count);
    return (gathered_steps){
        .list = const_row_of(t->panel, 1, STEP_LIST_HEAD),
        .turned = t->turned,
        .weights = const_row_of(t->panel, 1, sparse_listed_bytes(count)),
        .count = count,
    };
}

static void gather(const gathered_steps *s, int64_t first, int64_t bytes, char *to) {
    for (int64_t i = 0; i < GATHERED_STEPS; i++) {
        memcpy(to + i * bytes, s->turned + s->list[first + i] * bytes, (size_t) bytes);
    }
}

/* Sums start from one word of each column. */
static void fill_sums(const scattered_tile *t, int64_t columns, int64_t rows) {
    uint32_t *sums = t->acc;
    for (int64_t j = 0; j < columns; j++, sums += rows) {
        const uint32_t init = j < t->columns ? ((const uint32_t *) t->init)[j] : 0;
        for (int64_t i = 0; i < rows; i++) {
            sums[i] = init;
        }
    }
}

#define GATHERED(name, dot)                                                                                            \
    static void name##_wide(const scattered_tile *t) {                                                                 \
        enum { BYTES = WIDE_ROWS * 4 };                                                                                \
        _Alignas(64) char gathered[2][GATHERED_STEPS * BYTES];                                                         \
        gathered_steps s = steps_of(t);                                                                                \
        char *sums = t->acc;                                                                                           \
        fill_sums(t, 32, WIDE_ROWS);                                                                                   \
        _tile_loadd(0, sums, BYTES);                                                                                   \
        _tile_loadd(1, sums + 64, BYTES);                                                                              \
        _tile_loadd(2, sums + 16 * BYTES, BYTES);                                                                      \
        _tile_loadd(3, sums + 16 * BYTES + 64, BYTES);                                                                 \
        for (int64_t k = 0; k < s.count; k += GATHERED_STEPS, s.weights += 32 * WEIGHTS_STRIDE) {                      \
            char *rows = gathered[k / GATHERED_STEPS % 2];                                                             \
            gather(&s, k, BYTES, rows);                                                                                \
            _tile_loadd(4, s.weights, WEIGHTS_STRIDE);                                                                 \
            _tile_loadd(6, rows, BYTES);                                                                               \
            dot(0, 4, 6);                                                                                              \
            _tile_loadd(7, rows + 64, BYTES);                                                                          \
            dot(1, 4, 7);                                                                                              \
            _tile_loadd(5, s.weights + 16 * WEIGHTS_STRIDE, WEIGHTS_STRIDE);                                           \
            dot(2, 5, 6);                                                                                              \
            dot(3, 5, 7);                                                                                              \
        }                                                                                                              \
        _tile_stored(0, sums, BYTES);                                                                                  \
        _tile_stored(1, sums + 64, BYTES);                                                                             \
        _tile_stored(2, sums + 16 * BYTES, BYTES);                                                                     \
        _tile_stored(3, sums + 16 * BYTES + 64, BYTES);                                                                \
    }                                                                                                                  \
                                                                                                                       \
    static void name##_narrow(const scattered_tile *t) {                                                               \
        enum { BYTES = NARROW_ROWS * 4 };                                                                              \
        _Alignas(64) char gathered[2][GATHERED_STEPS * BYTES];                                                         \
        gathered_steps s = steps_of(t);                                                                                \
        char *sums = t->acc;                                                                                           \
        fill_sums(t, 16, NARROW_ROWS);                                                                                 \
        _tile_loadd(0, sums, BYTES);                                                                                   \
        _tile_loadd(1, sums + 64, BYTES);                                                                              \
        _tile_loadd(2, sums + 128, BYTES);                                                                             \
        _tile_loadd(3, sums + 192, BYTES);                                                                             \
        for (int64_t k = 0; k < s.count; k += GATHERED_STEPS, s.weights += 16 * WEIGHTS_STRIDE) {                      \
            char *rows = gathered[k / GATHERED_STEPS % 2];                                                             \
            gather(&s, k, BYTES, rows);                                                                                \
            _tile_loadd(4, s.weights, WEIGHTS_STRIDE);                                                                 \
            _tile_loadd(6, rows, BYTES);                                                                               \
            dot(0, 4, 6);                                                                                              \
            _tile_loadd(7, rows + 64, BYTES);                                                                          \
            dot(1, 4, 7);                                                                                              \
            _tile_loadd(6, rows + 128, BYTES);                                                                         \
            dot(2, 4, 6);                                                                                              \
            _tile_loadd(7, rows + 192, BYTES);                                                                         \
            dot(3, 4, 7);                                                                                              \
        }                                                                                                              \
        _tile_stored(0, sums, BYTES);                                                                                  \
        _tile_stored(1, sums + 64, BYTES);                                                                             \
        _tile_stored(2, sums + 128, BYTES);                                                                            \
        _tile_stored(3, sums + 192, BYTES);                                                                            \
    }                                                                                                                  \
                                                                                                                       \
    static const scattered_kernel name##_wide_kernel = {16, TURN, NULL, name##_wide};                                        \
    static const scattered_kernel name##_narrow_kernel = {16, TURN, NULL, name##_narrow};

GATHERED(u8, _tile_dpbsud)
GATHERED(s8, _tile_dpbssd)

#define GATHERED_FORM(kernel, rows_, columns_)                                                                         \
    .form = PANEL_GATHERED, .scattered = kernel, .rows = rows_, .columns = columns_, .group = 4, .step = 4,            \
    .enter = enter, .leave = amx_leave

static const gemm_kernel u8s8_blocks_32x32__amx_int8 = {.name = "u8s8_blocks_32x32__amx_int8",
                                                        GATHERED_FORM(&u8_wide_kernel, WIDE_ROWS, 32), ROWS_OF_U8};
static const gemm_kernel u8s8_blocks_64x16__amx_int8 = {.name = "u8s8_blocks_64x16__amx_int8",
                                                        GATHERED_FORM(&u8_narrow_kernel, NARROW_ROWS, 16), ROWS_OF_U8};
static const gemm_kernel s8s8_blocks_32x32__amx_int8 = {.name = "s8s8_blocks_32x32__amx_int8",
                                                        GATHERED_FORM(&s8_wide_kernel, WIDE_ROWS, 32), ROWS_OF_S8};
static const gemm_kernel s8s8_blocks_64x16__amx_int8 = {.name = "s8s8_blocks_64x16__amx_int8",
                                                        GATHERED_FORM(&s8_narrow_kernel, NARROW_ROWS, 16), ROWS_OF_S8};

#if defined(TERSOR_EMULATION)
extern const gemm_kernel u8s8_scattered_16x1__portable, s8s8_scattered_16x1__portable;
#define SCATTERED_BESIDE_AMX(types) types##_scattered_16x1__portable
#define HALVES_BESIDE_AMX(types) NULL
#define SINGLES_BESIDE_AMX(types) NULL
#else
extern const gemm_kernel u8s8_scattered_64x1__avx512_vnni, s8s8_scattered_64x1__avx512_vnni;
extern const gemm_kernel u8s8_halves_8x32__avx512_vnni, s8s8_halves_8x32__avx512_vnni;
#define SCATTERED_BESIDE_AMX(types) types##_scattered_64x1__avx512_vnni
extern const gemm_kernel u8s8_singles_64x1__avx512_vnni, s8s8_singles_64x1__avx512_vnni;
#define HALVES_BESIDE_AMX(types) &types##_halves_8x32__avx512_vnni
#define SINGLES_BESIDE_AMX(types) &types##_singles_64x1__avx512_vnni
#endif

const sparse_kernels u8s8_sparse__amx_int8 = {
    .scattered = &SCATTERED_BESIDE_AMX(u8s8),
    .blocks_16 = &u8s8_blocks_64x16__amx_int8,
    .blocks_32 = &u8s8_blocks_32x32__amx_int8,
    .halves = HALVES_BESIDE_AMX(u8s8),
    .singles = SINGLES_BESIDE_AMX(u8s8),
};
const sparse_kernels s8s8_sparse__amx_int8 = {
    .scattered = &SCATTERED_BESIDE_AMX(s8s8),
    .blocks_16 = &s8s8_blocks_64x16__amx_int8,
    .blocks_32 = &s8s8_blocks_32x32__amx_int8,
    .halves = HALVES_BESIDE_AMX(s8s8),
    .singles = SINGLES_BESIDE_AMX(s8s8),
};
