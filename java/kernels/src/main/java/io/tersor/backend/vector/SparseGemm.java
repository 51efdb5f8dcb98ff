package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.SparseSums.TILE;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * A matrix product with sparse weights, tile by tile of transposed rows.
 *
 * @param source where the rows come from
 */
record SparseGemm(SparseSums sums, TileSource source) implements Product {
    private static final int TILE_BYTES = TILE * Float.BYTES;

    static SparseGemm of(SparseWeights weights, TileSource source, TileStore store) {
        return new SparseGemm(new SparseSums(weights.at(k -> k * TILE_BYTES), store), source);
    }

    @Override
    public int panels() {
        return sums.weights().panels();
    }

    @Override
    public int mostRows() {
        return source.rows();
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
        // Aligned native memory: no load of a tile crosses a cache line.
        long reserved = (Math.ceilDiv(sums.weights().k(), F) * F + 1L) * TILE_BYTES;
        int rows;
        for (int begun = 0; begun < count; begun += rows) {
            rows = source.begin(scratch, row + begun, count - begun, reserved);
            MemorySegment tile = scratch.panels(reserved);
            for (int first = begun; first < begun + rows; first += TILE) {
                int kept = Math.min(TILE, begun + rows - first);
                source.load(scratch, row + first, kept, tile, reserved);
                for (int p = panel; p < endPanel; p++) {
                    sums.compute(scratch, tile, kept, p);
                    sums.store(scratch, row + first, kept, p);
                }
            }
        }
    }
}
