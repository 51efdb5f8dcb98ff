package io.tersor.backend.vector;

import java.lang.foreign.MemorySegment;

/** Where the transposed rows of a product with sparse weights come from. */
interface TileSource {
    /** Returns the rows that had better be computed together. */
    int rows();

    /**
     * Prepares the first of some rows, reading the source that the scratch is bound to, and returns how many they are.
     *
     * @param reserved bytes at the beginning of {@link Scratch#panels} that are for the tile
     */
    int begin(Scratch scratch, long row, int count, long reserved);

    /**
     * Transposes prepared rows [row, row + count), at most {@link SparseSums#TILE}, into columns of
     * {@link SparseSums#TILE} floats; what lies behind the last row is undefined.
     *
     * @param tile the memory that was reserved, with room for one column more, and for as many as fill a square
     */
    void load(Scratch scratch, long row, int count, MemorySegment tile, long reserved);
}
