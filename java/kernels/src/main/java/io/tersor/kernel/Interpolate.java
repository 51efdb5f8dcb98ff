package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Prepared weighted sums of positions along an axis, see {@link InterpolateSpec}. */
public abstract non-sealed class Interpolate extends Kernel {
    /** Products for which another thread is worth waking. */
    private static final long PART_PRODUCTS = 1 << 15;

    private final InterpolateSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected Interpolate(InterpolateSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final InterpolateSpec spec() {
        return spec;
    }

    /**
     * Computes dst. Allocates nothing; safe from many threads at once with different dst.
     *
     * @param src [outer, extent, inner], f32, contiguous
     * @param index [taps, count], s32, contiguous, at least one tap
     * @param weights [taps, count], f32, contiguous
     * @param dst [outer, count, inner], f32, contiguous; overlaps no operand
     * @throws OperandException if type, shape or strides do not fit, or an index is not below the extent
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor src, Tensor index, Tensor weights, Tensor dst) {
        checkOpen();
        check("src", src, DataType.F32, 3);
        check("index", index, DataType.S32, 2);
        check("weights", weights, DataType.F32, 2);
        check("dst", dst, DataType.F32, 3);
        Shape from = src.shape();
        long taps = index.shape().dim(0);
        long count = index.shape().dim(1);
        if (taps < 1) {
            throw new OperandException("index", "at least one tap", index);
        }
        if (weights.shape().dim(0) != taps || weights.shape().dim(1) != count) {
            throw new OperandException("weights", index.shape().toString(), weights);
        }
        if (dst.shape().dim(0) != from.dim(0) || dst.shape().dim(1) != count || dst.shape().dim(2) != from.dim(2)) {
            throw new OperandException("dst", "[" + from.dim(0) + ", " + count + ", " + from.dim(2) + "]", dst);
        }
        long products = dst.shape().elements() * taps;
        if (products == 0) {
            return;
        }
        if (parallelism().threads() == 1 || products / PART_PRODUCTS <= 1) {
            // Without what ranges would allocate.
            execute(0, from.dim(0), src, index, weights, dst);
            return;
        }
        parallelism().ranges(from.dim(0), products / PART_PRODUCTS,
                (first, end) -> execute(first, end - first, src, index, weights, dst));
    }

    private static void check(String operand, Tensor tensor, DataType type, int rank) {
        if (tensor.type() != type || tensor.shape().rank() != rank || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " of " + rank + " axes, contiguous", tensor);
        }
    }

    /** Returns the exception for an index that is too large. */
    protected static OperandException beyond(Tensor index, long extent) {
        MemorySegment data = index.data();
        for (long i = 0; i < index.shape().elements(); i++) {
            int position = data.getAtIndex(ValueLayout.JAVA_INT, i);
            if (position >= extent) {
                return new OperandException("index", "positions below " + extent, position);
            }
        }
        return new OperandException("index", "positions below " + extent, "another thread's changes");
    }

    /** Computes {@code count} &gt; 0 of the outermost positions; no extent of dst is 0. */
    protected abstract void execute(long first, long count, Tensor src, Tensor index, Tensor weights, Tensor dst);
}
