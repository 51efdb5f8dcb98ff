/*
 * Conversions between element types in plain C, compiled once for each instruction set; the compiler vectorizes the
 * loops. An including file may define CAST_F32_S32, and CAST_F16_F32 with CAST_F32_F16, as better functions before.
 */
#ifndef TERSOR_CAST_BODY_H
#define TERSOR_CAST_BODY_H

#include "exponential.h"
#include "real.h"

#define CAST(from_name, from_type, to_name, to_type, expression)                                                       \
    static void cast_##from_name##_##to_name(const void *src, int64_t count, void *dst) {                              \
        const from_type *restrict from = src;                                                                          \
        to_type *restrict to = dst;                                                                                    \
        for (int64_t i = 0; i < count; i++) {                                                                          \
            const from_type x = from[i];                                                                               \
            to[i] = (to_type) (expression);                                                                            \
        }                                                                                                              \
    }

/* Truncated and saturated; 0 of NaN. What is converted is always within the integer's range. */
ALWAYS_INLINE int32_t cast_to_s32(float x, float least, float most) {
    const float above = x > least ? x : least;
    const float within = above < most ? above : most;
    /* By masks: of nested choices compilers make too many comparisons. */
    return (int32_t) within & -(int32_t) (x == x);
}

ALWAYS_INLINE int32_t cast_s32_of(float x) {
    /* Up to the largest float below 2^31, whose missing bits are added above it. */
    return cast_to_s32(x, -0x1p31f, 0x1.fffffep30f) | (-(int32_t) (x >= 0x1p31f) & INT32_MAX);
}

ALWAYS_INLINE int64_t cast_s64_of(float x) {
    const float above = x > -0x1p63f ? x : -0x1p63f;
    const float within = above < 0x1.fffffep62f ? above : 0x1.fffffep62f;
    const int64_t converted = x != x ? 0 : (int64_t) within;
    return x >= 0x1p63f ? INT64_MAX : converted;
}

ALWAYS_INLINE float cast_f32_of(uint16_t half) {
    const uint32_t magnitude = half & 0x7fffu;
    const uint32_t normal = (magnitude << 13) + (112u << 23);
    const uint32_t small = real_bits((float) (int32_t) magnitude * 0x1p-24f);
    const uint32_t finite = magnitude < 0x400 ? small : normal;
    const uint32_t bits = magnitude >= 0x7c00 ? 0x7f800000u | magnitude << 13 : finite;
    return real_from_bits(bits | (uint32_t) (half & 0x8000u) << 16);
}

/* Rounded half to even; what is too large becomes infinite. */
ALWAYS_INLINE uint16_t cast_f16_of(float x) {
    const uint32_t magnitude = real_bits(x) & 0x7fffffff;
    const uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
    /* The sum's unit in the last place is that of the smallest numbers. */
    const uint32_t small = real_bits(real_from_bits(magnitude) + 0.5f) - 0x3f000000;
    const uint32_t finite = magnitude < 0x38800000 ? small : normal;
    const uint32_t large = magnitude > 0x7f800000 ? 0x7e00 | (magnitude >> 13 & 0x3ff) : 0x7c00;
    const uint32_t bits = magnitude >= 0x47800000 ? large : finite;
    return (uint16_t) (bits | (real_bits(x) >> 16 & 0x8000));
}

CAST(f32, float, s64, int64_t, cast_s64_of(x))
CAST(f32, float, u8, uint8_t, cast_to_s32(x, 0.0f, 255.0f))
CAST(f32, float, s8, int8_t, cast_to_s32(x, -128.0f, 127.0f))
CAST(f32, float, bool, uint8_t, x != 0.0f)
CAST(f32, float, bf16, uint16_t, scalar_bf16(x))
CAST(bf16, uint16_t, f32, float, scalar_from_bf16(x))
CAST(s32, int32_t, f32, float, x)
CAST(s32, int32_t, s64, int64_t, x)
CAST(s32, int32_t, u8, uint8_t, x)
CAST(s32, int32_t, bool, uint8_t, x != 0)
CAST(s64, int64_t, f32, float, x)
CAST(s64, int64_t, s32, int32_t, (uint32_t) x)
CAST(s64, int64_t, u8, uint8_t, x)
CAST(s64, int64_t, bool, uint8_t, x != 0)
CAST(u8, uint8_t, f32, float, x)
CAST(u8, uint8_t, s32, int32_t, x)
CAST(u8, uint8_t, s64, int64_t, x)
CAST(u8, uint8_t, s8, int8_t, x)
CAST(u8, uint8_t, bool, uint8_t, x != 0)
CAST(s8, int8_t, f32, float, x)
CAST(s8, int8_t, s32, int32_t, x)
CAST(s8, int8_t, s64, int64_t, x)

#ifndef CAST_F32_S32
CAST(f32, float, s32, int32_t, cast_s32_of(x))
#define CAST_F32_S32 cast_f32_s32
#endif

#ifndef CAST_F16_F32
CAST(f16, uint16_t, f32, float, cast_f32_of(x))
CAST(f32, float, f16, uint16_t, cast_f16_of(x))
#define CAST_F16_F32 cast_f16_f32
#define CAST_F32_F16 cast_f32_f16
#endif

/* From a type to each; the low bits of a signed integer are those of an unsigned one. */
#define CAST_FUNCTIONS                                                                                                 \
    {                                                                                                                  \
        [TERSOR_F32] = {[TERSOR_S32] = CAST_F32_S32, [TERSOR_S64] = cast_f32_s64, [TERSOR_U8] = cast_f32_u8,           \
                        [TERSOR_S8] = cast_f32_s8, [TERSOR_BOOL] = cast_f32_bool, [TERSOR_F16] = CAST_F32_F16,         \
                        [TERSOR_BF16] = cast_f32_bf16},                                                                \
        [TERSOR_F16] = {[TERSOR_F32] = CAST_F16_F32},                                                                  \
        [TERSOR_BF16] = {[TERSOR_F32] = cast_bf16_f32},                                                                \
        [TERSOR_S32] = {[TERSOR_F32] = cast_s32_f32, [TERSOR_S64] = cast_s32_s64, [TERSOR_U8] = cast_s32_u8,           \
                        [TERSOR_S8] = cast_s32_u8, [TERSOR_BOOL] = cast_s32_bool},                                     \
        [TERSOR_S64] = {[TERSOR_F32] = cast_s64_f32, [TERSOR_S32] = cast_s64_s32, [TERSOR_U8] = cast_s64_u8,           \
                        [TERSOR_S8] = cast_s64_u8, [TERSOR_BOOL] = cast_s64_bool},                                     \
        [TERSOR_U8] = {[TERSOR_F32] = cast_u8_f32, [TERSOR_S32] = cast_u8_s32, [TERSOR_S64] = cast_u8_s64,             \
                       [TERSOR_S8] = cast_u8_s8, [TERSOR_BOOL] = cast_u8_bool},                                        \
        [TERSOR_S8] = {[TERSOR_F32] = cast_s8_f32, [TERSOR_S32] = cast_s8_s32, [TERSOR_S64] = cast_s8_s64,             \
                       [TERSOR_U8] = cast_u8_s8, [TERSOR_BOOL] = cast_u8_bool},                                        \
        [TERSOR_BOOL] = {[TERSOR_F32] = cast_u8_f32, [TERSOR_S32] = cast_u8_s32, [TERSOR_S64] = cast_u8_s64,           \
                         [TERSOR_U8] = cast_u8_s8, [TERSOR_S8] = cast_u8_s8},                                          \
    }

#endif
