package io.tersor.backend.libtersor;

import io.tersor.kernel.Parallelism;

/** How the rows of a result are shared among threads. */
final class RowShare {
    /** Work below this is not worth waking a thread for. */
    private static final long PRODUCTS_PER_PART = 200_000;

    private RowShare() {}

    /** Returns the rows of each part but the last, at least 1. */
    static long rowsPerPart(long rows, long productsPerRow, Parallelism parallelism) {
        long smallest = Math.max(1, PRODUCTS_PER_PART / Math.max(1, productsPerRow));
        return Math.max(smallest, Math.ceilDiv(rows, parallelism.threads()));
    }
}
