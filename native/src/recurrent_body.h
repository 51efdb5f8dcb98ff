/*
 * A step of a recurrent cell in plain C, compiled once for each instruction set; the compiler vectorizes the loops. The
 * formulas stand in tersor.h.
 */
#ifndef TERSOR_RECURRENT_BODY_H
#define TERSOR_RECURRENT_BODY_H

#include "compiler.h"
#include "real.h"

enum { RECURRENT_STRIP = 256 }; /* units whose gates lie in the stack at once */

/* NaN stays. */
ALWAYS_INLINE float recurrent_bounded(float a, float clip) {
    const float below = a > clip ? clip : a;
    return below < -clip ? -clip : below;
}

/* to = function(x + r), or of x + r + p * c. */
static void recurrent_gate(const recurrent_map *m, const float *restrict x, const float *restrict r,
                           const float *restrict p, const float *restrict c, int64_t count, float *restrict to) {
    const float clip = m->clip;
    if (p == NULL) {
        for (int64_t i = 0; i < count; i++) {
            to[i] = recurrent_bounded(x[i] + r[i], clip);
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            to[i] = recurrent_bounded(x[i] + r[i] + p[i] * c[i], clip);
        }
    }
    m->map(to, count, m->alpha, m->beta, to);
}

static void recurrent_gru(const recurrent_step *s, const recurrent_row *row, int64_t count) {
    const int64_t hidden = s->hidden;
    const float *restrict x = row->x + 2 * hidden, *restrict r = row->r + 2 * hidden;
    float *restrict h = row->h;
    float update[RECURRENT_STRIP], reset[RECURRENT_STRIP], candidate[RECURRENT_STRIP];
    recurrent_gate(&s->gate, row->x, row->r, NULL, NULL, count, update);
    if (s->reset_after) {
        const float clip = s->candidate.clip;
        recurrent_gate(&s->gate, row->x + hidden, row->r + hidden, NULL, NULL, count, reset);
        for (int64_t i = 0; i < count; i++) {
            candidate[i] = recurrent_bounded(x[i] + reset[i] * r[i], clip);
        }
        s->candidate.map(candidate, count, s->candidate.alpha, s->candidate.beta, candidate);
    } else {
        recurrent_gate(&s->candidate, x, r, NULL, NULL, count, candidate);
    }
    for (int64_t i = 0; i < count; i++) {
        h[i] = (1.0f - update[i]) * candidate[i] + update[i] * h[i];
    }
}

static void recurrent_lstm(const recurrent_step *s, const recurrent_row *row, int64_t count) {
    const int64_t hidden = s->hidden;
    const float *p = row->peepholes;
    const float *x = row->x, *r = row->r;
    float *restrict h = row->h, *restrict c = row->c;
    float in[RECURRENT_STRIP], forget[RECURRENT_STRIP], other[RECURRENT_STRIP];
    recurrent_gate(&s->gate, x, r, p, c, count, in);
    if (s->coupled) {
        for (int64_t i = 0; i < count; i++) {
            forget[i] = 1.0f - in[i];
        }
    } else {
        recurrent_gate(&s->gate, x + 2 * hidden, r + 2 * hidden, p == NULL ? NULL : p + 2 * hidden, c, count, forget);
    }
    recurrent_gate(&s->candidate, x + 3 * hidden, r + 3 * hidden, NULL, NULL, count, other);
    for (int64_t i = 0; i < count; i++) {
        c[i] = forget[i] * c[i] + in[i] * other[i];
    }
    recurrent_gate(&s->gate, x + hidden, r + hidden, p == NULL ? NULL : p + hidden, c, count, in);
    s->output.map(c, count, s->output.alpha, s->output.beta, other);
    for (int64_t i = 0; i < count; i++) {
        h[i] = in[i] * other[i];
    }
}

static void recurrent_run(const recurrent_step *s, recurrent_row row) {
    for (int64_t unit = 0; unit < s->hidden; unit += RECURRENT_STRIP) {
        const int64_t count = min_s64(RECURRENT_STRIP, s->hidden - unit);
        switch (s->kind) {
        case TERSOR_RNN:
            recurrent_gate(&s->gate, row.x, row.r, NULL, NULL, count, row.h);
            break;
        case TERSOR_GRU:
            recurrent_gru(s, &row, count);
            break;
        default:
            recurrent_lstm(s, &row, count);
            break;
        }
        row.x += count;
        row.r += count;
        row.h += count;
        row.c += row.c == NULL ? 0 : count;
        row.peepholes += row.peepholes == NULL ? 0 : count;
    }
}

/* scaled = gate(x + r) * h */
static void recurrent_reset(const recurrent_step *s, const float *x, const float *r, const float *restrict h,
                            float *restrict scaled) {
    recurrent_gate(&s->gate, x, r, NULL, NULL, s->hidden, scaled);
    for (int64_t i = 0; i < s->hidden; i++) {
        scaled[i] *= h[i];
    }
}

#endif
