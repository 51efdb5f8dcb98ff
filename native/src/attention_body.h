/*
 * Attention's steps in plain C, compiled once for each instruction set without vectors of its own for them; the
 * compiler vectorizes the loops over lanes.
 */
#ifndef TERSOR_ATTENTION_BODY_H
#define TERSOR_ATTENTION_BODY_H

#include <math.h>

#include "attention.h"
#include "scalar.h"

static inline void attention_copy(const attention_matrix *from, int64_t padded_k, uint8_t *to, int32_t *sums) {
    for (int64_t row = 0; row < from->rows; row++, to += padded_k) {
        const uint8_t *data = from->data + row * from->stride;
        uint32_t sum = 0;
        for (int64_t k = 0; k < from->columns; k++) {
            to[k] = data[k] ^ from->flip;
            sum += to[k];
        }
        memset(to + from->columns, 0, (size_t) (padded_k - from->columns));
        sums[row] = (int32_t) sum;
    }
}

static inline void attention_pack_transposed(const attention_matrix *from, int64_t padded_k, int8_t *panel,
                                             int32_t *sums) {
    memset(panel, 0, (size_t) (padded_k * ATTENTION_LANES));
    memset(sums, 0, ATTENTION_LANES * sizeof *sums);
    for (int64_t column = 0; column < from->rows; column++) {
        const uint8_t *row = from->data + column * from->stride;
        uint32_t sum = 0;
        for (int64_t k = 0; k < from->columns; k++) {
            const int8_t element = (int8_t) (row[k] ^ from->flip);
            panel[(k / 4 * ATTENTION_LANES + column) * 4 + k % 4] = element;
            sum += (uint32_t) element;
        }
        sums[column] = (int32_t) sum;
    }
}

static inline void attention_pack(const attention_matrix *from, int8_t *panel) {
    for (int64_t k = 0; k < from->rows; k++) {
        const uint8_t *row = from->data + k * from->stride;
        int8_t *to = panel + k / 4 * ATTENTION_STEP + k % 4;
        for (int64_t column = 0; column < from->columns; column++) {
            to[column * 4] = (int8_t) (row[column] ^ from->flip);
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

/* Sums to scores, and the largest of them; lanes without a key get -infinity. */
static inline float attention_scores(const attention_softmax *s, int64_t row, int64_t keys, float *scores) {
    float largest[ATTENTION_LANES];
    for (int lane = 0; lane < ATTENTION_LANES; lane++) {
        largest[lane] = -INFINITY;
    }
    const float scale = s->score_scale * SCALAR_LOG2_E;
    const uint32_t term = (uint32_t) s->row_terms[row];
    const float *mask = s->mask == 0 ? 0 : s->mask + row * s->mask_stride;
    for (int64_t j = 0; j < keys; j += ATTENTION_LANES) {
        float *x = scores + j;
        int32_t sums[ATTENTION_LANES];
        memcpy(sums, x, sizeof sums);
        for (int lane = 0; lane < ATTENTION_LANES; lane++) {
            x[lane] = (float) (int32_t) ((uint32_t) sums[lane] + term) * scale;
        }
        const int64_t count = min_s64(ATTENTION_LANES, keys - j);
        for (int64_t lane = 0; mask != 0 && lane < count; lane++) {
            x[lane] += mask[j + lane] * SCALAR_LOG2_E;
        }
        for (int64_t lane = count; lane < ATTENTION_LANES; lane++) {
            x[lane] = -INFINITY;
        }
        for (int lane = 0; lane < ATTENTION_LANES; lane++) {
            largest[lane] = x[lane] > largest[lane] ? x[lane] : largest[lane];
        }
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
        uint8_t *p = s->probabilities + row * s->padded_keys;
        const float total = attention_weights(keys, attention_scores(s, row, keys, sums), sums);
        const float factor = attention_factor(s, total);
        const float *weights = sums;
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
        for (int64_t e = 0; e < s->columns; e++) {
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
