/* Moves against single elements, at unreadable pages: permutations, slices, repetitions, parts, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "testing.h"

static int64_t cases;
static uint32_t tested_isa = TERSOR_ISA_PORTABLE;

static int64_t product(const int64_t *dims, int rank) {
    int64_t result = 1;
    for (int i = 0; i < rank; i++) {
        result *= dims[i];
    }
    return result;
}

/* Sets dst_strides of a dense result. */
static void dense(tersor_move_geometry *g) {
    int64_t stride = 1;
    for (int axis = g->rank - 1; axis >= 0; axis--) {
        g->dst_strides[axis] = stride;
        stride *= g->dims[axis];
    }
}

/* Where element `index` of the dims, counted row by row, lies. */
static int64_t place(const tersor_move_geometry *g, int64_t index, int64_t offset, const int64_t *strides) {
    for (int axis = g->rank - 1; axis >= 0; axis--) {
        offset += index % g->dims[axis] * strides[axis];
        index /= g->dims[axis];
    }
    return offset;
}

static void describe(const tersor_move_geometry *g, guard_side side, int64_t at) {
    char text[400];
    size_t used = 0;
    for (int axis = 0; axis < g->rank; axis++) {
        used += (size_t) snprintf(text + used, sizeof text - used, " %lld:%lld:%lld", (long long) g->dims[axis],
                                  (long long) g->src_strides[axis], (long long) g->dst_strides[axis]);
    }
    fail("isa=%s move of %d bytes, dims:src:dst%s, side %d, wrong at %lld", tersor_isa_name(tested_isa),
         g->element_bytes, text, side, (long long) at);
}

/* Moves in `parts` along an axis; what lies between the elements of dst must stay. */
static void run(const tersor_move_geometry *g, int64_t src_elements, int64_t dst_elements, int32_t axis, int64_t parts,
                guard_side side) {
    cases++;
    const size_t bytes = (size_t) g->element_bytes;
    uint8_t *src = guarded(side, (size_t) src_elements * bytes), *dst = guarded(side, (size_t) dst_elements * bytes);
    uint8_t *expected = guarded(GUARD_AFTER, (size_t) dst_elements * bytes);
    random_seed((uint64_t) (src_elements * 8 + g->element_bytes));
    random_bytes(src, (size_t) src_elements * bytes, false);
    random_bytes(dst, (size_t) dst_elements * bytes, false);
    memcpy(expected, dst, (size_t) dst_elements * bytes);
    for (int64_t i = 0; i < product(g->dims, g->rank); i++) {
        memcpy(expected + (size_t) place(g, i, g->dst_offset, g->dst_strides) * bytes,
               src + (size_t) place(g, i, g->src_offset, g->src_strides) * bytes, bytes);
    }
    bool ok = true;
    const int64_t extent = g->dims[axis], length = (extent + parts - 1) / parts;
    for (int64_t first = 0; ok && first < extent; first += length) {
        const int64_t count = first + length < extent ? length : extent - first;
        ok = expect_status(tersor_move(tested_isa, g, axis, first, count, src_elements, src, dst_elements, dst),
            TERSOR_OK,
                           "move");
    }
    for (int64_t i = 0; ok && i < dst_elements * (int64_t) bytes; i++) {
        if (dst[i] != expected[i]) {
            describe(g, side, i / (int64_t) bytes);
            ok = false;
        }
    }
    guarded_free_all();
}

static void everywhere(tersor_move_geometry *g, int64_t src_elements, int64_t dst_elements) {
    for (int bytes = 1; bytes <= 8; bytes *= 2) {
        g->element_bytes = bytes;
        for (int side = 0; side < 2; side++) {
            run(g, src_elements, dst_elements, 0, 1, side == 0 ? GUARD_AFTER : GUARD_BEFORE);
        }
        for (int32_t axis = 0; axis < g->rank; axis++) {
            run(g, src_elements, dst_elements, axis, 3, GUARD_AFTER);
        }
    }
}

