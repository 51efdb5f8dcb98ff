package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;

/**
 * A matrix product with sparse weights: a tile of rows of src is transposed, so that its rows lie side by side, and
 * each output adds up the columns that it has weights for (as in Elsen et al., "Fast Sparse ConvNets", 2020). The sums
 * are transposed back for the epilogue.
 *
 * @param rows where src comes from
 */
record SparseGemm(SparseWeights weights, RowPacker rows, TileStore store) implements Product {
    /** Rows of a tile: four vectors. */
    static final int TILE = 4 * F;

    /** Outputs that share their columns. */
    private static final int HEIGHT = 4;

    /** Returns the outputs of a unit that suit an arrangement of zeros; more than one need 32 vector registers. */
    static int height(SparseFormat format) {
        return MR == 12 && format instanceof SparseFormat.Block block && block.rows() % HEIGHT == 0 ? HEIGHT : 1;
    }

    @Override
    public int panels() {
        return weights.panels();
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
        boolean integer = type == DataType.S8;
        return src + (integer ? type.label() : "") + "_sparse_" + weights.height() + "x1_" + operation
                + (integer ? "_f32fma_" : "_") + TILE + "__" + Lanes.BITS;
    }

    @Override
    public void run(Scratch scratch, long row, int count, int panel, int endPanel) {
        load(scratch, row, count);
        for (int p = panel; p < endPanel; p++) {
            if (store.isInteger()) {
                integers(scratch, row, count, p);
            } else {
                add(scratch, 0, p, count);
                for (int r = 0; r < count; r += MR) {
                    store.storeFloats(scratch, scratch.tile, r * NR, row, r, Math.min(MR, count - r), p);
                }
            }
        }
    }

    /** Transposes rows of src into [k][TILE]. */
    private void load(Scratch scratch, long row, int count) {
        scratch.growSums(Math.ceilDiv(weights.k(), F) * F * TILE);
        for (int k = 0; k < weights.k(); k += MicroKernels.KC) {
            int columns = Math.min(MicroKernels.KC, weights.k() - k);
            rows.pack(scratch, row, count, k, columns, 0);
            Transposition.transpose(scratch.a, 0, MicroKernels.LDA, count, columns, scratch.sums, k * TILE, TILE,
                    scratch.square);
        }
    }

    private void integers(Scratch scratch, long row, int count, int panel) {
        int last = weights.blocks() - 1;
        if (last > 0) {
            scratch.growAccumulators(TILE * NR);
        }
        for (int block = 0; block <= last; block++) {
            add(scratch, block, panel, count);
            if (block < last) {
                TileStore.fold(scratch.tile, count, scratch.accumulators, 0, block == 0);
            }
        }
        for (int r = 0; r < count; r += MR) {
            int kept = Math.min(MR, count - r);
            if (last == 0) {
                store.storeIntegers(scratch, r * NR, row, r, kept, panel);
            } else {
                store.storeIntegers(scratch, r * NR, scratch.accumulators, r * NR, row, r, kept, panel);
            }
        }
    }

    /** Sums one block of a panel's outputs into the rows of the tile. */
    private void add(Scratch scratch, int block, int panel, int count) {
        int list = weights.list(block, panel);
        for (int unit = 0; unit < weights.unitsPerPanel(); unit++) {
            add(scratch, weights.starts()[list + unit], weights.starts()[list + unit + 1],
                    unit * weights.height() * TILE, count);
        }
        Transposition.transpose(scratch.outputs, 0, TILE, NR, count, scratch.tile, 0, NR, scratch.square);
    }

    private void add(Scratch scratch, int from, int end, int at, int count) {
        if (weights.height() == HEIGHT) {
            SparseKernels.outputs4(scratch.sums, weights.columns(), weights.values(), from, end, scratch.outputs, at);
        } else if (count > 2 * F) {
            SparseKernels.outputs1(scratch.sums, weights.columns(), weights.values(), from, end, scratch.outputs, at);
        } else {
            for (int first = 0; first < count; first += F) {
                SparseKernels.outputs1Narrow(scratch.sums, first, weights.columns(), weights.values(), from, end,
                        scratch.outputs, at + first);
            }
        }
    }
}
