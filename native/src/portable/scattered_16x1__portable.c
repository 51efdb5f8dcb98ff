/* Scattered weights in plain C: 16 rows at once, for the compiler to make vectors of. Sums wrap, hence the unsigned type. */
#include "compiler.h"
#include "kernels.h"
#include "rows.h"
#include "scattered.h"

enum { ROWS = 16 };

void turn_16__portable(const char *const *rows, int64_t count, char *to, int64_t pitch) {
    for (int64_t word = 0; word < count; word++, to += pitch) {
        for (int64_t i = 0; i < ROWS; i++) {
            memcpy(to + i * 4, rows[i] + word * 4, 4);
        }
    }
}

/* The row words of a tile's chunk. */
static const void *rows_of(const scattered_tile *t, int64_t step) {
    return const_row_of(t->turned, t->chunk * scattered_chunk_steps(ROWS) + step, ROWS * 4);
}

ALWAYS_INLINE void multiply_bytes(const scattered_tile *t, bool is_signed) {
    const scattered_words words = scattered_words_of(t);
    const uint8_t *steps = words.places;
    const scattered_chunk *chunk = (const scattered_chunk *) t->panel + t->chunk;
    for (int64_t c = 0; c < t->columns; c++) {
        const int64_t column = chunk->column[c];
        uint32_t *sums = (uint32_t *) t->acc + column * ROWS;
        uint32_t acc[ROWS];
        for (int64_t i = 0; i < ROWS; i++) {
            acc[i] = t->chunk == 0 ? ((const uint32_t *) t->init)[column] : sums[i];
        }
        for (uint32_t e = chunk->start[c]; e < chunk->start[c + 1]; e++) {
            const uint8_t *rows = rows_of(t, steps[e]);
            int8_t weights[4];
            memcpy(weights, words.weights + e, 4);
            for (int64_t i = 0; i < ROWS * 4; i++) {
                const int32_t a = is_signed ? (int8_t) rows[i] : rows[i];
                acc[i / 4] += (uint32_t) (a * weights[i % 4]);
            }
        }
        memcpy(sums, acc, sizeof acc);
    }
}

static void multiply_u8(const scattered_tile *t) {
    multiply_bytes(t, false);
}

static void multiply_s8(const scattered_tile *t) {
    multiply_bytes(t, true);
}

static void multiply_f32(const scattered_tile *t) {
    const scattered_words words = scattered_words_of(t);
    const uint8_t *steps = words.places;
    const scattered_chunk *chunk = (const scattered_chunk *) t->panel + t->chunk;
    for (int64_t c = 0; c < t->columns; c++) {
        const int64_t column = chunk->column[c];
        float *sums = (float *) t->acc + column * ROWS;
        float acc[ROWS];
        for (int64_t i = 0; i < ROWS; i++) {
            acc[i] = t->chunk == 0 ? ((const float *) t->init)[column] : sums[i];
        }
        for (uint32_t e = chunk->start[c]; e < chunk->start[c + 1]; e++) {
            const float *rows = rows_of(t, steps[e]);
            const float weight = load_f32(words.weights + e);
            for (int64_t i = 0; i < ROWS; i++) {
                acc[i] += rows[i] * weight;
            }
        }
        memcpy(sums, acc, sizeof acc);
    }
}

static const scattered_kernel u8_kernel = {ROWS, turn_16__portable, NULL, multiply_u8};
static const scattered_kernel s8_kernel = {ROWS, turn_16__portable, NULL, multiply_s8};
static const scattered_kernel f32_kernel = {ROWS, turn_16__portable, NULL, multiply_f32};

const gemm_kernel u8s8_scattered_16x1__portable = {
    .name = "u8s8_scattered_16x1__portable",
    .form = PANEL_SCATTERED,
    .scattered = &u8_kernel,
    .rows = ROWS,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_U8,
};

const gemm_kernel s8s8_scattered_16x1__portable = {
    .name = "s8s8_scattered_16x1__portable",
    .form = PANEL_SCATTERED,
    .scattered = &s8_kernel,
    .rows = ROWS,
    .columns = SCATTERED_COLUMNS,
    .group = 4,
    .step = 4,
    ROWS_OF_S8,
};

static const gemm_kernel f32_scattered_16x1__portable = {
    .name = "f32_scattered_16x1__portable",
    .form = PANEL_SCATTERED,
    .scattered = &f32_kernel,
    .rows = ROWS,
    .columns = SCATTERED_COLUMNS,
    .group = 1,
    .step = 1,
    ROWS_OF_F32,
};

extern const gemm_kernel u8s8_blocks_4x16__portable, s8s8_blocks_4x16__portable, f32_blocks_4x16__portable;

const sparse_kernels u8s8_sparse__portable = {
    .scattered = &u8s8_scattered_16x1__portable,
    .blocks_16 = &u8s8_blocks_4x16__portable,
    .blocks_32 = &u8s8_blocks_4x16__portable,
};
const sparse_kernels s8s8_sparse__portable = {
    .scattered = &s8s8_scattered_16x1__portable,
    .blocks_16 = &s8s8_blocks_4x16__portable,
    .blocks_32 = &s8s8_blocks_4x16__portable,
};
const sparse_kernels f32_sparse__portable = {
    .scattered = &f32_scattered_16x1__portable,
    .blocks_16 = &f32_blocks_4x16__portable,
    .blocks_32 = &f32_blocks_4x16__portable,
};
