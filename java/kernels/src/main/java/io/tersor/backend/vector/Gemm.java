package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * A matrix product with packed weights: blocks of k outermost, so that the packed block of src and one panel of weights
 * stay in cache while the tiles of a block are computed. Sums of unfinished tiles wait in the scratch.
 *
 * @param rows where src comes from
 */
record Gemm(PackedWeights weights, RowPacker rows, TileStore store) implements Product {
    private static final float[] ZEROS = new float[MR * NR];

    /** Panels of weights that one block takes at most. */
    static final int PANELS = Scratch.NC / NR;

    /** Panels that {@link MicroKernels#row1} takes. */
    private static final int PANELS_OF_ONE_ROW = 4;

    @Override
    public int panels() {
        return weights.panels();
    }

    @Override
    public int mostRows() {
        return Scratch.MC;
    }

    @Override
    public int rowStep() {
        return MR;
    }

    @Override
    public int mostPanels() {
        return PANELS;
    }

    @Override
    public String name(DataType src, DataType type, String operation) {
        return kernelName(src, type, operation);
    }

    /** Returns a kernel's name, such as {@code u8s8_gemm_f32fma_12x32__512}. */
    static String kernelName(DataType src, DataType weights, String operation) {
        boolean integer = weights == DataType.S8;
        return src + (integer ? weights.label() : "") + "_" + operation + (integer ? "_f32fma_" : "_") + MR + "x" + NR
                + "__" + Lanes.BITS;
    }

    @Override
    public void run(Scratch scratch, long row, int count, int panel, int endPanel) {
        if ((long) count * weights.blocks() <= Scratch.MC) {
            runFew(scratch, row, count, panel, endPanel);
            return;
        }
        grow(scratch, (endPanel - panel) * (count + MR));
        for (int block = 0; block < weights.blocks(); block++) {
            rows.pack(scratch, row, count, block * weights.block(), length(block), 0);
            for (int p = panel; p < endPanel; p++) {
                tiles(scratch, row, count, 0, p, block, (p - panel) * (count + MR) * NR);
            }
        }
    }

    /** Few rows or short ones: packed as a whole, so that the weights are read from the first to the last. */
    private void runFew(Scratch scratch, long row, int count, int panel, int endPanel) {
        grow(scratch, count + MR);
        for (int block = 0; block < weights.blocks(); block++) {
            rows.pack(scratch, row, count, block * weights.block(), length(block), block * count * MicroKernels.LDA);
        }
        int p = panel;
        if (count == 1 && !weights.bytes()) {
            for (; p <= endPanel - PANELS_OF_ONE_ROW; p += PANELS_OF_ONE_ROW) {
                oneRow(scratch, row, p);
            }
        }
        for (; p < endPanel; p++) {
            for (int block = 0; block < weights.blocks(); block++) {
                tiles(scratch, row, count, block * count, p, block, 0);
            }
        }
    }

    /** Returns the columns of src in one block. */
    private int length(int block) {
        return Math.min(weights.block(), weights.k() - block * weights.block());
    }

    private void grow(Scratch scratch, int rows) {
        if (weights.blocks() > 1) {
            if (store.isInteger()) {
                scratch.growAccumulators(rows * NR);
            } else {
                scratch.growSums(rows * NR);
            }
        }
    }

    /**
     * Multiplies a block of src with a block of one panel, and stores the results if it is the last.
     *
     * @param slot the packed row where the block of src starts
     * @param waiting where the unfinished sums of this panel are
     */
    private void tiles(Scratch scratch, long row, int count, int slot, int panel, int block, int waiting) {
        if (store.isInteger()) {
            integers(scratch, row, count, slot, panel, block, waiting);
        } else {
            floats(scratch, row, count, slot, panel, block, waiting);
        }
    }

    private void floats(Scratch scratch, long row, int count, int slot, int panel, int block, int waiting) {
        boolean single = weights.blocks() == 1;
        float[] sums = single ? scratch.tile : scratch.sums;
        float[] from = block == 0 ? ZEROS : sums;
        int height;
        for (int r = 0; r < count; r += height) {
            height = height(count - r, weights.bytes());
            int at = single ? 0 : waiting + r * NR;
            multiply(height, scratch.a, slot + r, panel, block, from, block == 0 ? 0 : at, sums, at);
            if (block == weights.blocks() - 1) {
                store.storeFloats(scratch, sums, at, row, r, Math.min(height, count - r), panel);
            }
        }
    }

