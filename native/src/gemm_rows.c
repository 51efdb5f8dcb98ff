#include "gemm_rows.h"

#include "compiler.h"
#include "tersor.h"

enum {
    STRIP_ROWS = 16,       /* of a transposed source at a time: each of its columns gives that many neighbours */
    ALIASING_STRIDE = 2048, /* rows this far apart share few of the sets of an L1 cache */
    COPIED_PANELS = 16      /* more make up for a copy of f32 rows that alias: a k step of these takes 4 times as long */
};

static bool is_transposed(const gemm_source *src) {
    return src->column_stride != src->element_bytes;
}

int64_t gemm_rows_source_bytes(const gemm_source *src) {
    return src->quantize != NULL || is_transposed(src) ? src->element_bytes : 0;
}

bool gemm_rows_convert(const gemm_kernel *kernel, const gemm_operands *o) {
    /* Rows that are turned are copied there, a line of each at a time. */
    const int64_t panels = kernel->finishes ? COPIED_PANELS : 2;
    const bool aliasing = kernel->scattered == NULL && o->src.row_stride % ALIASING_STRIDE == 0 && o->m > 1 &&
                          o->n > panels * kernel->columns;
    return kernel->convert_always || o->src.quantize != NULL || is_transposed(&o->src) || aliasing;
}

int64_t gemm_rows_stride(const gemm_kernel *kernel, int64_t k) {
    return gemm_row_stride(gemm_padded_k(kernel, k) * kernel->row_bytes);
}

static int64_t aligned(int64_t bytes) {
    return round_up(bytes, TERSOR_ALIGNMENT);
}

gemm_rows_scratch gemm_rows_scratch_at(const gemm_kernel *kernel, int64_t k, int64_t rows, int64_t source_bytes,
                                       void *scratch) {
    gemm_rows_scratch s;
    s.rows = scratch;
    s.sums = row_of(s.rows, 1, aligned(rows * gemm_rows_stride(kernel, k)));
    s.scales = row_of(s.sums, 1, aligned(rows * 4));
    s.levels = row_of(s.scales, 1, source_bytes == 0 ? 0 : aligned(rows * 4));
    s.strip = row_of(s.levels, 1, source_bytes == 0 ? 0 : aligned(k));
    return s;
}

int64_t gemm_rows_scratch_bytes(const gemm_kernel *kernel, int64_t k, int64_t rows, int64_t source_bytes) {
    const gemm_rows_scratch s = gemm_rows_scratch_at(kernel, k, rows, source_bytes, NULL);
    return (int64_t) (uintptr_t) s.strip + aligned(STRIP_ROWS * k * source_bytes);
}

#define TRANSPOSE(name, type)                                                                                          \
    static void transpose_##name(const char *from, int64_t column_stride, int64_t rows, int64_t k, type *to) {         \
        for (int64_t j = 0; j < k; j++, from += column_stride) {                                                       \
            const type *column = (const type *) (const void *) from;                                                   \
            for (int64_t i = 0; i < rows; i++) {                                                                       \
                to[i * k + j] = column[i];                                                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

TRANSPOSE(1, uint8_t)
TRANSPOSE(2, uint16_t)
TRANSPOSE(4, uint32_t)

/* Rows of a transposed source into the strip, one behind the other. */
static void transpose_strip(const gemm_source *src, int64_t first, int64_t rows, int64_t k, void *strip) {
    const char *from = const_row_of(src->data, first, src->element_bytes);
    switch (src->element_bytes) {
    case 1:
        transpose_1(from, src->column_stride, rows, k, strip);
        break;
    case 2:
        transpose_2(from, src->column_stride, rows, k, strip);
        break;
    default:
        transpose_4(from, src->column_stride, rows, k, strip);
        break;
    }
}

/* Whether rows lie one behind the other where they are and where they go, with nothing to know of each. */
static bool are_dense(const gemm_operands *o, int64_t row_bytes, int64_t stride) {
    const gemm_source *src = &o->src;
    return row_bytes == stride && src->quantize == NULL && o->weights.zero_points == NULL && !is_transposed(src) &&
           src->row_stride == o->k * src->element_bytes;
}

/* Rows as the kernel reads them, `stride` bytes apart, padded with zeros. */
static void convert_rows(const gemm_kernel *kernel, const gemm_operands *o, int64_t first, int64_t count,
                         int64_t stride, const gemm_rows_scratch *s) {
    const gemm_source *src = &o->src;
    const int64_t row_bytes = o->k * kernel->row_bytes;
    const size_t padding = (size_t) (gemm_padded_k(kernel, o->k) * kernel->row_bytes - row_bytes);
    if (are_dense(o, row_bytes, stride)) {
        kernel->convert(const_row_of(src->data, first, src->row_stride), count * o->k, s->rows);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        const void *row;
        char *to = row_of(s->rows, i, stride);
        if (is_transposed(src)) {
            if (i % STRIP_ROWS == 0) {
                transpose_strip(src, first + i, min_s64(STRIP_ROWS, count - i), o->k, s->strip);
            }
            row = const_row_of(s->strip, i % STRIP_ROWS, o->k * src->element_bytes);
        } else {
            row = const_row_of(src->data, first + i, src->row_stride);
        }
        if (src->quantize != NULL) {
            s->scales[i] = src->quantize(row, o->k, s->levels);
            row = s->levels;
        }
        if (o->weights.zero_points != NULL) {
            s->sums[i] = kernel->row_sum(row, o->k, kernel->src_shift);
        }
        kernel->convert(row, o->k, to);
        if (padding > 0) {
            memset(to + row_bytes, 0, padding);
        }
    }
}

/* The last, incomplete k step of each row, padded with zeros. */
static void copy_tails(const gemm_kernel *kernel, const gemm_operands *o, int64_t first, int64_t count, char *to) {
    const int64_t step = gemm_step(kernel, o->k), step_bytes = step * kernel->src_bytes;
    const int64_t whole = o->k / step * step_bytes;
    const int64_t rest = o->k * kernel->src_bytes - whole;
    for (int64_t i = 0; i < count; i++, to += step_bytes) {
        memset(to, 0, (size_t) step_bytes);
        memcpy(to, (const char *) const_row_of(o->src.data, first + i, o->src.row_stride) + whole, (size_t) rest);
    }
}

gemm_rows gemm_rows_prepare(const gemm_kernel *kernel, const gemm_operands *o, bool convert, int64_t first,
                            int64_t count, const gemm_rows_scratch *s) {
    const int64_t padded_k = gemm_padded_k(kernel, o->k), step = gemm_step(kernel, o->k);
    gemm_rows rows = {.step = step * kernel->row_bytes, .steps = o->k / step};
    if (convert) {
        rows.src = s->rows;
        rows.steps = padded_k / step;
        rows.stride = gemm_rows_stride(kernel, o->k);
        convert_rows(kernel, o, first, count, rows.stride, s);
        return rows;
    }
    rows.src = const_row_of(o->src.data, first, o->src.row_stride);
    rows.stride = o->src.row_stride;
    for (int64_t i = 0; o->weights.zero_points != NULL && i < count; i++) {
        s->sums[i] = kernel->row_sum(const_row_of(rows.src, i, rows.stride), o->k, kernel->src_shift);
    }
    if (o->k != padded_k) {
        rows.tail = s->rows;
        rows.tail_stride = step * kernel->src_bytes;
        copy_tails(kernel, o, first, count, s->rows);
    }
    return rows;
}
