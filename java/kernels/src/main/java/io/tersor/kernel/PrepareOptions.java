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
 * @param zeros whether zeros in dense weights may be made use of, see {@link #dense()}
 * @param normwise whether errors of f32 convolutions may be bounded by norms alone, see {@link #normwiseErrors()}
 */
public record PrepareOptions(Optional<Backend> backend, Parallelism parallelism, long rows, boolean tune,
        boolean zeros, boolean normwise) {
    /** The rows that are assumed where nothing is said. */
    public static final long DEFAULT_ROWS = 64;

    /** The fastest backend that can, on the calling thread alone. */
    public static final PrepareOptions DEFAULT =
            new PrepareOptions(Optional.empty(), Parallelism.SINGLE, DEFAULT_ROWS, false, true, false);

    /** Checks the hint. */
    public PrepareOptions {
        OperandException.check(rows >= 1, "rows", "at least 1", rows);
    }

    /** Returns these options with an order for one backend. */
    public PrepareOptions on(Backend ordered) {
        return new PrepareOptions(Optional.of(ordered), parallelism, rows, tune, zeros, normwise);
    }

    /** Returns these options with other threads. */
    public PrepareOptions with(Parallelism threads) {
        return new PrepareOptions(backend, threads, rows, tune, zeros, normwise);
    }

    /** Returns these options with another hint of the rows that runs have. */
    public PrepareOptions rows(long typical) {
        return new PrepareOptions(backend, parallelism, typical, tune, zeros, normwise);
    }

    /**
     * Returns these options with measured tuning: a matrix multiplication without an ordered backend is prepared on all
     * that can and timed with the hinted rows, about a second in all, and the fastest is taken. The result is kept in
     * the cache directory; later preparations of a like spec with the same rows and threads use it, whether they ask for
     * tuning or not. Other kernels are not tuned.
     */
    public PrepareOptions tuned() {
        return new PrepareOptions(backend, parallelism, rows, true, zeros, normwise);
    }

    /**
     * Returns these options with every dense weight multiplied. By default, where no backend is ordered, a product whose
     * dense weights have so many zeros that a sparse kernel of libtersor wins by its cost table takes that kernel:
     * {@link Kernel#describe} tells so.
     */
    public PrepareOptions dense() {
        return new PrepareOptions(backend, parallelism, rows, tune, false, normwise);
    }

    /**
     * Returns these options with errors of f32 convolutions bounded by norms, instead of by k * 2^-23 * sum |a * b| for
     * each sum by itself. Errors are rarely a hundredth of these bounds, but a sum much smaller than its neighbours may
     * lose all digits.
     *
     * <p>It lets {@code native} compute dense convolutions with a 3x3 window, stride 1 and no dilation by Winograd's
     * minimal filtering, up to 2.8 times as fast, and makes it their first choice. The error is at most a * (ic + 16) *
     * 2^-24 * (sum over channels of max|x| * max|w|), where x are the pixels at most p from the window: a = 2304 and p = 3
     * up to ic * oc = 2^14, else a = 64 and p = 1. A value among these pixels that is not finite, or beyond 2^120, may
     * make the result NaN or infinite.
     *
     * <p>It lets {@code vector} multiply the spectra of depthwise convolutions with large kernels, stride 1 and no
     * dilation where that is faster, and makes it the first choice for those of 121 taps and more. The error is at most
     * log2(p) * 2^-20 * |x| * |w|, where |x| is the Euclidean norm of a tile of p pixels, at most 2^14, in a channel and
     * a neighbour, and |w| the sum of the magnitudes of a channel's weights, the larger of both. Values that are not
     * finite or beyond 2^50 are summed as ever.
     */
    public PrepareOptions normwiseErrors() {
        return new PrepareOptions(backend, parallelism, rows, tune, zeros, true);
    }
}
