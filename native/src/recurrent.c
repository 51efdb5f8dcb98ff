/* The public steps of recurrent cells. */
#include <math.h>

#include "check.h"
#include "kernels.h"

static tersor_status prepare_map(const real_functions *real, const tersor_recurrent_function *f, float clip,
                                 recurrent_map *m) {
    if (f->function < 0 || f->function >= TERSOR_MAP_FUNCTIONS ||
        (f->function == TERSOR_MAP_CLIP && !(f->alpha <= f->beta))) {
        return TERSOR_INVALID_ARGUMENT;
    }
    *m = (recurrent_map){real->map[f->function], f->alpha, f->beta, clip};
    return TERSOR_OK;
}

static tersor_status prepare(uint32_t isa, const tersor_recurrent_cell *cell, const isa_kernels **kernels,
                             recurrent_step *s) {
    *kernels = kernels_for(isa);
    if (*kernels == NULL) {
        return TERSOR_UNSUPPORTED_ISA;
    }
    RETURN_IF_ERROR(check_range(cell, sizeof *cell, _Alignof(tersor_recurrent_cell)));
    RETURN_IF_ERROR(check_dimension(cell->hidden));
    if (cell->kind < TERSOR_RNN || cell->kind > TERSOR_LSTM || !(cell->clip >= 0)) {
        return TERSOR_INVALID_ARGUMENT;
    }
    *s = (recurrent_step){.kind = cell->kind,
                          .hidden = cell->hidden,
                          .coupled = cell->coupled != 0,
                          .reset_after = cell->reset_after != 0};
    const real_functions *real = (*kernels)->real;
    RETURN_IF_ERROR(prepare_map(real, &cell->gate, cell->clip, &s->gate));
    RETURN_IF_ERROR(prepare_map(real, &cell->candidate, cell->clip, &s->candidate));
    return prepare_map(real, &cell->output, INFINITY, &s->output);
}

/* `count` floats from an element on. */
static tersor_status check_floats_at(const float *address, int64_t at, int64_t count) {
    return at < 0 || at > INT64_MAX / 8 ? TERSOR_INVALID_SIZE : check_floats(address, count == 0 ? 0 : at + count);
}

tersor_status tersor_recurrent_step(uint32_t isa, const tersor_recurrent_cell *cell, const float *x, int64_t x_at,
                                    const float *r, int64_t r_at, float *h, float *c, int64_t at) {
    static const int64_t GATES[] = {[TERSOR_RNN] = 1, [TERSOR_GRU] = 3, [TERSOR_LSTM] = 4};
    const isa_kernels *kernels;
    recurrent_step s;
    RETURN_IF_ERROR(prepare(isa, cell, &kernels, &s));
    const bool lstm = s.kind == TERSOR_LSTM;
    const int64_t columns = GATES[s.kind] * s.hidden;
    RETURN_IF_ERROR(check_floats_at(x, x_at, columns));
    RETURN_IF_ERROR(check_floats_at(r, r_at, columns));
    RETURN_IF_ERROR(check_floats_at(h, at, s.hidden));
    RETURN_IF_ERROR(check_floats_at(c, at, lstm ? s.hidden : 0));
    const float *peepholes = lstm ? cell->peepholes : NULL;
    if (peepholes != NULL) {
        RETURN_IF_ERROR(check_floats(peepholes, 3 * s.hidden));
    }
    if (s.hidden > 0) {
        kernels->real->recurrent_run(&s, (recurrent_row){x + x_at, r + r_at, h + at, lstm ? c + at : NULL, peepholes});
    }
    return TERSOR_OK;
}

tersor_status tersor_recurrent_reset(uint32_t isa, const tersor_recurrent_cell *cell, const float *x, int64_t x_at,
                                     const float *r, int64_t r_at, const float *h, float *scaled, int64_t at) {
    const isa_kernels *kernels;
    recurrent_step s;
    RETURN_IF_ERROR(prepare(isa, cell, &kernels, &s));
    if (s.kind != TERSOR_GRU) {
        return TERSOR_INVALID_ARGUMENT;
    }
    RETURN_IF_ERROR(check_floats_at(x, x_at, s.hidden));
    RETURN_IF_ERROR(check_floats_at(r, r_at, s.hidden));
    RETURN_IF_ERROR(check_floats_at(h, at, s.hidden));
    RETURN_IF_ERROR(check_floats_at(scaled, at, s.hidden));
    if (s.hidden > 0) {
        kernels->real->recurrent_reset(&s, x + x_at, r + r_at, h + at, scaled + at);
    }
    return TERSOR_OK;
}
