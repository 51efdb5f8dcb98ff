package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * A matrix product with packed weights: blocks of k outermost, so that the packed block of src and one panel of weights
 * stay in cache while the tiles of a block are computed. Sums of unfinished tiles wait in the scratch.
 *
 * @param rows where src comes from
 */
record Gemm(PackedWeights weights, RowPacker rows, TileStore store) {
    private static final float[] ZEROS = new float[MR * NR];

    /** Panels of weights that one block takes at most. */
    static final int PANELS = Scratch.NC / NR;

    /** Returns the rows that one block should take, so that all threads get work of a few blocks each. */
    static int blockRows(long m, int threads) {
        if (threads == 1) {
            return Scratch.MC;
        }
        long even = Math.ceilDiv(Math.ceilDiv(m, 4L * threads), MR) * MR;
        return Math.clamp(even, MR, Scratch.MC);
    }

    /** Returns the panels that one block should take: fewer where the rows alone do not keep the threads busy. */
    int blockPanels(long rowBlocks, int threads) {
        int panels = Math.max(1, weights.panels());
        if (threads == 1 || rowBlocks >= 2L * threads) {
            return Math.min(panels, PANELS);
        }
        long split = Math.ceilDiv(2L * threads, rowBlocks);
        return Math.clamp(Math.ceilDiv(panels, split), 1, PANELS);
    }

    /** Computes everything on the calling thread; the scratch is bound to the operands. */
    void runAll(Scratch scratch, long m) {
        int blockRows = blockRows(m, 1);
        int blockPanels = blockPanels(1, 1);
        for (long row = 0; row < m; row += blockRows) {
            for (int panel = 0; panel < weights.panels(); panel += blockPanels) {
                run(scratch, row, (int) Math.min(blockRows, m - row), panel,
                        Math.min(weights.panels(), panel + blockPanels));
            }
        }
    }

    /**
     * Computes everything on several threads.
     *
     * @param bind binds a thread's scratch to the operands
     */
    void runParts(Parallelism parallelism, ScratchPool pool, long m, Consumer<Scratch> bind) {
        int blockRows = blockRows(m, parallelism.threads());
        long rowBlocks = Math.ceilDiv(m, (long) blockRows);
        int blockPanels = blockPanels(rowBlocks, parallelism.threads());
        int panelBlocks = Math.ceilDiv(weights.panels(), blockPanels);
        parallelism.run(rowBlocks * panelBlocks, part -> {
            long row = part / panelBlocks * blockRows;
            int panel = (int) (part % panelBlocks) * blockPanels;
            Scratch scratch = pool.take();
            bind.accept(scratch);
            run(scratch, row, (int) Math.min(blockRows, m - row), panel,
                    Math.min(weights.panels(), panel + blockPanels));
            pool.give(scratch);
        });
    }

    /** Returns a kernel's name, such as {@code u8s8_gemm_f32fma_12x32__512}. */
    static String name(DataType src, DataType weights, String operation) {
        boolean integer = weights == DataType.S8;
        return src + (integer ? weights.label() : "") + "_" + operation + (integer ? "_f32fma_" : "_") + MR + "x" + NR
                + "__" + Lanes.BITS;
    }

    /** Computes rows [row, row + count) of panels [panel, endPanel); the scratch is bound to the operands. */
    void run(Scratch scratch, long row, int count, int panel, int endPanel) {
        int tiles = (endPanel - panel) * (count + MR);
        if (weights.blocks() > 1) {
            if (store.isInteger()) {
                scratch.growAccumulators(tiles * NR);
            } else {
                scratch.growSums(tiles * NR);
            }
        }
        for (int block = 0; block < weights.blocks(); block++) {
            int k = block * weights.block();
            int length = Math.min(weights.block(), weights.k() - k);
            rows.pack(scratch, row, count, k, length);
            for (int p = panel; p < endPanel; p++) {
                int waiting = (p - panel) * (count + MR) * NR;
                if (store.isInteger()) {
                    integers(scratch, row, count, p, block, length, waiting);
                } else {
                    floats(scratch, row, count, p, block, length, waiting);
                }
            }
        }
    }

    private void floats(Scratch scratch, long row, int count, int panel, int block, int length, int waiting) {
        boolean single = weights.blocks() == 1;
        float[] sums = single ? scratch.tile : scratch.sums;
        float[] from = block == 0 ? ZEROS : sums;
        long weightsAt = weights.offset(panel, block * weights.block());
        int height;
        for (int r = 0; r < count; r += height) {
            height = height(count - r);
            int at = single ? 0 : waiting + r * NR;
            multiply(height, scratch.a, r, weights.data(), weightsAt, length, from, block == 0 ? 0 : at, sums, at);
            if (block == weights.blocks() - 1) {
                store.storeFloats(scratch, sums, at, row, r, Math.min(height, count - r), panel);
            }
        }
    }

    private void integers(Scratch scratch, long row, int count, int panel, int block, int length, int waiting) {
        long weightsAt = weights.offset(panel, block * weights.block());
        int height;
        for (int r = 0; r < count; r += height) {
            height = height(count - r);
            int at = waiting + r * NR;
            int kept = Math.min(height, count - r);
            multiply(height, scratch.a, r, weights.data(), weightsAt, length, ZEROS, 0, scratch.tile, 0);
            if (block < weights.blocks() - 1) {
                TileStore.fold(scratch.tile, kept, scratch.accumulators, at, block == 0);
                continue;
            }
            if (block == 0) {
                store.storeIntegers(scratch, row, r, kept, panel);
            } else {
                store.storeIntegers(scratch, scratch.accumulators, at, row, r, kept, panel);
            }
        }
    }

    /** Returns the rows of the micro-kernel for what is left; reading the weights once is worth a few rows too many. */
    private static int height(int left) {
        return left == 1 ? 1 : MR == 12 && left > 6 ? 12 : 4;
    }

    private static void multiply(int height, float[] a, int row, MemorySegment weights, long at, int k, float[] from,
            int fromAt, float[] to, int toAt) {
        int first = row * MicroKernels.LDA;
        if (MR == 12 && height == 12) {
            MicroKernels.rows12(a, first, weights, at, k, from, fromAt, to, toAt);
        } else if (height == 4) {
            MicroKernels.rows4(a, first, weights, at, k, from, fromAt, to, toAt);
        } else {
            MicroKernels.rows1(a, first, weights, at, k, from, fromAt, to, toAt);
        }
    }
}
