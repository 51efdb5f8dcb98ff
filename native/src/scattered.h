/*
 * Weights whose zeros are scattered: the lanes of a vector are rows of the source, one column of the result is computed
 * at a time from its own k steps alone. All elements are words of 4 bytes: a float, 4 bytes or 2 halves that one
 * instruction multiplies and adds.
 *
 * Rows are first turned: [k step][row], `rows` of the kernel to each. Their turning is paid for by all columns.
 */
#ifndef TERSOR_SCATTERED_H
#define TERSOR_SCATTERED_H

#include <stdint.h>

enum {
    SCATTERED_COLUMNS = 32,
    SCATTERED_HEAD_BYTES = 192, /* of a panel, in front of its entries */
    MAX_SCATTERED_ROWS = 64
};

/* A k step of one column. */
typedef struct scattered_entry {
    uint32_t step;
    uint32_t weights; /* 4 bytes as they are multiplied */
} scattered_entry;

typedef struct scattered_tile {
    const char *turned;  /* [k step][the kernel's rows] words */
    int64_t rows;        /* of interest, 1 to the kernel's rows */
    int64_t columns;     /* 1 to SCATTERED_COLUMNS */
    const void *panel;
    const void *init;    /* [columns] words that the sums start from */
    void *acc;           /* [SCATTERED_COLUMNS][the kernel's rows] words */
} scattered_tile;

/* Words [0, count) of some rows to [word][row]; in `to` the rows of neighbouring words are `pitch` bytes apart, a multiple
 * of 64. */
typedef void turn_function(const char *const *rows, int64_t count, char *to, int64_t pitch);

turn_function turn_16__portable, turn_8__avx2, turn_16__avx512f;

typedef struct scattered_kernel {
    int32_t lanes; /* rows that `turn` takes */
    turn_function *turn;
    void (*multiply)(const scattered_tile *tile);
} scattered_kernel;

#endif