    private void integers(Scratch scratch, long row, int count, int slot, int panel, int block, int waiting) {
        int height;
        for (int r = 0; r < count; r += height) {
            height = height(count - r, weights.bytes());
            int at = waiting + r * NR;
            int kept = Math.min(height, count - r);
            multiply(height, scratch.a, slot + r, panel, block, ZEROS, 0, scratch.tile, 0);
            if (block < weights.blocks() - 1) {
                TileStore.fold(scratch.tile, kept, scratch.accumulators, at, block == 0);
            } else if (block == 0) {
                store.storeIntegers(scratch, 0, row, r, kept, panel);
            } else {
                store.storeIntegers(scratch, 0, scratch.accumulators, at, row, r, kept, panel);
            }
        }
    }

    /** Multiplies one row with four panels of floats. */
    private void oneRow(Scratch scratch, long row, int panel) {
        boolean integer = store.isInteger();
        long panelBytes = weights.offset(1, 0);
        int last = weights.blocks() - 1;
        for (int block = 0; block <= last; block++) {
            float[] from = integer || block == 0 ? ZEROS : scratch.tile;
            MicroKernels.row1(scratch.a, block * MicroKernels.LDA, weights.data(),
                    weights.offset(panel, block * weights.block()), panelBytes, length(block), from, 0, scratch.tile,
                    0);
            if (integer && block < last) {
                TileStore.fold(scratch.tile, PANELS_OF_ONE_ROW, scratch.accumulators, 0, block == 0);
            }
        }
        for (int i = 0; i < PANELS_OF_ONE_ROW; i++) {
            if (!integer) {
                store.storeFloats(scratch, scratch.tile, i * NR, row, 0, 1, panel + i);
            } else if (last == 0) {
                store.storeIntegers(scratch, i * NR, row, 0, 1, panel + i);
            } else {
                store.storeIntegers(scratch, i * NR, scratch.accumulators, i * NR, row, 0, 1, panel + i);
            }
        }
    }

    /** Returns the rows of the micro-kernel for what is left; reading the weights once is worth a few rows too many. */
    static int height(int left, boolean bytes) {
        if (left == 1) {
            return 1;
        }
        if (MR == 12 && left > 4) {
            return left > 8 && !bytes ? 12 : 8;
        }
        return 4;
    }

    private void multiply(int height, float[] a, int slot, int panel, int block, float[] from, int fromAt, float[] to,
            int toAt) {
        multiply(weights, height, a, slot * MicroKernels.LDA, panel, block, from, fromAt, to, toAt);
    }

    /** Multiplies packed rows from index {@code first} on with a block of a panel, into a tile. */
    static void multiply(PackedWeights weights, int height, float[] a, int first, int panel, int block, float[] tile) {
        multiply(weights, height, a, first, panel, block, ZEROS, 0, tile, 0);
    }

    private static void multiply(PackedWeights weights, int height, float[] a, int first, int panel, int block,
            float[] from, int fromAt, float[] to, int toAt) {
        int k = Math.min(weights.block(), weights.k() - block * weights.block());
        MemorySegment b = weights.data();
        long at = weights.offset(panel, block * weights.block());
        if (weights.bytes()) {
            switch (height) {
                case 8 -> ByteKernels.rows8(a, first, b, at, k, from, fromAt, to, toAt);
                case 4 -> ByteKernels.rows4(a, first, b, at, k, from, fromAt, to, toAt);
                default -> ByteKernels.rows1(a, first, b, at, k, from, fromAt, to, toAt);
            }
        } else {
            switch (height) {
                case 12 -> MicroKernels.rows12(a, first, b, at, k, from, fromAt, to, toAt);
                case 8 -> MicroKernels.rows8(a, first, b, at, k, from, fromAt, to, toAt);
                case 4 -> MicroKernels.rows4(a, first, b, at, k, from, fromAt, to, toAt);
                default -> MicroKernels.rows1(a, first, b, at, k, from, fromAt, to, toAt);
            }
        }
    }
}
