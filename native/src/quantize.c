/* The public elementwise conversions. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

typedef struct extents {
    int64_t outer, channels, inner;
} extents;

static tersor_status check_elements(const extents *x, const void *src, tersor_type src_type, const void *dst,
                                    tersor_type dst_type) {
    RETURN_IF_ERROR(check_dimension(x->outer));
    RETURN_IF_ERROR(check_dimension(x->channels));
    RETURN_IF_ERROR(check_dimension(x->inner));
    int64_t elements;
    RETURN_IF_ERROR(checked_product((const int64_t[]){x->outer, x->channels, x->inner, 4}, 4, &elements));
    elements /= 4;
    RETURN_IF_ERROR(check_range(src, elements * type_bytes(src_type), (size_t) type_bytes(src_type)));
    return check_range(dst, elements * type_bytes(dst_type), (size_t) type_bytes(dst_type));
}

static tersor_status check_operands(const extents *x, const void *src, tersor_type src_type, const void *dst,
                                    tersor_type dst_type, const elementwise_parameters *p, tersor_type quantized) {
    RETURN_IF_ERROR(check_elements(x, src, src_type, dst, dst_type));
    RETURN_IF_ERROR(check_vector(p->factor, x->channels, 4));
    RETURN_IF_ERROR(check_vector(p->zero_point, x->channels, 4));
    for (int64_t c = 0; c < x->channels; c++) {
        RETURN_IF_ERROR(check_zero_point(quantized, p->zero_point[c]));
    }
    return TERSOR_OK;
}

static void run(elementwise_function *function, const extents *x, const elementwise_parameters *p, const void *src,
                int64_t src_bytes, void *dst, int64_t dst_bytes) {
    if (x->outer == 0 || x->channels == 0 || x->inner == 0) {
        return;
    }
    if (x->channels == 1) {
        function(src, x->outer * x->inner, p, false, dst);
        return;
    }
    for (int64_t o = 0; o < x->outer; o++) {
        const int64_t first = o * x->channels * x->inner;
        if (x->inner == 1) {
            function(const_row_of(src, first, src_bytes), x->channels, p, true, row_of(dst, first, dst_bytes));
            continue;
        }
        for (int64_t c = 0; c < x->channels; c++) {
            const elementwise_parameters of_channel = {p->factor + c, p->zero_point + c, p->dst_zero_point};
            const int64_t at = first + c * x->inner;
            function(const_row_of(src, at, src_bytes), x->inner, &of_channel, false, row_of(dst, at, dst_bytes));
        }
    }
}

tersor_status tersor_quantize(uint32_t isa, tersor_type dst_type, int64_t outer, int64_t channels, int64_t inner,
                              const float *src, const float *scale, const int32_t *zero_point, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_i8(dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const extents x = {outer, channels, inner};
    const elementwise_parameters p = {scale, zero_point, 0};
    RETURN_IF_ERROR(check_operands(&x, src, TERSOR_F32, dst, dst_type, &p, dst_type));
    const elementwise_functions *f = kernels->elementwise;
    run(dst_type == TERSOR_U8 ? f->quantize_u8 : f->quantize_s8, &x, &p, src, 4, dst, 1);
    return TERSOR_OK;
}

tersor_status tersor_quantize_nhwc(uint32_t isa, tersor_type dst_type, int64_t images, int64_t channels, int64_t pixels,
                                   const float *src, float scale, int32_t zero_point, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_i8(dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, zero_point));
    RETURN_IF_ERROR(check_elements(&(extents){images, channels, pixels}, src, TERSOR_F32, dst, dst_type));
    const elementwise_functions *f = kernels->elementwise;
    quantize_nhwc_function *function = dst_type == TERSOR_U8 ? f->quantize_nhwc_u8 : f->quantize_nhwc_s8;
    const int64_t image = channels * pixels;
    for (int64_t i = 0; image != 0 && i < images; i++) {
        function(src + i * image, channels, pixels, scale, zero_point, row_of(dst, i, image));
    }
    return TERSOR_OK;
}

tersor_status tersor_dequantize(uint32_t isa, tersor_type src_type, int64_t outer, int64_t channels, int64_t inner,
                                const void *src, const float *scale, const int32_t *zero_point, float *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_i8(src_type) && src_type != TERSOR_S32) {
        return TERSOR_INVALID_ARGUMENT;
    }
    const extents x = {outer, channels, inner};
    const elementwise_parameters p = {scale, zero_point, 0};
    RETURN_IF_ERROR(check_operands(&x, src, src_type, dst, TERSOR_F32, &p, src_type));
    const elementwise_functions *f = kernels->elementwise;
    elementwise_function *function = src_type == TERSOR_U8   ? f->dequantize_u8
                                     : src_type == TERSOR_S8 ? f->dequantize_s8
                                                             : f->dequantize_s32;
    run(function, &x, &p, src, type_bytes(src_type), dst, 4);
    return TERSOR_OK;
}

static elementwise_function *select_requantize(const elementwise_functions *f, tersor_type src_type,
                                               tersor_type dst_type) {
    const bool to_u8 = dst_type == TERSOR_U8;
    switch (src_type) {
    case TERSOR_U8:
        return to_u8 ? f->requantize_u8_u8 : f->requantize_u8_s8;
    case TERSOR_S8:
        return to_u8 ? f->requantize_s8_u8 : f->requantize_s8_s8;
    default:
        return to_u8 ? f->requantize_s32_u8 : f->requantize_s32_s8;
    }
}

tersor_status tersor_requantize(uint32_t isa, tersor_type src_type, tersor_type dst_type, int64_t outer,
                                int64_t channels, int64_t inner, const void *src, const int32_t *src_zero_point,
                                const float *multiplier, int32_t dst_zero_point, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if ((!is_i8(src_type) && src_type != TERSOR_S32) || !is_i8(dst_type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(dst_type, dst_zero_point));
    const extents x = {outer, channels, inner};
    const elementwise_parameters p = {multiplier, src_zero_point, dst_zero_point};
    RETURN_IF_ERROR(check_operands(&x, src, src_type, dst, dst_type, &p, src_type));
    elementwise_function *function = select_requantize(kernels->elementwise, src_type, dst_type);
    run(function, &x, &p, src, type_bytes(src_type), dst, 1);
    return TERSOR_OK;
}
