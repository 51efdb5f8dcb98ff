package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared elementwise sum, see {@link AddSpec}. */
public abstract non-sealed class Add extends Kernel {
    private final AddSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected Add(AddSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final AddSpec spec() {
        return spec;
    }

    /**
     * Computes dst = a + b. Allocates nothing; safe from many threads at once with different dst.
     *
     * @param a contiguous
     * @param b contiguous, of a's shape
     * @param dst contiguous, of a's shape; may be the same memory as an operand of its element size, not overlap it
     *     otherwise
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor a, Tensor b, Tensor dst) {
        checkOpen();
        check("a", a, spec.a(), a);
        check("b", b, spec.b(), a);
        check("dst", dst, spec.dst(), a);
        if (a.shape().elements() > 0) {
            execute(a.shape().elements(), a.data(), b.data(), dst.data());
        }
    }

    private static void check(String operand, Tensor tensor, DataType type, Tensor like) {
        if (tensor.type() != type || !tensor.isContiguous() || !tensor.shape().equals(like.shape())) {
            throw new OperandException(operand, type + " contiguous " + like.shape(), tensor);
        }
    }

    /** Adds {@code count} &gt; 0 elements; the segments hold exactly as many. */
    protected abstract void execute(long count, MemorySegment a, MemorySegment b, MemorySegment dst);
}
