package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Softmax along the last axis, f32: y = exp(x - max) / sum of exp(x - max). src and dst may be the same memory. A row
 * with a NaN or an infinity of its own maximum gives NaN.
 */
public record SoftmaxSpec() implements UnarySpec {
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
        return "softmax_f32";
    }
}
