/*
 * Moves of elements of one size, included by move.c once for each: MOVE_ELEMENT is an unsigned integer of that size,
 * MOVE(name) the name of a function or type for it. Vectors of 16 bytes are on every x86-64.
 */
typedef MOVE_ELEMENT MOVE(vector) __attribute__((vector_size(16), aligned(sizeof(MOVE_ELEMENT)), may_alias));

enum { MOVE(LANES) = 16 / sizeof(MOVE_ELEMENT), MOVE(TILE) = 256 / sizeof(MOVE_ELEMENT) };

/* Whether there is something better for words, and elements are such. */
#define MOVE_HAS_WORDS(function) (sizeof(MOVE_ELEMENT) == sizeof(uint32_t) && (function) != NULL)
#define LOAD(address) (*(const MOVE(vector) *) (address))
#define STORE(address, value) (*(MOVE(vector) *) (address) = (value))

/* Through vectors with an overlapping last one: calls of memcpy cost more than what most rows hold. */
ALWAYS_INLINE void MOVE(copy)(const MOVE_ELEMENT *from, MOVE_ELEMENT *to, int64_t count) {
    if (count < MOVE(LANES)) {
        for (int64_t i = 0; i < count; i++) {
            to[i] = from[i];
        }
        return;
    }
    if (count > LONG_ROW_BYTES / (int64_t) sizeof(MOVE_ELEMENT)) {
        memcpy(to, from, (size_t) count * sizeof(MOVE_ELEMENT));
        return;
    }
    for (int64_t i = 0; i < count - MOVE(LANES); i += MOVE(LANES)) {
        STORE(to + i, LOAD(from + i));
    }
    STORE(to + count - MOVE(LANES), LOAD(from + count - MOVE(LANES)));
}

/* to[i] = from[2 * i]; what would come after the last element may not be there, so that one goes by itself. */
static void MOVE(every_second)(const MOVE_ELEMENT *from, MOVE_ELEMENT *to, int64_t count) {
    if (count <= MOVE(LANES)) {
        for (int64_t i = 0; i < count; i++) {
            to[i] = from[2 * i];
        }
        return;
    }
    for (int64_t next = 0; next < count - 1; next += MOVE(LANES)) {
        const int64_t i = min_s64(next, count - 1 - MOVE(LANES));
        STORE(to + i, MOVE_EVEN(LOAD(from + 2 * i), LOAD(from + 2 * i + MOVE(LANES))));
    }
    to[count - 1] = from[2 * (count - 1)];
}

static void MOVE(line)(const MOVE_ELEMENT *from, int64_t step, MOVE_ELEMENT *to, int64_t count) {
    if (step == 1) {
        MOVE(copy)(from, to, count);
    } else if (step == 2) {
        MOVE(every_second)(from, to, count);
    } else if (step == 0) {
        const MOVE_ELEMENT element = *from;
        for (int64_t i = 0; i < count; i++) {
            to[i] = element;
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            to[i] = from[i * step];
        }
    }
}

/* A square as wide as a vector: each step interleaves the rows of one half with those of the other. */
ALWAYS_INLINE void MOVE(square)(const MOVE_ELEMENT *from, int64_t from_pitch, MOVE_ELEMENT *to, int64_t to_pitch) {
    MOVE(vector) a[MOVE(LANES)], b[MOVE(LANES)];
    UNROLL(16)
    for (int i = 0; i < MOVE(LANES); i++) {
        a[i] = LOAD(from + i * from_pitch);
    }
    UNROLL(4)
    for (int s = 1; s < MOVE(LANES); s *= 2) {
        UNROLL(8)
        for (int i = 0; i < MOVE(LANES) / 2; i++) {
            b[2 * i] = MOVE_LOW(a[i], a[i + MOVE(LANES) / 2]);
            b[2 * i + 1] = MOVE_HIGH(a[i], a[i + MOVE(LANES) / 2]);
        }
        UNROLL(16)
        for (int i = 0; i < MOVE(LANES); i++) {
            a[i] = b[i];
        }
    }
    UNROLL(16)
    for (int i = 0; i < MOVE(LANES); i++) {
        STORE(to + i * to_pitch, a[i]);
    }
}

/*
 * By strips of a few cache lines from each line of the source, which are used up before the next lines: each may lie in a
 * page of its own. What is left over at the ends is covered by a square that overlaps the one before.
 */
static void MOVE(transpose)(const MOVE_ELEMENT *from, int64_t from_pitch, MOVE_ELEMENT *to, int64_t to_pitch,
                            int64_t rows, int64_t columns) {
    for (int64_t r0 = 0; r0 < rows; r0 += MOVE(TILE)) {
        const int64_t r_end = min_s64(rows, r0 + MOVE(TILE));
        for (int64_t c = 0; c < columns; c += MOVE(LANES)) {
            const int64_t column = min_s64(c, columns - MOVE(LANES));
            for (int64_t r = r0; r < r_end; r += MOVE(LANES)) {
                const int64_t row = min_s64(r, rows - MOVE(LANES));
                MOVE(square)(from + column * from_pitch + row, from_pitch, to + row * to_pitch + column, to_pitch);
            }
        }
    }
}

