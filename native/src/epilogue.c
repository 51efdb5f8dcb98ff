#include "epilogue.h"

#include <math.h>

#include "check.h"

static float clamp(float value, float lo, float hi) {
    value = value > lo ? value : lo;
    return value < hi ? value : hi;
}

tersor_status epilogue_prepare(int64_t n, const float *multiplier, const float *offset, float lo, float hi,
                               tersor_type dst_type, int32_t dst_zero_point, epilogue *e) {
    if (dst_type != TERSOR_S32 && dst_type != TERSOR_F32 && !is_i8(dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, dst_zero_point));
    if (dst_type != TERSOR_S32) {
        RETURN_IF_ERROR(check_vector(multiplier, n, 4));
        if (offset != NULL) {
            RETURN_IF_ERROR(check_vector(offset, n, 4));
        }
        if (!(lo <= hi)) {
            return TERSOR_INVALID_ARGUMENT;
        }
    }
    if (is_i8(dst_type)) {
        /* Clamping to [lo, hi] and then to the type is one clamp to the clamped bounds. */
        const float type_lo = (float) (type_min(dst_type) - dst_zero_point);
        const float type_hi = (float) (type_max(dst_type) - dst_zero_point);
        lo = clamp(lo, type_lo, type_hi);
        hi = clamp(hi, type_lo, type_hi);
    }
    const bool clamps = is_i8(dst_type) || lo != -INFINITY || hi != INFINITY;
    *e = (epilogue){multiplier, offset, lo, hi, clamps, dst_zero_point};
    return TERSOR_OK;
}

tersor_status epilogue_prepare_f32(int64_t n, const float *bias, float lo, float hi, epilogue *e) {
    if (bias != NULL) {
        RETURN_IF_ERROR(check_vector(bias, n, 4));
    }
    if (!(lo <= hi)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    *e = (epilogue){NULL, bias, lo, hi, lo != -INFINITY || hi != INFINITY, 0};
    return TERSOR_OK;
}

epilogue_function *epilogue_select(const epilogue_functions *functions, tersor_type dst_type) {
    switch (dst_type) {
    case TERSOR_S32:
        return functions->s32;
    case TERSOR_F32:
        return functions->f32;
    case TERSOR_U8:
        return functions->u8;
    default:
        return functions->s8;
    }
}
