package io.tersor.backend.vector;

import io.tersor.tensor.DataType;

/**
 * A matrix product with constant weights, computed in blocks of rows and of panels of {@link Lanes#NR} columns that
 * threads may share.
 */
sealed interface Product permits Gemm, SparseGemm {
    /** Returns the panels of all columns. */
    int panels();

    /** Returns the rows that one block takes at most. */
    int mostRows();

    /** Returns a number of rows of which a block had better be a multiple. */
    int rowStep();

    /** Returns the panels that one block takes at most. */
    int mostPanels();

    /** Returns a kernel's name, such as {@code u8s8_gemm_f32fma_12x32__512}. */
    String name(DataType src, DataType weights, String operation);

    /** Computes rows [row, row + count) of panels [panel, endPanel); the scratch is bound to the operands. */
    void run(Scratch scratch, long row, int count, int panel, int endPanel);

    /** Returns the rows that one block should take, so that all threads get work of a few blocks each. */
    default int blockRows(long m, int threads) {
        if (threads == 1) {
            return mostRows();
        }
        long even = Math.ceilDiv(Math.ceilDiv(m, 4L * threads), rowStep()) * rowStep();
        return (int) Math.clamp(even, (long) rowStep(), (long) mostRows());
    }

    /** Returns the panels that one block should take: fewer where the rows alone do not keep the threads busy. */
    default int blockPanels(long rowBlocks, int threads) {
        int panels = Math.max(1, panels());
        if (threads == 1 || rowBlocks >= 2L * threads) {
            return Math.min(panels, mostPanels());
        }
        long split = Math.ceilDiv(2L * threads, rowBlocks);
        return (int) Math.clamp(Math.ceilDiv(panels, split), 1L, (long) mostPanels());
    }

    /** Computes everything on the calling thread; the scratch is bound to the operands. */
    default void runAll(Scratch scratch, long m) {
        int blockRows = blockRows(m, 1);
        int blockPanels = blockPanels(1, 1);
        for (long row = 0; row < m; row += blockRows) {
            for (int panel = 0; panel < panels(); panel += blockPanels) {
                run(scratch, row, (int) Math.min(blockRows, m - row), panel, Math.min(panels(), panel + blockPanels));
            }
        }
    }
}
