package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** A prepared kernel of one input and one output: pooling, activation, softmax, quantization; see {@link UnarySpec}. */
public abstract non-sealed class Unary extends Kernel {
    private final UnarySpec spec;
    // The last pair of shapes that was found to fit: tensors are run again and again, and the check allocates.
    private volatile ShapePair fitting = new ShapePair(Shape.of(), Shape.of());

    private record ShapePair(Shape src, Shape dst) {}

    /** For backends: see {@link Kernel} for the arena. */
    protected Unary(UnarySpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final UnarySpec spec() {
        return spec;
    }

    /**
     * Computes dst from src. Allocates nothing once warm for a shape; safe from many threads at once with different
     * dst.
     *
     * @param src contiguous; NHWC where the spec means images
     * @param dst contiguous, of the spec's {@link UnarySpec#dstShape}; must not overlap src unless the spec allows it
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor src, Tensor dst) {
        checkOpen();
        if (src.type() != spec.srcType() || !src.isContiguous()) {
            throw new OperandException("src", spec.srcType() + ", contiguous", src);
        }
        if (dst.type() != spec.dstType() || !dst.isContiguous()) {
            throw new OperandException("dst", spec.dstType() + ", contiguous", dst);
        }
        ShapePair known = fitting;
        if (known.src != src.shape() || known.dst != dst.shape()) {
            Shape expected = spec.dstShape(src.shape());
            if (!expected.equals(dst.shape())) {
                throw new OperandException("dst", "shape " + expected, dst);
            }
            fitting = new ShapePair(src.shape(), dst.shape());
        }
        if (dst.shape().elements() > 0) {
            execute(src, dst);
        }
    }

    /** Computes dst, which is not empty. Types, shapes and contiguity are checked. */
    protected abstract void execute(Tensor src, Tensor dst);
}
