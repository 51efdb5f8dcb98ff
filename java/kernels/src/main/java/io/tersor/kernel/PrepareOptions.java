package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.Optional;

/**
 * How kernels are to be run.
 *
 * @param backend an order for one backend, or empty for the fastest that can
 * @param parallelism the threads that a run may use
 * @param rows how many rows runs of a matrix multiplication typically have: a hint for choosing and packing, the number
 *        is free at each run
 */
public record PrepareOptions(Optional<Backend> backend, Parallelism parallelism, long rows) {
    /** The rows that are assumed where nothing is said. */
    public static final long DEFAULT_ROWS = 64;

    /** The fastest backend that can, on the calling thread alone. */
    public static final PrepareOptions DEFAULT =
            new PrepareOptions(Optional.empty(), Parallelism.SINGLE, DEFAULT_ROWS);

    /** Checks the hint. */
    public PrepareOptions {
        OperandException.check(rows >= 1, "rows", "at least 1", rows);
    }

    /** Returns these options with an order for one backend. */
    public PrepareOptions on(Backend ordered) {
        return new PrepareOptions(Optional.of(ordered), parallelism, rows);
    }

    /** Returns these options with other threads. */
    public PrepareOptions with(Parallelism threads) {
        return new PrepareOptions(backend, threads, rows);
    }

    /** Returns these options with another hint of the rows that runs have. */
    public PrepareOptions rows(long typical) {
        return new PrepareOptions(backend, parallelism, typical);
    }
}
