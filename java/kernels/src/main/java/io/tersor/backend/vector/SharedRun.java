package io.tersor.backend.vector;

import io.tersor.kernel.Parallelism;

/** A run of a {@link Gemm} that threads share, in blocks of rows and panels. May be used again once it has ended. */
abstract class SharedRun implements Parallelism.Part {
    private final Gemm gemm;
    private final ScratchPool pool;
    private long m;
    private int blockRows;
    private int blockPanels;
    private int panelBlocks;

    SharedRun(Gemm gemm, ScratchPool pool) {
        this.gemm = gemm;
        this.pool = pool;
    }

    /** Binds a thread's scratch to the operands. */
    abstract void bind(Scratch scratch);

    /** Computes all of m rows. */
    final void start(Parallelism parallelism, long rows) {
        m = rows;
        blockRows = Gemm.blockRows(m, parallelism.threads());
        long rowBlocks = Math.ceilDiv(m, (long) blockRows);
        blockPanels = gemm.blockPanels(rowBlocks, parallelism.threads());
        panelBlocks = Math.ceilDiv(gemm.weights().panels(), blockPanels);
        parallelism.run(rowBlocks * panelBlocks, this);
    }

    @Override
    public final void run(long part) {
        long row = part / panelBlocks * blockRows;
        int panel = (int) (part % panelBlocks) * blockPanels;
        Scratch scratch = pool.take();
        bind(scratch);
        gemm.run(scratch, row, (int) Math.min(blockRows, m - row), panel,
                Math.min(gemm.weights().panels(), panel + blockPanels));
        pool.give(scratch);
    }
}