static void transposes(void) {
    static const int64_t EXTENTS[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 130, 261};
    enum { COUNT = sizeof EXTENTS / sizeof *EXTENTS };
    for (int a = 0; a < COUNT; a++) {
        for (int b = 0; b < COUNT; b++) {
            const int64_t rows = EXTENTS[a], columns = EXTENTS[b];
            tersor_move_geometry g = {.rank = 2, .dims = {rows, columns}, .src_strides = {1, rows}};
            dense(&g);
            everywhere(&g, rows * columns, rows * columns);
            /* Into the middle of a wider result. */
            g.dst_strides[0] = columns + 5;
            g.dst_offset = 3;
            everywhere(&g, rows * columns, (rows - 1) * (columns + 5) + columns + 4);
        }
    }
}

static void permutations(void) {
    static const int64_t DIMS[] = {3, 17, 2, 18};
    for (int code = 0; code < 256; code++) {
        const int order[] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6};
        int seen = 0;
        tersor_move_geometry g = {.rank = 4};
        for (int i = 0; i < 4; i++) {
            seen |= 1 << order[i];
            g.dims[i] = DIMS[order[i]];
            g.src_strides[i] = product(DIMS + order[i] + 1, 3 - order[i]);
        }
        if (seen == 15) {
            dense(&g);
            everywhere(&g, product(DIMS, 4), product(DIMS, 4));
        }
    }
}

/* Every mixture of strides that repeat, reverse, skip or go on. */
static void mixtures(void) {
    static const int64_t STRIDES[] = {0, 1, -1, 2, 3, -2};
    enum { COUNT = sizeof STRIDES / sizeof *STRIDES };
    random_seed(9);
    for (int64_t draw = 0; draw < 400; draw++) {
        random_seed((uint64_t) draw);
        tersor_move_geometry g = {.rank = (int32_t) random_between(1, TERSOR_MOVE_MAX_RANK)};
        int64_t lo = 0, hi = 0, gap = 1;
        for (int axis = g.rank - 1; axis >= 0; axis--) {
            g.dims[axis] = random_between(1, g.rank < 4 ? 40 : 4);
            const int64_t stride = STRIDES[random_between(0, COUNT - 1)] * (random_between(0, 2) == 0 ? 7 : 1);
            g.src_strides[axis] = stride;
            lo += stride < 0 ? (g.dims[axis] - 1) * stride : 0;
            hi += stride > 0 ? (g.dims[axis] - 1) * stride : 0;
            g.dst_strides[axis] = gap;
            gap *= g.dims[axis];
            gap += axis > 0 && axis < g.rank - 1 ? random_between(0, 2) : 0;
        }
        g.src_offset = -lo + random_between(0, 2);
        g.dst_offset = random_between(0, 2);
        everywhere(&g, g.src_offset + hi + 1, g.dst_offset + place(&g, product(g.dims, g.rank) - 1, 0, g.dst_strides) + 1);
    }
}

static void long_rows(void) {
    for (int64_t count = 500; count < 530; count++) {
        tersor_move_geometry g = {.rank = 2, .dims = {3, count}, .src_strides = {count + 1, 1}};
        dense(&g);
        everywhere(&g, 3 * (count + 1), 3 * count);
    }
}

static void refuse(const tersor_move_geometry *g, int32_t axis, int64_t first, int64_t count, int64_t src_elements,
                   int64_t dst_elements, tersor_status status, const char *what) {
    cases++;
    static uint32_t src[100], dst[100];
    expect_status(tersor_move(tested_isa, g, axis, first, count, src_elements, src, dst_elements, dst), status, what);
}

