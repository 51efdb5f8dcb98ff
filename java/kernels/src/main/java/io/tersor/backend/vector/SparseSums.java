package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * The sums of a product with sparse weights: each output adds up the columns that it has weights for, of a tile of
 * transposed rows (as in Elsen et al., "Fast Sparse ConvNets", 2020). They are transposed back for the epilogue.
 */
record SparseSums(SparseWeights weights, TileStore store) {
    /** Rows of a tile: four vectors. */
    static final int TILE = 4 * F;

    /** Outputs that share their columns. */
    private static final int HEIGHT = 4;

    /** Returns the outputs of a unit that suit an arrangement of zeros; more than one need 32 vector registers. */
    static int height(SparseFormat format) {
        return MR == 12 && format instanceof SparseFormat.Block block && block.rows() % HEIGHT == 0 ? HEIGHT : 1;
    }

    /** Returns a kernel's name, such as {@code u8s8_sparse_1x1_gemm_f32fma_64__512}. */
    String name(DataType src, DataType type, String operation) {
        boolean integer = type == DataType.S8;
        return src + (integer ? type.label() : "") + "_sparse_" + weights.height() + "x1_" + operation
                + (integer ? "_f32fma_" : "_") + TILE + "__" + Lanes.BITS;
    }

    /**
     * Computes the outputs of a panel into {@link Scratch#tile}, and those of all blocks but the last into
     * {@link Scratch#accumulators}.
     *
     * @param tile transposed rows
     * @param count rows that are needed
     */
    void compute(Scratch scratch, MemorySegment tile, int count, int panel) {
        int last = weights.blocks() - 1;
        if (last > 0) {
            scratch.growAccumulators(TILE * NR);
        }
        for (int block = 0; block <= last; block++) {
            add(scratch, tile, count, weights.list(block, panel));
            if (block < last) {
                TileStore.fold(scratch.tile, count, scratch.accumulators, 0, block == 0);
            }
        }
    }

    private void add(Scratch scratch, MemorySegment tile, int count, int list) {
        int units = weights.unitsPerPanel();
        if (weights.height() == HEIGHT) {
            SparseKernels.outputs4(tile, weights, list, units, scratch.outputs);
        } else if (count > 2 * F) {
            SparseKernels.outputs1(tile, weights, list, units, scratch.outputs);
        } else {
            for (int row = 0; row < count; row += F) {
                SparseKernels.outputs1Narrow(tile, row, weights, list, units, scratch.outputs);
            }
        }
        Transposition.transpose(scratch.outputs, 0, TILE, NR, count, scratch.tile, 0, NR, scratch.squares);
    }

    /** Stores what was computed for a panel, from the destination's row {@code row} on. */
    void store(Scratch scratch, long row, int count, int panel) {
        for (int r = 0; r < count; r += MR) {
            int kept = Math.min(MR, count - r);
            if (!store.isInteger()) {
                store.storeFloats(scratch, scratch.tile, r * NR, row, r, kept, panel);
            } else if (weights.blocks() == 1) {
                store.storeIntegers(scratch, r * NR, row, r, kept, panel);
            } else {
                store.storeIntegers(scratch, r * NR, scratch.accumulators, r * NR, row, r, kept, panel);
            }
        }
    }
}
