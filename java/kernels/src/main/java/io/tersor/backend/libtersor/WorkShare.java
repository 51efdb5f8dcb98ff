package io.tersor.backend.libtersor;

import io.tersor.kernel.Parallelism;

/** How a result is shared among threads: in parts of whole rows, or in parts of columns where rows are few. */
final class WorkShare {
    /** Work below this is not worth waking a thread for. */
    private static final long PRODUCTS_PER_PART = 200_000;
    /** Parts of this much are handed out several to a thread, so that none waits long for the last. */
    private static final long PRODUCTS_OF_LARGE_PART = 20_000_000;
    private static final long LARGE_PARTS_PER_THREAD = 4;

    /** TERSOR_COLUMNS: parts of a multiplication's columns begin at multiples of it. */
    static final long COLUMNS = 192;
    /** TERSOR_CHANNELS, likewise for a convolution. */
    static final long CHANNELS = 64;

    /** Floats that are gone through once for which another thread is worth waking. */
    static final long ELEMENTS = 1 << 15;

    /** Parts of rows begin at multiples of the largest tile. */
    private static final long ROWS = 32;
    /** Rows for each thread from which on they are shared; fewer would each read all weights for little work. */
    private static final long ROWS_PER_THREAD = 48;
    /** Weights of this size pass through a thread's cache for each block of rows: each thread takes its part of them. */
    private static final long BYTES_OF_LARGE_WEIGHTS = 1 << 20;

    private WorkShare() {}

    /** Returns the rows of each part but the last, at least 1. */
    static long rowsPerPart(long rows, long productsPerRow, Parallelism parallelism) {
        long parts = parts(rows * productsPerRow, parallelism.threads());
        long even = Math.ceilDiv(rows, parts);
        return even < ROWS ? even : Math.ceilDiv(even, ROWS) * ROWS;
    }

    /** Returns the lines of an image in each part but the last, at least 1. */
    static long linesPerPart(long lines, long productsPerLine, Parallelism parallelism) {
        return Math.ceilDiv(lines, Math.min(lines, parts(lines * productsPerLine, parallelism.threads())));
    }

    /**
     * Returns the columns of each part but the last; all if the rows are to be shared.
     *
     * @param weightBytes of one weight
     * @param step {@link #COLUMNS} or {@link #CHANNELS}
     */
    static long columnsPerPart(long rows, long columns, long k, int weightBytes, long step,
            Parallelism parallelism) {
        int threads = parallelism.threads();
        boolean largeWeights = columns > rows && columns * k * weightBytes > BYTES_OF_LARGE_WEIGHTS;
        if (threads == 1 || columns < 2 * step || rows >= ROWS_PER_THREAD * threads && !largeWeights) {
            return columns;
        }
        // Every part reads all of src: no more parts than threads.
        long parts = Math.min(threads, parts(rows * columns * Math.max(1, k), threads));
        return Math.ceilDiv(Math.ceilDiv(columns, parts), step) * step;
    }

    private static long parts(long products, int threads) {
        if (threads == 1) {
            return 1;
        }
        long most = products / threads >= LARGE_PARTS_PER_THREAD * PRODUCTS_OF_LARGE_PART
                ? LARGE_PARTS_PER_THREAD * threads : threads;
        return Math.clamp(products / PRODUCTS_PER_PART, 1, most);
    }
}