static void refusals(void) {
    const tersor_move_geometry good = {
        .element_bytes = 4, .rank = 2, .dims = {5, 4}, .src_strides = {1, 5}, .dst_strides = {4, 1}};
    refuse(&good, 0, 0, 5, 20, 20, TERSOR_OK, "good");
    refuse(&good, 0, 0, 5, 19, 20, TERSOR_INVALID_SIZE, "beyond src");
    refuse(&good, 0, 0, 5, 20, 19, TERSOR_INVALID_SIZE, "beyond dst");
    refuse(&good, 0, 1, 5, 20, 20, TERSOR_INVALID_SIZE, "beyond the axis");
    refuse(&good, 0, -1, 2, 20, 20, TERSOR_INVALID_SIZE, "before the axis");
    refuse(&good, 0, 0, 5, -1, 20, TERSOR_INVALID_SIZE, "negative");
    refuse(&good, 0, 0, 5, INT64_MAX / 2, 20, TERSOR_INVALID_SIZE, "bytes beyond int64");
    refuse(&good, 2, 0, 1, 20, 20, TERSOR_INVALID_ARGUMENT, "axis");
    refuse(&good, -1, 0, 1, 20, 20, TERSOR_INVALID_ARGUMENT, "negative axis");
    tersor_move_geometry g = good;
    g.src_strides[1] = -5;
    refuse(&g, 0, 0, 5, 20, 20, TERSOR_INVALID_SIZE, "before src");
    g.src_offset = 15;
    refuse(&g, 0, 0, 5, 20, 20, TERSOR_OK, "backwards");
    g.dims[1] = INT64_MAX;
    refuse(&g, 0, 0, 5, 20, 20, TERSOR_INVALID_SIZE, "reach beyond int64");
    g.dims[1] = 0;
    refuse(&g, 0, 0, 5, 0, 0, TERSOR_OK, "empty");
    refuse(&g, 1, 0, 0, 0, 0, TERSOR_OK, "empty part");
    g.dims[0] = 0;
    g.dims[1] = 4;
    refuse(&g, 1, 0, 4, 0, 0, TERSOR_OK, "an empty axis before others");
    g.dims[0] = 5;
    g.dims[1] = -1;
    refuse(&g, 0, 0, 5, 20, 20, TERSOR_INVALID_SIZE, "negative extent");
    static const int32_t RANKS[] = {0, -1, TERSOR_MOVE_MAX_RANK + 1};
    for (int i = 0; i < 3; i++) {
        g = good;
        g.rank = RANKS[i];
        /* What follows the last stride, so that it cannot be that which is refused. */
        g.src_offset = 1;
        refuse(&g, 0, 0, 5, 20, 20, TERSOR_INVALID_ARGUMENT, "rank");
    }
    static const int32_t BYTES[] = {0, 3, 16, -4};
    for (int i = 0; i < 4; i++) {
        g = good;
        g.element_bytes = BYTES[i];
        refuse(&g, 0, 0, 5, 20, 20, TERSOR_INVALID_ARGUMENT, "element_bytes");
    }
    g = good;
    g.dst_strides[1] = 2;
    refuse(&g, 0, 0, 5, 20, 100, TERSOR_INVALID_ARGUMENT, "last stride of dst");
    uint32_t memory[40];
    expect_status(tersor_move(tested_isa, NULL, 0, 0, 5, 20, memory, 20, memory + 20), TERSOR_NULL_POINTER,
                  "no geometry");
    expect_status(tersor_move(0, &good, 0, 0, 5, 20, memory, 20, memory + 20), TERSOR_UNSUPPORTED_ISA, "isa");
    expect_status(tersor_move(tested_isa, &good, 0, 0, 5, 20, NULL, 20, memory), TERSOR_NULL_POINTER, "no src");
    expect_status(tersor_move(tested_isa, &good, 0, 0, 5, 20, memory, 20, NULL), TERSOR_NULL_POINTER, "no dst");
    expect_status(tersor_move(tested_isa, &good, 0, 0, 5, 10, (char *) memory + 1, 20, memory), TERSOR_MISALIGNED,
                  "misaligned");
}

int main(void) {
    const uint32_t isas = usable_isas();
    refusals();
    for (uint32_t isa = 1; isa != 0; isa <<= 1) {
        if ((isas & isa) != 0) {
            tested_isa = isa;
            transposes();
            permutations();
            mixtures();
            long_rows();
        }
    }
    return test_result("move", cases);
}
