/* The public pooling functions. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

static tersor_status check_window(const tersor_pool2d_window *k) {
    if (k == NULL) {
        return TERSOR_NULL_POINTER;
    }
    const bool fits = k->kh >= 1 && k->kw >= 1 && k->stride_h >= 1 && k->stride_w >= 1 && k->dilation_h >= 1 &&
                      k->dilation_w >= 1 && k->pad_top >= 0 && k->pad_left >= 0 && k->pad_bottom >= 0 && k->pad_right >= 0;
    return fits ? TERSOR_OK : TERSOR_INVALID_SIZE;
}

static bool is_pooled(tersor_type type) {
    return is_i8(type) || type == TERSOR_F32;
}

/* Lines of f32 images of one channel. */
static void pool_planes(const elementwise_functions *f, tersor_pooling kind, const pool2d *p, int64_t oh, int64_t first,
                        int64_t lines, const float *src, float *dst) {
    pool_plane_function *function = kind == TERSOR_POOL_MAX ? f->max_pool_plane : f->average_pool_plane;
    for (int64_t line = first, count; line < first + lines; line += count) {
        count = min_s64(oh - line % oh, first + lines - line);
        function(p, line % oh, count, src + line / oh * p->h * p->w, dst + line * p->ow);
    }
}

static pool2d_function *pool2d_of(const elementwise_functions *f, tersor_pooling kind, tersor_type type) {
    if (kind == TERSOR_POOL_MAX) {
        return type == TERSOR_F32 ? f->max_pool_f32 : type == TERSOR_U8 ? f->max_pool_u8 : f->max_pool_s8;
    }
    return type == TERSOR_F32 ? f->average_pool_f32 : type == TERSOR_U8 ? f->average_pool_u8 : f->average_pool_s8;
}

tersor_status tersor_pool2d(uint32_t isa, tersor_pooling kind, tersor_type type, const tersor_pool2d_window *window,
                            int64_t images, int64_t h, int64_t w, int64_t channels, int64_t oh, int64_t ow,
                            int64_t first_line, int64_t lines, int32_t src_zero_point, float multiplier,
                            int32_t dst_zero_point, const void *src, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_pooled(type) || kind < TERSOR_POOL_MAX || kind > TERSOR_POOL_AVERAGE_WITH_PADDING) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(type, src_zero_point));
    RETURN_IF_ERROR(check_zero_point(type, dst_zero_point));
    RETURN_IF_ERROR(check_window(window));
    if (kind != TERSOR_POOL_MAX && (int64_t) window->kh * window->kw > TERSOR_POOL_AVERAGE_TAPS) {
        return TERSOR_INVALID_SIZE;
    }
    const int64_t extents[] = {images, h, w, channels, oh, ow};
    for (size_t i = 0; i < sizeof extents / sizeof *extents; i++) {
        RETURN_IF_ERROR(check_dimension(extents[i]));
    }
    const int64_t bytes = type_bytes(type);
    int64_t src_bytes, dst_bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){images, h, w, channels, bytes}, 5, &src_bytes));
    RETURN_IF_ERROR(checked_product((const int64_t[]){images, oh, ow, channels, bytes}, 5, &dst_bytes));
    RETURN_IF_ERROR(check_range(src, src_bytes, (size_t) bytes));
    RETURN_IF_ERROR(check_range(dst, dst_bytes, (size_t) bytes));
    if (first_line < 0 || lines < 0 || lines > images * oh || first_line > images * oh - lines) {
        return TERSOR_INVALID_SIZE;
    }
    const pool2d p = {*window, h,          w,
                      channels, ow,         kind == TERSOR_POOL_AVERAGE_WITH_PADDING,
                      src_zero_point, dst_zero_point, multiplier};
    if (type == TERSOR_F32 && channels == 1 && dst_bytes != 0) {
        pool_planes(kernels->elementwise, kind, &p, oh, first_line, lines, src, dst);
        return TERSOR_OK;
    }
    pool2d_function *line = pool2d_of(kernels->elementwise, kind, type);
    for (int64_t i = first_line; dst_bytes != 0 && i < first_line + lines; i++) {
        line(&p, i % oh, const_row_of(src, i / oh, h * w * channels * bytes), row_of(dst, i, ow * channels * bytes));
    }
    return TERSOR_OK;
}

tersor_status tersor_global_average_pool(uint32_t isa, tersor_type type, int64_t images, int64_t pixels,
                                         int64_t channels, int32_t src_zero_point, float multiplier,
                                         int32_t dst_zero_point, const void *src, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (!is_pooled(type)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_zero_point(type, src_zero_point));
    RETURN_IF_ERROR(check_zero_point(type, dst_zero_point));
    RETURN_IF_ERROR(check_dimension(images));
    RETURN_IF_ERROR(check_dimension(pixels));
    RETURN_IF_ERROR(check_dimension(channels));
    const int64_t bytes = type_bytes(type);
    int64_t src_bytes;
    RETURN_IF_ERROR(checked_product((const int64_t[]){images, pixels, channels, bytes}, 4, &src_bytes));
    RETURN_IF_ERROR(check_range(src, src_bytes, (size_t) bytes));
    RETURN_IF_ERROR(check_range(dst, images * channels * bytes, (size_t) bytes));
    const global_average_pool p = {pixels, channels, src_zero_point, dst_zero_point, multiplier};
    const elementwise_functions *f = kernels->elementwise;
    global_average_pool_function *pool = type == TERSOR_F32 ? f->global_average_pool_f32
                                         : type == TERSOR_U8 ? f->global_average_pool_u8
                                                             : f->global_average_pool_s8;
    for (int64_t i = 0; i < images; i++) {
        pool(&p, const_row_of(src, i, pixels * channels * bytes), row_of(dst, i, channels * bytes));
    }
    return TERSOR_OK;
}
