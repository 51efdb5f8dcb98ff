/*
 * Attention's steps in plain C, compiled once for each instruction set without vectors of its own for them; the
 * compiler vectorizes the loops over lanes.
 */
#ifndef TERSOR_ATTENTION_BODY_H
#define TERSOR_ATTENTION_BODY_H

#include <math.h>

#include "attention.h"
#include "scalar.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "attention_pack puts the first of four bytes lowest");

/* Sizes and pointers of what loops over bytes need stand in variables of their own: a byte stored may be part of anything
 * else, which keeps compilers from vectors. */
static inline void attention_copy(const attention_matrix *from, int64_t padded_k, uint8_t *to, int32_t *sums) {
    const int64_t columns = from->columns;
    const uint8_t flip = from->flip;
    for (int64_t row = 0; row < from->rows; row++, to += padded_k) {
        const uint8_t *restrict data = from->data + row * from->stride;
        uint8_t *restrict copy = to;
        uint32_t sum = 0;
        for (int64_t k = 0; k < columns; k++) {
            const uint8_t element = data[k] ^ flip;
            copy[k] = element;
            sum += element;
        }
        memset(to + columns, 0, (size_t) (padded_k - columns));
        sums[row] = (int32_t) sum;
    }
}

static inline void attention_pack_transposed(const attention_matrix *from, int64_t padded_k, int8_t *panel,
                                             int32_t *sums) {
    const int64_t columns = from->columns;
    const uint8_t flip = from->flip;
    memset(panel, 0, (size_t) (padded_k * ATTENTION_LANES));
    memset(sums, 0, ATTENTION_LANES * sizeof *sums);
    for (int64_t column = 0; column < from->rows; column++) {
        const uint8_t *restrict row = from->data + column * from->stride;
        char *restrict to = (char *) panel + column * 4;
        int64_t k = 0;
        for (; k + 4 <= columns; k += 4, to += ATTENTION_STEP) {
            uint32_t four;
            memcpy(&four, row + k, 4);
            four ^= flip * 0x01010101u;
            memcpy(to, &four, 4);
        }
        for (; k < columns; k++) {
            to[k % 4] = (char) (row[k] ^ flip);
        }
        uint32_t sum = 0;
        for (k = 0; k < columns; k++) {
            sum += (uint32_t) (int8_t) (row[k] ^ flip);
        }
        sums[column] = (int32_t) sum;
    }
}

static inline void attention_pack(const attention_matrix *from, int8_t *panel) {
    const int64_t columns = from->columns, stride = from->stride;
    const uint8_t flip = from->flip;
    int64_t k = 0;
    for (; k + 4 <= from->rows; k += 4) {
        const uint8_t *restrict row = from->data + k * stride;
        uint32_t *restrict to = (uint32_t *) (void *) (panel + k * ATTENTION_LANES);
        for (int64_t column = 0; column < columns; column++) {
            const uint32_t a = row[column], b = row[column + stride], c = row[column + 2 * stride],
                           d = row[column + 3 * stride];
            to[column] = (a | b << 8 | c << 16 | d << 24) ^ flip * 0x01010101u;
        }
    }
    for (; k < from->rows; k++) {
        const uint8_t *row = from->data + k * stride;
        int8_t *to = panel + k / 4 * ATTENTION_STEP + k % 4;
        for (int64_t column = 0; column < columns; column++) {
            to[column * 4] = (int8_t) (row[column] ^ flip);
        }
    }
}

/* How many keys take part for a row, the first ones. */
ALWAYS_INLINE int64_t attention_keys(const attention_softmax *s, int64_t row) {
    return s->causal ? min_s64(s->keys, s->first_query + row + 1) : s->keys;
}

/* What weights are multiplied by to become probabilities. */
ALWAYS_INLINE float attention_factor(const attention_softmax *s, float total) {
    return total > 0.0f ? 1.0f / s->probability_scale / total : 0.0f;
}

/* `count` sums to scores, and the largest of each lane; lanes without a key get -infinity. */
ALWAYS_INLINE void attention_score_lanes(int64_t count, uint32_t term, float scale, const float *mask, float *restrict x,
                                         float *restrict largest) {
    for (int lane = 0; lane < ATTENTION_LANES; lane++) {
        uint32_t sum;
        memcpy(&sum, x + lane, sizeof sum);
        x[lane] = (float) (int32_t) (sum + term) * scale;
    }
    for (int64_t lane = 0; mask != 0 && lane < count; lane++) {
        x[lane] += mask[lane] * SCALAR_LOG2_E;
    }
    for (int64_t lane = count; lane < ATTENTION_LANES; lane++) {
        x[lane] = -INFINITY;
    }
    for (int lane = 0; lane < ATTENTION_LANES; lane++) {
        largest[lane] = x[lane] > largest[lane] ? x[lane] : largest[lane];
    }
}

