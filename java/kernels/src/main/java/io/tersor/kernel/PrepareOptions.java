package io.tersor.kernel;

import java.util.Optional;

/**
 * How kernels are to be run.
 *
 * @param backend an order for one backend, or empty for the fastest that can
 * @param parallelism the threads that a run may use
 */
public record PrepareOptions(Optional<Backend> backend, Parallelism parallelism) {
    /** The fastest backend that can, on the calling thread alone. */
    public static final PrepareOptions DEFAULT = new PrepareOptions(Optional.empty(), Parallelism.SINGLE);

    /** Returns these options with an order for one backend. */
    public PrepareOptions on(Backend ordered) {
        return new PrepareOptions(Optional.of(ordered), parallelism);
    }

    /** Returns these options with other threads. */
    public PrepareOptions with(Parallelism threads) {
        return new PrepareOptions(backend, threads);
    }
}
