/* Vectors of the compiler, which are those of every processor that has any of 128 bits. */
#include "compiler.h"

#define LANES 4

typedef float floats __attribute__((vector_size(16)));
typedef int32_t lane_bits __attribute__((vector_size(16)));

ALWAYS_INLINE floats load(const float *from) {
    floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

ALWAYS_INLINE floats load_part(const float *from, int64_t lanes) {
    floats v = {0};
    memcpy(&v, from, (size_t) lanes * 4);
    return v;
}

ALWAYS_INLINE floats chosen(lane_bits first, floats a, floats b) {
    return (floats) ((first & (lane_bits) a) | (~first & (lane_bits) b));
}

#define lanes_mask int64_t
#define mask_of(channels) (channels)
#define zero() ((floats){0})
#define broadcast(x) ((floats){x, x, x, x})
#define load_aligned(from) load(from)
#define store_part(to, v, lanes) memcpy(to, &(v), (size_t) (lanes) * 4)
#define store_all(to, v) memcpy(to, &(v), sizeof(floats))
#define multiply_add(a, b, acc) ((acc) + (a) * (b))
#define add(a, b) ((a) + (b))
#define larger(a, b) chosen((a) > (b), a, b)
#define smaller(a, b) chosen((a) < (b), a, b)
#include "f32_depthwise.h"

extern const gemm_kernel f32_gemm_4x16__portable;

const depthwise_kernel f32_depthwise_8x4__portable = {
    .name = "f32_depthwise_8x4__portable",
    .format = &f32_gemm_4x16__portable,
    .block = LANES,
    .line = line,
};
