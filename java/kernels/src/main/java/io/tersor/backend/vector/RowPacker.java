package io.tersor.backend.vector;

/** Where the rows of a matrix product come from. */
interface RowPacker {
    /**
     * Packs columns [k, k + count) of rows [row, row + rows) into {@link Scratch#a} from index {@code at} on, rows
     * {@link MicroKernels#LDA} apart, reading the source that the scratch is bound to.
     */
    void pack(Scratch scratch, long row, int rows, int k, int count, int at);
}
