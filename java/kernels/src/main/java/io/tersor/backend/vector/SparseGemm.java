package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.SparseSums.TILE;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * A matrix product with sparse weights, tile by tile: the rows of src are transposed, so that a tile's lie side by side.
 *
 * @param rows where src comes from
 */
record SparseGemm(SparseSums sums, RowPacker rows) implements Product {
    private static final int TILE_BYTES = TILE * Float.BYTES;

    static SparseGemm of(SparseWeights weights, RowPacker rows, TileStore store) {
        return new SparseGemm(new SparseSums(weights.at(k -> k * TILE_BYTES), store), rows);
    }

    @Override
    public int panels() {
        return sums.weights().panels();
    }

    @Override
    public int mostRows() {
        return TILE;
    }

    @Override
    public int rowStep() {
        return F;
    }

    @Override
    public int mostPanels() {
        return Math.max(1, panels());
    }

    @Override
    public String name(DataType src, DataType type, String operation) {
        return sums.name(src, type, operation);
    }

    @Override
    public void run(Scratch scratch, long row, int count, int panel, int endPanel) {
        int k = sums.weights().k();
        // Native memory is aligned, so that no load crosses a cache line.
        MemorySegment tile = scratch.panels((long) Math.ceilDiv(k, F) * F * TILE_BYTES);
        for (int first = 0; first < k; first += MicroKernels.KC) {
            int columns = Math.min(MicroKernels.KC, k - first);
            rows.pack(scratch, row, count, first, columns, 0);
            Transposition.transpose(scratch.a, 0, MicroKernels.LDA, count, columns, tile, (long) first * TILE, TILE,
                    scratch.squares);
        }
        for (int p = panel; p < endPanel; p++) {
            sums.compute(scratch, tile, 0, count, p);
            sums.store(scratch, row, 0, count, p);
        }
    }
}
