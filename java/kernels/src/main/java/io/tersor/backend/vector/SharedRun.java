package io.tersor.backend.vector;

import io.tersor.kernel.Parallelism;

/** A run of a {@link Product} that threads share, in blocks of rows and panels. May be used again once it has ended. */
abstract class SharedRun implements Parallelism.Part {
    private final Product product;
    private final ScratchPool pool;
    private long m;
    private int blockRows;
    private int blockPanels;
    private int panelBlocks;

    SharedRun(Product product, ScratchPool pool) {
        this.product = product;
        this.pool = pool;
    }

    /** Binds a thread's scratch to the operands. */
    abstract void bind(Scratch scratch);

    /** Computes all of m rows. */
    final void start(Parallelism parallelism, long rows) {
        m = rows;
        blockRows = product.blockRows(m, parallelism.threads());
        long rowBlocks = Math.ceilDiv(m, (long) blockRows);
        blockPanels = product.blockPanels(rowBlocks, parallelism.threads());
        panelBlocks = Math.ceilDiv(product.panels(), blockPanels);
        parallelism.run(rowBlocks * panelBlocks, this);
    }

    @Override
    public final void run(long part) {
        long row = part / panelBlocks * blockRows;
        int panel = (int) (part % panelBlocks) * blockPanels;
        Scratch scratch = pool.take();
        bind(scratch);
        product.run(scratch, row, (int) Math.min(blockRows, m - row), panel,
                Math.min(product.panels(), panel + blockPanels));
        pool.give(scratch);
    }
}
