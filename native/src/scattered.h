/*
 * Weights whose zeros are scattered: the lanes of a vector are rows of the source, one column of the result is computed
 * at a time from its own k steps alone. All elements are words of 4 bytes: a float, 4 bytes or 2 halves that one
 * instruction multiplies and adds.
 *
 * Rows are first turned: [k step][row], `rows` of the kernel to each. Their turning is paid for by all columns. k is
 * taken in chunks: that of the turned rows stays in L1 while the columns of several panels pass by, whose sums are in L2.
 */
#ifndef TERSOR_SCATTERED_H
#define TERSOR_SCATTERED_H

#include <stdint.h>

enum {
    SCATTERED_COLUMNS = 32,
    SCATTERED_CHUNK_BYTES = 32 * 1024, /* of turned rows */
    SCATTERED_PANELS = 16,             /* that a chunk is used for in turn */
    MAX_SCATTERED_ROWS = 64
};

/* k steps of a chunk, for a kernel of so many rows: their numbers in the chunk are bytes. */
static inline int64_t scattered_chunk_steps(int64_t rows) {
    const int64_t steps = SCATTERED_CHUNK_BYTES / (rows * 4);
    return steps < 256 ? steps : 256;
}

/* At least one, so that sums are started. */
static inline int64_t scattered_chunks(int64_t rows, int64_t steps) {
    const int64_t chunk = scattered_chunk_steps(rows);
    return steps <= chunk ? 1 : (steps + chunk - 1) / chunk;
}

/*
 * A panel is its chunks, then the words of weights of all of them, 4 bytes as they are multiplied, then for each word
 * where its rows are. PANEL_SCATTERED: the number of its k step in the chunk, a byte. PANEL_SINGLES, whose words are any
 * four weights of the column (the last ones filled up with zeros): for each weight the byte offset of its plane in the
 * chunk, 16 bits; a plane is one element of k of all rows, a byte each.
 *
 * A chunk has the panel's columns, those with the fewest entries first. So most of them have as many as the one before,
 * and the end of their loop is foreseen: with a mistake for each column a chunk of 10 entries takes 1.5 times as long.
 */
typedef struct scattered_chunk {
    _Alignas(64) uint32_t start[SCATTERED_COLUMNS + 1]; /* in the panel's words */
    uint8_t column[SCATTERED_COLUMNS];
} scattered_chunk;

/* All words of a panel. */
typedef struct scattered_words {
    const uint32_t *weights;
    const void *places;
} scattered_words;

typedef struct scattered_tile {
    const char *turned;  /* [k step][the kernel's rows] words */
    int64_t rows;        /* of interest, 1 to the kernel's rows */
    int64_t columns;     /* 1 to SCATTERED_COLUMNS */
    int64_t chunk, chunks; /* of k; sums are started by the first */
    const void *panel;
    const void *init;    /* [columns] words that the sums start from */
    void *acc;           /* [SCATTERED_COLUMNS][the kernel's rows] words */
} scattered_tile;

static inline scattered_words scattered_words_of(const scattered_tile *t) {
    const scattered_chunk *chunks = (const scattered_chunk *) t->panel;
    const uint32_t *weights = (const uint32_t *) (chunks + t->chunks);
    return (scattered_words){weights, weights + chunks[t->chunks - 1].start[SCATTERED_COLUMNS]};
}

/* Words [0, count) of some rows to [word][row]; in `to` the rows of neighbouring words are `pitch` bytes apart, a multiple
 * of 64. */
typedef void turn_function(const char *const *rows, int64_t count, char *to, int64_t pitch);

turn_function turn_16__portable, turn_8__avx2, turn_16__avx512f;

typedef struct scattered_kernel {
    int32_t lanes; /* rows that `turn` takes */
    turn_function *turn;
    void (*split)(char *turned, int64_t steps); /* NULL, or what makes planes of turned rows */
    void (*multiply)(const scattered_tile *tile);
} scattered_kernel;

#endif
