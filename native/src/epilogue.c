#include "epilogue.h"

#include <math.h>

#include "check.h"
#include "scalar.h"

/* Sums reach 2^31, and levels less their zero point 2^9, so that all three together stay below 2^31; not with a NaN. */
static bool is_bounded(int64_t n, const epilogue *e) {
    const float scale = e->function == TERSOR_IDENTITY ? 1.0f : e->output_scale;
    bool large = e->residual_type != 0 && !(fabsf(e->residual_multiplier * scale) < 0x1p20f);
    for (int64_t i = 0; i < n; i++) {
        large |= !(fabsf(e->multiplier[i] * scale) < 0.5f);
    }
    for (int64_t i = 0; e->offset != NULL && i < n; i++) {
        large |= !(fabsf(e->offset[i] * scale) < 0x1p28f);
    }
    return !large;
}

tersor_status epilogue_prepare(int64_t n, const tersor_epilogue *given, bool integer_accumulators, epilogue *e) {
    RETURN_IF_ERROR(check_range(given, sizeof *given, _Alignof(tersor_epilogue)));
    const tersor_type dst_type = given->dst_type;
    const bool allowed = is_float(dst_type) || (integer_accumulators && (dst_type == TERSOR_S32 || is_i8(dst_type)));
    if (!allowed || given->function < TERSOR_IDENTITY || given->function > TERSOR_GELU_COARSE) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, given->dst_zero_point));
    if (dst_type == TERSOR_S32) {
        *e = (epilogue){.dst_type = dst_type};
        return given->residual_type == 0 ? TERSOR_OK : TERSOR_INVALID_ARGUMENT;
    }
    if (integer_accumulators) {
        RETURN_IF_ERROR(check_vector(given->multiplier, n, 4));
    }
    if (given->offset != NULL) {
        RETURN_IF_ERROR(check_vector(given->offset, n, 4));
    }
    float lo = given->lo, hi = given->hi;
    if (!(lo <= hi)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (given->residual_type != 0) {
        if (given->residual_type != TERSOR_F32 && !is_i8(given->residual_type)) {
            return TERSOR_INVALID_ARGUMENT;
        }
        RETURN_IF_ERROR(check_zero_point(given->residual_type, given->residual_zero_point));
    }
    if (is_i8(dst_type)) {
        /* Clamping to [lo, hi] and then to the type is one clamp to the clamped bounds. */
        const float type_lo = (float) (type_min(dst_type) - given->dst_zero_point);
        const float type_hi = (float) (type_max(dst_type) - given->dst_zero_point);
        lo = scalar_clamp(lo, type_lo, type_hi);
        hi = scalar_clamp(hi, type_lo, type_hi);
    }
    *e = (epilogue){
        .dst_type = dst_type,
        .multiplier = given->multiplier,
        .offset = given->offset,
        .lo = lo,
        .hi = hi,
        .clamps = is_i8(dst_type) || lo != -INFINITY || hi != INFINITY,
        .zero_point = given->dst_zero_point,
        .function = given->function,
        .output_scale = given->output_scale,
        .residual_type = given->residual_type,
        .residual_zero_point = given->residual_zero_point,
        .residual_multiplier = given->residual_multiplier,
    };
    e->bounded = integer_accumulators && is_i8(dst_type) && is_bounded(n, e);
    return TERSOR_OK;
}

epilogue_function *epilogue_select(const epilogue_functions *functions, bool integer_accumulators,
                                   tersor_type dst_type) {
    switch (dst_type) {
    case TERSOR_S32:
        return functions->s32;
    case TERSOR_F32:
        return integer_accumulators ? functions->f32 : functions->f32_from_f32;
    case TERSOR_BF16:
        return integer_accumulators ? functions->bf16 : functions->bf16_from_f32;
    case TERSOR_U8:
        return functions->u8;
    default:
        return functions->s8;
    }
}
