/*
 * The whole epilogue in plain C, step by step as tersor.h has it, compiled once for each instruction set; the compiler
 * vectorizes the loops, those of whole strips best. It serves what is not plain, and on the portable set everything.
 */
#ifndef TERSOR_EPILOGUE_BODY_H
#define TERSOR_EPILOGUE_BODY_H

#include "epilogue.h"
#include "scalar.h"

enum { EPILOGUE_STRIP = 32 };

ALWAYS_INLINE void strip_start(const epilogue *e, bool integers, const void *acc, const float *row_scale,
                               int64_t first, int64_t count, float *restrict r) {
    if (!integers) {
        memcpy(r, acc, (size_t) count * 4);
    } else {
        const int32_t *from = acc;
        const float *multiplier = e->multiplier + first;
        if (row_scale == 0) {
            for (int64_t j = 0; j < count; j++) {
                r[j] = (float) from[j] * multiplier[j];
            }
        } else {
            const float scale = *row_scale;
            for (int64_t j = 0; j < count; j++) {
                r[j] = (float) from[j] * scale * multiplier[j];
            }
        }
    }
    if (e->offset != 0) {
        const float *offset = e->offset + first;
        for (int64_t j = 0; j < count; j++) {
            r[j] += offset[j];
        }
    }
}

#define ADD_RESIDUAL(type, expression)                                                                                 \
    do {                                                                                                               \
        const type *from = (const type *) residual + first;                                                            \
        for (int64_t j = 0; j < count; j++) {                                                                          \
            r[j] += (expression) * multiplier;                                                                         \
        }                                                                                                              \
    } while (0)

ALWAYS_INLINE void strip_residual(const epilogue *e, const void *residual, int64_t first, int64_t count,
                                  float *restrict r) {
    const float multiplier = e->residual_multiplier;
    const int32_t zero_point = e->residual_zero_point;
    switch (e->residual_type) {
    case TERSOR_F32:
        ADD_RESIDUAL(float, from[j]);
        break;
    case TERSOR_U8:
        ADD_RESIDUAL(uint8_t, (float) (from[j] - zero_point));
        break;
    case TERSOR_S8:
        ADD_RESIDUAL(int8_t, (float) (from[j] - zero_point));
        break;
    default:
        break;
    }
}

#define APPLY(function)                                                                                                \
    for (int64_t j = 0; j < count; j++) {                                                                              \
        r[j] = function(r[j]);                                                                                         \
    }                                                                                                                  \
    break

ALWAYS_INLINE void strip_function(const epilogue *e, bool scales, int64_t count, float *restrict r) {
    switch (e->function) {
    case TERSOR_GELU:
        APPLY(scalar_gelu);
    case TERSOR_GELU_COARSE:
        APPLY(scalar_gelu_coarse);
    case TERSOR_GELU_TANH:
        APPLY(scalar_gelu_tanh);
    case TERSOR_SILU:
        APPLY(scalar_silu);
    case TERSOR_HARD_SWISH:
        APPLY(scalar_hard_swish);
    default:
        return;
    }
    if (scales) {
        const float scale = e->output_scale;
        for (int64_t j = 0; j < count; j++) {
            r[j] *= scale;
        }
    }
}

ALWAYS_INLINE void strip_store(const epilogue *e, tersor_type type, int64_t count, const float *restrict r, void *to) {
    const int32_t zero_point = e->zero_point;
    switch (type) {
    case TERSOR_F32:
        memcpy(to, r, (size_t) count * 4);
        break;
    case TERSOR_BF16:
        for (int64_t j = 0; j < count; j++) {
            ((uint16_t *) to)[j] = scalar_bf16(r[j]);
        }
        break;
    default:
        for (int64_t j = 0; j < count; j++) {
            ((uint8_t *) to)[j] = (uint8_t) scalar_round(r[j], zero_point);
        }
        break;
    }
}

ALWAYS_INLINE int64_t epilogue_type_bytes(tersor_type type) {
    return type == TERSOR_F32 ? 4 : type == TERSOR_BF16 ? 2 : 1;
}

/* `count` results of row i of the tile, from its column `done` on. */
ALWAYS_INLINE void store_strip(tersor_type type, bool integers, const epilogue *e, const epilogue_tile *t, int64_t i,
                               int64_t done, int64_t count) {
    float r[EPILOGUE_STRIP];
    const float lo = e->lo, hi = e->hi;
    const int64_t first = t->first + done;
    const char *acc = const_row_of(t->acc, i, t->acc_stride * 4);
    strip_start(e, integers, acc + done * 4, t->row_scale == 0 ? 0 : t->row_scale + i, first, count, r);
    if (e->residual_type != 0) {
        strip_residual(e, const_row_of(t->residual, i, t->residual_stride), first, count, r);
    }
    strip_function(e, type != TERSOR_F32 && type != TERSOR_BF16, count, r);
    if (e->clamps) {
        for (int64_t j = 0; j < count; j++) {
            r[j] = scalar_clamp(r[j], lo, hi);
        }
    }
    strip_store(e, type, count, r, row_of(row_of(t->dst, i, t->dst_stride), first, epilogue_type_bytes(type)));
}

ALWAYS_INLINE void epilogue_store(tersor_type type, bool integers, const epilogue *e, const epilogue_tile *t) {
    for (int64_t i = 0; i < t->rows; i++) {
        int64_t done = 0;
        for (; done + EPILOGUE_STRIP <= t->columns; done += EPILOGUE_STRIP) {
            store_strip(type, integers, e, t, i, done, EPILOGUE_STRIP);
        }
        if (done < t->columns) {
            store_strip(type, integers, e, t, i, done, t->columns - done);
        }
    }
}

static inline void epilogue_store_s32(const epilogue *e, const epilogue_tile *t) {
    (void) e;
    for (int64_t i = 0; i < t->rows; i++) {
        memcpy((int32_t *) row_of(t->dst, i, t->dst_stride) + t->first, const_row_of(t->acc, i, t->acc_stride * 4),
               (size_t) t->columns * 4);
    }
}

#define EPILOGUE(name, type, integers)                                                                                 \
    static inline void epilogue_store_##name(const epilogue *e, const epilogue_tile *t) {                                     \
        epilogue_store(type, integers, e, t);                                                                          \
    }

EPILOGUE(f32, TERSOR_F32, true)
EPILOGUE(bf16, TERSOR_BF16, true)
EPILOGUE(i8, TERSOR_U8, true) /* a value within its 8-bit type has the same low byte signed and unsigned */
EPILOGUE(f32_from_f32, TERSOR_F32, false)
EPILOGUE(bf16_from_f32, TERSOR_BF16, false)

#undef ADD_RESIDUAL
#undef APPLY
#undef EPILOGUE

#endif
