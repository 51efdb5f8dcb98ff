#include "step_reader.h"

#include "compiler.h"

step_reader step_reader_at(const gemm_kernel *kernel, const sparse_weights *w, int64_t step) {
    const int64_t run_steps = gemm_steps(kernel, w->run_length);
    if (run_steps == 0) {
        return (step_reader){kernel, w, 0, 0, 0};
    }
    const int64_t within = step % run_steps * kernel->step;
    const int64_t k = step / run_steps * w->run_length + within;
    return (step_reader){kernel, w, within, k / w->view->k_run, k % w->view->k_run};
}

step_elements step_next(step_reader *r) {
    const weights_view *view = r->w->view;
    step_elements e = {min_s64(r->kernel->step, r->w->run_length - r->within), {0}};
    for (int64_t i = 0; i < e.count; i++) {
        e.offset[i] = (r->outer * view->k_stride + r->inner * view->run_stride) * r->kernel->src_bytes;
        if (++r->inner == view->k_run) {
            r->inner = 0;
            r->outer++;
        }
    }
    r->within += r->kernel->step;
    if (r->within >= r->w->run_length) {
        r->within = 0;
    }
    return e;
}

const char *step_column(const gemm_kernel *kernel, const sparse_weights *w, int64_t column) {
    return const_row_of(w->view->data, column * w->view->n_stride, kernel->src_bytes);
}

bool step_has_weight(const gemm_kernel *kernel, const sparse_weights *w, const step_elements *e, const char *from,
                     int64_t columns) {
    const int64_t stride = w->view->n_stride * kernel->src_bytes;
    for (int64_t i = 0; i < e->count; i++) {
        const char *weight = from + e->offset[i];
        for (int64_t j = 0; j < columns; j++, weight += stride) {
            if (kernel->src_bytes == 1 ? *weight != 0 : load_f32(weight) != 0.0f) {
                return true;
            }
        }
    }
    return false;
}

void step_copy(const gemm_kernel *kernel, const step_elements *e, const char *from, char *to) {
    memset(to, 0, (size_t) (kernel->step * kernel->src_bytes));
    for (int64_t i = 0; i < e->count; i++) {
        memcpy(to + i * kernel->src_bytes, from + e->offset[i], (size_t) kernel->src_bytes);
    }
}

uint32_t step_word(const gemm_kernel *kernel, const step_elements *e, const char *from) {
    char bytes[4];
    uint32_t word;
    step_copy(kernel, e, from, bytes);
    if (kernel->row_bytes == 2) {
        const int16_t wide[2] = {(int8_t) bytes[0], (int8_t) bytes[1]};
        memcpy(&word, wide, 4);
    } else {
        memcpy(&word, bytes, 4);
    }
    return word;
}
