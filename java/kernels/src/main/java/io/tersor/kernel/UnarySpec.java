package io.tersor.kernel;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * A kernel of one input and one output without constants. Tensors are contiguous; four-dimensional ones are NHWC, but for
 * the input of {@link QuantizeSpec#toNhwc}.
 */
public sealed interface UnarySpec extends KernelSpec
        permits Pool2dSpec, GlobalAveragePoolSpec, ActivationSpec, SoftmaxSpec, QuantizeSpec, DequantizeSpec,
        RequantizeSpec, MapSpec, TransposeSpec, ReduceSpec, CumulateSpec, MovingSpec, LookupSpec, CastSpec {
    /** Returns the element type of the input. */
    DataType srcType();

    /** Returns the element type of the output. */
    DataType dstType();

    /**
     * Returns the output's shape for an input's.
     *
     * @throws io.tersor.OperandException if the input's shape does not fit
     */
    default Shape dstShape(Shape src) {
        return src;
    }
}