/* Sums to scores, and the largest of them. */
static inline float attention_scores(const attention_softmax *s, int64_t row, int64_t keys, float *scores) {
    float largest[ATTENTION_LANES];
    for (int lane = 0; lane < ATTENTION_LANES; lane++) {
        largest[lane] = -INFINITY;
    }
    const float scale = s->score_scale * SCALAR_LOG2_E;
    const uint32_t term = (uint32_t) s->row_terms[row];
    const float *mask = s->mask == 0 ? 0 : s->mask + row * s->mask_stride;
    int64_t j = 0;
    for (; j + ATTENTION_LANES <= keys; j += ATTENTION_LANES) {
        attention_score_lanes(ATTENTION_LANES, term, scale, mask == 0 ? 0 : mask + j, scores + j, largest);
    }
    if (j < keys) {
        attention_score_lanes(keys - j, term, scale, mask == 0 ? 0 : mask + j, scores + j, largest);
    }
    float all = -INFINITY;
    for (int lane = 0; lane < ATTENTION_LANES; lane++) {
        all = largest[lane] > all ? largest[lane] : all;
    }
    return all;
}

/* Scores to weights; returns their sum. */
static inline float attention_weights(int64_t keys, float largest, float *scores) {
    float totals[ATTENTION_LANES] = {0};
    for (int64_t j = 0; j < keys; j += ATTENTION_LANES) {
        for (int lane = 0; lane < ATTENTION_LANES; lane++) {
            const float weight = scalar_exp2_of_negative(scores[j + lane] - largest);
            scores[j + lane] = weight;
            totals[lane] += weight;
        }
    }
    for (int width = ATTENTION_LANES / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; lane++) {
            totals[lane] += totals[lane + width];
        }
    }
    return totals[0];
}

static inline void attention_softmax_rows(const attention_softmax *s) {
    for (int64_t row = 0; row < s->rows; row++) {
        const int64_t keys = attention_keys(s, row);
        void *sums = s->sums + row * s->padded_keys;
        uint8_t *restrict p = s->probabilities + row * s->padded_keys;
        const float total = attention_weights(keys, attention_scores(s, row, keys, sums), sums);
        const float factor = attention_factor(s, total);
        const float *restrict weights = sums;
        uint32_t sum = 0;
        for (int64_t j = 0; j < keys; j++) {
            const float r = weights[j] * factor;
            p[j] = (uint8_t) scalar_round(r < 255.0f ? r : 255.0f, 0);
            sum += p[j];
        }
        memset(p + keys, 0, (size_t) (s->padded_keys - keys));
        s->totals[row] = (int32_t) sum;
    }
}

static inline void attention_store_f32(const attention_store *s) {
    for (int64_t row = 0; row < s->rows; row++) {
        const uint32_t term = (uint32_t) s->value_zero_point * (uint32_t) s->totals[row];
        const int32_t *restrict sums = s->sums + row * s->sums_stride;
        float *restrict to = (float *) s->dst + row * s->dst_stride;
        const float scale = s->scale;
        for (int64_t e = 0; e < s->columns; e++) {
            to[e] = (float) (int32_t) ((uint32_t) sums[e] - term) * scale;
        }
    }
}

static inline void attention_store_i8(const attention_store *s) {
    for (int64_t row = 0; row < s->rows; row++) {
        const uint32_t term = (uint32_t) s->value_zero_point * (uint32_t) s->totals[row];
        const int32_t *restrict sums = s->sums + row * s->sums_stride;
        uint8_t *restrict to = (uint8_t *) s->dst + row * s->dst_stride;
        const float scale = s->scale, lo = s->lo, hi = s->hi;
        const int32_t zero_point = s->zero_point;
        const int64_t columns = s->columns;
        for (int64_t e = 0; e < columns; e++) {
            const float r = (float) (int32_t) ((uint32_t) sums[e] - term) * scale;
            to[e] = (uint8_t) scalar_round(scalar_clamp(r, lo, hi), zero_point);
        }
    }
}

/* Fields of an attention_kernel that has only the product by itself. */
#define ATTENTION_STEPS_IN_C                                                                                           \
    .copy = attention_copy, .pack_transposed = attention_pack_transposed, .pack = attention_pack,                      \
    .softmax = attention_softmax_rows, .store_f32 = attention_store_f32, .store_i8 = attention_store_i8

#endif
