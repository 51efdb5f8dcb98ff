package io.tersor.kernel;

import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** A kernel of one input and one output whose threads share ranges of elements, rows or whatever it counts. */
public abstract class SharedUnary extends Unary {
    /** For backends: see {@link Kernel} for the arena. */
    protected SharedUnary(UnarySpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(spec, backend, parallelism, arena);
    }

    /** Runs ranges as {@link Parallelism#ranges} does, but allocates nothing where there is one. */
    protected final void share(long count, long most, Tensor src, Tensor dst) {
        if (parallelism().threads() == 1 || most <= 1) {
            range(0, count, src, dst);
        } else {
            parallelism().ranges(count, most, (first, end) -> range(first, end, src, dst));
        }
    }

    /** Computes {@code first} to {@code end} - 1 of what is shared. */
    protected abstract void range(long first, long end, Tensor src, Tensor dst);
}
