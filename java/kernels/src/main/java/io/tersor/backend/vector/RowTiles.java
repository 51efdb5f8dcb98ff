package io.tersor.backend.vector;

import static io.tersor.backend.vector.SparseSums.TILE;

import java.lang.foreign.MemorySegment;

/**
 * Tiles of rows that are packed first.
 *
 * @param k columns
 */
record RowTiles(RowPacker packer, int k) implements TileSource {
    @Override
    public int rows() {
        return TILE;
    }

    @Override
    public int begin(Scratch scratch, long row, int count, long reserved) {
        return Math.min(TILE, count);
    }

    @Override
    public void load(Scratch scratch, long row, int count, MemorySegment tile, long reserved) {
        int first = 0;
        do { // once also where there is no column: rows that are quantized get their scales by it
            int columns = Math.min(MicroKernels.KC, k - first);
            packer.pack(scratch, row, count, first, columns, 0);
            Transposition.transpose(scratch.a, 0, MicroKernels.LDA, count, columns, tile, (long) first * TILE, TILE,
                    scratch.squares);
            first += MicroKernels.KC;
        } while (first < k);
    }
}