/* to[2 * i] = a[i], to[2 * i + 1] = b[i] */
static void MOVE(interleave)(const MOVE_ELEMENT *a, const MOVE_ELEMENT *b, MOVE_ELEMENT *to, int64_t count) {
    if (count < MOVE(LANES)) {
        for (int64_t i = 0; i < count; i++) {
            to[2 * i] = a[i];
            to[2 * i + 1] = b[i];
        }
        return;
    }
    for (int64_t next = 0; next < count; next += MOVE(LANES)) {
        const int64_t i = min_s64(next, count - MOVE(LANES));
        const MOVE(vector) x = LOAD(a + i), y = LOAD(b + i);
        STORE(to + 2 * i, MOVE_LOW(x, y));
        STORE(to + 2 * i + MOVE(LANES), MOVE_HIGH(x, y));
    }
}

/* A few columns, known to the compiler where the call says how many. */
ALWAYS_INLINE void MOVE(narrow)(const MOVE_ELEMENT *from, int64_t column_step, MOVE_ELEMENT *to, int64_t to_pitch,
                                int64_t rows, int64_t columns) {
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < columns; c++) {
            to[r * to_pitch + c] = from[r + c * column_step];
        }
    }
}

/* to[r, c] = from[c, r], whose rows are together. */
static void MOVE(plane)(const real_functions *f, const MOVE_ELEMENT *from, int64_t column_step, MOVE_ELEMENT *to,
                        int64_t to_pitch, int64_t rows, int64_t columns) {
    if (columns == 2 && to_pitch == 2 && MOVE_HAS_WORDS(f->interleave_words)) {
        f->interleave_words((const void *) from, (const void *) (from + column_step), (void *) to, rows);
    } else if (rows == 3 && column_step == 3 && MOVE_HAS_WORDS(f->thirds_of_words)) {
        f->thirds_of_words((const void *) from, (void *) to, to_pitch, columns);
    } else if (columns == 2 && to_pitch == 2) {
        MOVE(interleave)(from, from + column_step, to, rows);
    } else if (columns == 3 && to_pitch == 3) {
        MOVE(narrow)(from, column_step, to, 3, rows, 3);
    } else if (columns == 4 && MOVE(LANES) > 4) {
        MOVE(narrow)(from, column_step, to, to_pitch, rows, 4);
    } else if (columns < MOVE(LANES) && rows >= MOVE(LANES)) {
        MOVE(narrow)(from, column_step, to, to_pitch, rows, columns);
    } else if (column_step == 0 || rows < MOVE(LANES)) {
        for (int64_t r = 0; r < rows; r++) {
            MOVE(line)(from + r, column_step, to + r * to_pitch, columns);
        }
    } else if (rows >= TRANSPOSE_WORDS_LEAST && columns >= TRANSPOSE_WORDS_LEAST
               && MOVE_HAS_WORDS(f->transpose_words)) {
        f->transpose_words((const void *) from, column_step, (void *) to, to_pitch, rows, columns);
    } else {
        MOVE(transpose)(from, column_step, to, to_pitch, rows, columns);
    }
}

static void MOVE(walk)(const real_functions *f, const tersor_move_geometry *g, int32_t axis, const MOVE_ELEMENT *from,
                       MOVE_ELEMENT *to) {
    const int32_t rest = g->rank - axis;
    const int64_t extent = g->dims[axis], src_stride = g->src_strides[axis], dst_stride = g->dst_strides[axis];
    if (rest > 1 && src_stride == 0 && extent > 1) {
        const int64_t bytes = block_elements(g, axis + 1) * (int64_t) sizeof(MOVE_ELEMENT);
        if (bytes >= LEAST_REPEATED_BYTES && bytes <= MOST_REPEATED_BYTES) {
            MOVE(walk)(f, g, axis + 1, from, to);
            for (int64_t i = 1; i < extent; i++) {
                memcpy(to + i * dst_stride, to, (size_t) bytes);
            }
            return;
        }
    }
    if (rest == 1) {
        MOVE(line)(from, src_stride, to, extent);
    } else if (rest == 2 && g->src_strides[axis + 1] == 1) {
        for (int64_t i = 0; i < extent; i++) {
            MOVE(copy)(from + i * src_stride, to + i * dst_stride, g->dims[axis + 1]);
        }
    } else if (rest == 2 && src_stride == 1) {
        MOVE(plane)(f, from, g->src_strides[axis + 1], to, dst_stride, extent, g->dims[axis + 1]);
    } else {
        for (int64_t i = 0; i < extent; i++) {
            MOVE(walk)(f, g, axis + 1, from + i * src_stride, to + i * dst_stride);
        }
    }
}

#undef MOVE_HAS_WORDS
#undef LOAD
#undef STORE
#undef MOVE
#undef MOVE_ELEMENT
#undef MOVE_LOW
#undef MOVE_HIGH
#undef MOVE_EVEN
