#include "epilogue.h"

#include "scalar.h"

static void store_s32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                      int64_t columns, void *dst, int64_t dst_stride) {
    (void) e;
    for (int64_t i = 0; i < rows; i++) {
        memcpy((int32_t *) row_of(dst, i, dst_stride) + first, (const int32_t *) acc + i * acc_stride,
               (size_t) columns * 4);
    }
}

#define STORE(name, type, expression)                                                                                  \
    static void store_##name(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,      \
                             int64_t columns, void *dst, int64_t dst_stride) {                                         \
        for (int64_t i = 0; i < rows; i++) {                                                                           \
            const int32_t *from = (const int32_t *) acc + i * acc_stride;                                              \
            type *to = (type *) row_of(dst, i, dst_stride) + first;                                                    \
            for (int64_t j = 0; j < columns; j++) {                                                                    \
                const float r = scalar_scale(e, from[j], first + j);                                                   \
                to[j] = (type) (expression);                                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

STORE(f32, float, r)
STORE(u8, uint8_t, scalar_round(r, e->zero_point))
STORE(s8, int8_t, scalar_round(r, e->zero_point))

static void store_f32_from_f32(const epilogue *e, const void *acc, int64_t acc_stride, int64_t rows, int64_t first,
                               int64_t columns, void *dst, int64_t dst_stride) {
    for (int64_t i = 0; i < rows; i++) {
        const float *from = (const float *) acc + i * acc_stride;
        float *to = (float *) row_of(dst, i, dst_stride) + first;
        for (int64_t j = 0; j < columns; j++) {
            to[j] = scalar_finish(e, from[j], first + j);
        }
    }
}

const epilogue_functions epilogue__portable = {store_s32, store_f32, store_u8, store_s8, store_f32_from_f32};
