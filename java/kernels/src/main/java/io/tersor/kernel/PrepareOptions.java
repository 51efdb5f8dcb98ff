package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.Optional;

/**
 * How kernels are to be run.
 *
 * @param backend an order for one backend, or empty for the fastest that can
 * @param parallelism the threads that a run may use
 * @param rows how many rows runs of a matrix multiplication typically have, each member of a batch by itself: a hint for
 *        choosing and packing, the number is free at each run
 * @param tune whether the backend of a matrix multiplication is chosen by measuring them all, see {@link #tuned()}
 */
public record PrepareOptions(Optional<Backend> backend, Parallelism parallelism, long rows, boolean tune) {
    /** The rows that are assumed where nothing is said. */
    public static final long DEFAULT_ROWS = 64;

    /** The fastest backend that can, on the calling thread alone. */
    public static final PrepareOptions DEFAULT =
            new PrepareOptions(Optional.empty(), Parallelism.SINGLE, DEFAULT_ROWS, false);

    /** Checks the hint. */
    public PrepareOptions {
        OperandException.check(rows >= 1, "rows", "at least 1", rows);
    }

    /** Returns these options with an order for one backend. */
    public PrepareOptions on(Backend ordered) {
        return new PrepareOptions(Optional.of(ordered), parallelism, rows, tune);
    }

    /** Returns these options with other threads. */
    public PrepareOptions with(Parallelism threads) {
        return new PrepareOptions(backend, threads, rows, tune);
    }

    /** Returns these options with another hint of the rows that runs have. */
    public PrepareOptions rows(long typical) {
        return new PrepareOptions(backend, parallelism, typical, tune);
    }

    /**
     * Returns these options with measured tuning: a matrix multiplication without an ordered backend is prepared on all
     * that can and timed with the hinted rows, about a second in all, and the fastest is taken. The result is kept in
     * the cache directory; later preparations of a like spec with the same rows and threads use it, whether they ask for
     * tuning or not. Other kernels are not tuned.
     */
    public PrepareOptions tuned() {
        return new PrepareOptions(backend, parallelism, rows, true);
    }
}
