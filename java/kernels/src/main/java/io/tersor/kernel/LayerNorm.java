package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared normalization of the last axis, see {@link LayerNormSpec}. */
public abstract non-sealed class LayerNorm extends Kernel {
    private final LayerNormSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected LayerNorm(LayerNormSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final LayerNormSpec spec() {
        return spec;
    }

    /**
     * Computes dst from src. Allocates nothing; safe from many threads at once with different dst.
     *
     * @param src [..., columns], f32, contiguous
     * @param dst of src's shape, contiguous; may be src itself if it is f32, must not overlap it otherwise
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor src, Tensor dst) {
        checkOpen();
        if (src.type() != DataType.F32 || src.shape().rank() < 1 || src.shape().dim(-1) != spec.columns()
                || !src.isContiguous()) {
            throw new OperandException("src", "f32 contiguous [..., " + spec.columns() + "]", src);
        }
        if (dst.type() != spec.dst() || !dst.shape().equals(src.shape()) || !dst.isContiguous()) {
            throw new OperandException("dst", spec.dst() + " contiguous " + src.shape(), dst);
        }
        long rows = src.shape().elements() / spec.columns();
        if (rows > 0) {
            execute(rows, src.data(), dst.data());
        }
    }

    /** Normalizes {@code rows} &gt; 0 rows; the segments hold exactly as many. */
    protected abstract void execute(long rows, MemorySegment src, MemorySegment dst);
}
