package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Softmax along the last axis, f32: y = exp(x - max) / sum of exp(x - max), or its logarithm, x - max - log(sum of exp(x -
 * max)). src and dst may be the same memory. A row with a NaN or an infinity of its own maximum gives NaN.
 *
 * @param logarithm whether it is the logarithm
 */
public record SoftmaxSpec(boolean logarithm) implements UnarySpec {
    /** Softmax itself. */
    public SoftmaxSpec() {
        this(false);
    }

    @Override
    public DataType srcType() {
        return DataType.F32;
    }

    @Override
    public DataType dstType() {
        return DataType.F32;
    }

    @Override
    public Shape dstShape(Shape src) {
        OperandException.check(src.rank() >= 1, "src", "at least one axis", src);
        return src;
    }

    @Override
    public String name() {
        return logarithm ? "log_softmax_f32" : "softmax_f32";
    }
}
