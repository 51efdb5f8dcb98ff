/* Moves between two strided arrays. */
#include "check.h"
#include "compiler.h"
#include "kernels.h"

/* Rows longer than this are copied by memcpy. */
enum { LONG_ROW_BYTES = 512 };

/* Repetitions of a block that takes between these bytes are copies of the first one, which still is in the cache. */
enum { LEAST_REPEATED_BYTES = 128, MOST_REPEATED_BYTES = 1 << 16 };

#if defined(__clang__)
#define SHUFFLE(type, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(type, a, b, ...) __builtin_shuffle(a, b, (type##_vector){__VA_ARGS__})
#endif

/* How many elements the axes from this one on fill in dst without gaps, in any order; 0 if there are gaps. */
static int64_t block_elements(const tersor_move_geometry *g, int32_t axis) {
    int64_t elements = 1, reach = 0;
    for (int32_t i = axis; i < g->rank; i++) {
        if (g->dst_strides[i] < 0) {
            return 0;
        }
        elements *= g->dims[i];
        reach += (g->dims[i] - 1) * g->dst_strides[i];
    }
    return reach == elements - 1 ? elements : 0;
}

#define MOVE_ELEMENT uint8_t
#define MOVE(name) u8_##name
#define MOVE_LOW(a, b) SHUFFLE(u8, a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define MOVE_HIGH(a, b) SHUFFLE(u8, a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define MOVE_EVEN(a, b) SHUFFLE(u8, a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#include "move_body.h"

#define MOVE_ELEMENT uint16_t
#define MOVE(name) u16_##name
#define MOVE_LOW(a, b) SHUFFLE(u16, a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define MOVE_HIGH(a, b) SHUFFLE(u16, a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define MOVE_EVEN(a, b) SHUFFLE(u16, a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#include "move_body.h"

#define MOVE_ELEMENT uint32_t
#define MOVE(name) u32_##name
#define MOVE_LOW(a, b) SHUFFLE(u32, a, b, 0, 4, 1, 5)
#define MOVE_HIGH(a, b) SHUFFLE(u32, a, b, 2, 6, 3, 7)
#define MOVE_EVEN(a, b) SHUFFLE(u32, a, b, 0, 2, 4, 6)
#include "move_body.h"

#define MOVE_ELEMENT uint64_t
#define MOVE(name) u64_##name
#define MOVE_LOW(a, b) SHUFFLE(u64, a, b, 0, 2)
#define MOVE_HIGH(a, b) SHUFFLE(u64, a, b, 1, 3)
#define MOVE_EVEN(a, b) SHUFFLE(u64, a, b, 0, 2)
#include "move_body.h"

/* The indices that offset + sum of i * strides reaches lie within [0, elements). */
static tersor_status check_reach(const tersor_move_geometry *g, int64_t offset, const int64_t *strides,
                                 int64_t elements) {
    int64_t lo = offset, hi = offset;
    for (int32_t axis = 0; axis < g->rank; axis++) {
        int64_t reach;
        if (__builtin_mul_overflow(g->dims[axis] - 1, strides[axis], &reach)
            || __builtin_add_overflow(reach < 0 ? lo : hi, reach, reach < 0 ? &lo : &hi)) {
            return TERSOR_INVALID_SIZE;
        }
    }
    return lo >= 0 && hi < elements ? TERSOR_OK : TERSOR_INVALID_SIZE;
}

static tersor_status check_array(const void *address, int64_t elements, int32_t element_bytes) {
    int64_t bytes;
    if (elements < 0 || __builtin_mul_overflow(elements, (int64_t) element_bytes, &bytes)) {
        return TERSOR_INVALID_SIZE;
    }
    return check_range(address, bytes, (size_t) element_bytes);
}

/* The axis along which src is contiguous becomes the last but one if the last one is not that, so that both are planes. */
static void bring_inside(tersor_move_geometry *g) {
    const int32_t last = g->rank - 1;
    if (g->src_strides[last] == 1) {
        return;
    }
    for (int32_t axis = 0; axis < last; axis++) {
        if (g->src_strides[axis] == 1 && g->dims[axis] > 1) {
            const int64_t extent = g->dims[axis], dst_stride = g->dst_strides[axis];
            for (int32_t i = axis; i < last - 1; i++) {
                g->dims[i] = g->dims[i + 1];
                g->src_strides[i] = g->src_strides[i + 1];
                g->dst_strides[i] = g->dst_strides[i + 1];
            }
            g->dims[last - 1] = extent;
            g->src_strides[last - 1] = 1;
            g->dst_strides[last - 1] = dst_stride;
            return;
        }
    }
}

tersor_status tersor_move(uint32_t isa, const tersor_move_geometry *geometry, int32_t axis, int64_t first,
                          int64_t count, int64_t src_elements, const void *src, int64_t dst_elements, void *dst) {
    const isa_kernels *kernels = kernels_for(isa);
    if (kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    if (geometry == NULL) {
        return TERSOR_NULL_POINTER;
    }
    tersor_move_geometry g = *geometry;
    const int32_t bytes = g.element_bytes;
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) {
        return TERSOR_INVALID_ARGUMENT;
    }
    if (g.rank < 1 || g.rank > TERSOR_MOVE_MAX_RANK || axis < 0 || axis >= g.rank || g.dst_strides[g.rank - 1] != 1) {
        return TERSOR_INVALID_ARGUMENT;
    }
    bool empty = count == 0;
    for (int32_t i = 0; i < g.rank; i++) {
        RETURN_IF_ERROR(g.dims[i] < 0 ? TERSOR_INVALID_SIZE : TERSOR_OK);
        empty |= g.dims[i] == 0;
    }
    RETURN_IF_ERROR(check_part(first, count, g.dims[axis]));
    RETURN_IF_ERROR(check_array(src, src_elements, bytes));
    RETURN_IF_ERROR(check_array(dst, dst_elements, bytes));
    if (empty) {
        return TERSOR_OK;
    }
    RETURN_IF_ERROR(check_reach(&g, g.src_offset, g.src_strides, src_elements));
    RETURN_IF_ERROR(check_reach(&g, g.dst_offset, g.dst_strides, dst_elements));
    const void *from = const_row_of(src, g.src_offset + first * g.src_strides[axis], bytes);
    void *to = row_of(dst, g.dst_offset + first * g.dst_strides[axis], bytes);
    g.dims[axis] = count;
    bring_inside(&g);
    switch (bytes) {
    case 1:
        u8_walk(kernels->real, &g, 0, from, to);
        break;
    case 2:
        u16_walk(kernels->real, &g, 0, from, to);
        break;
    case 4:
        u32_walk(kernels->real, &g, 0, from, to);
        break;
    default:
        u64_walk(kernels->real, &g, 0, from, to);
    }
    return TERSOR_OK;
}
