package io.tersor.quant;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Integers and what they mean.
 *
 * @param values elements of a quantized type ({@link DataType#isQuantized()})
 * @param params scales and zero points that fit the values' shape and type
 */
public record QuantizedTensor(Tensor values, QuantParams params) {
    /** Checks that the parameters fit the values. */
    public QuantizedTensor {
        OperandException.check(values.type().isQuantized(), "values", "a quantized type", values.type());
        params.check("values", values.type(), values.shape());
    }

    /** Returns the element type of the values. */
    public DataType type() {
        return values.type();
    }

    /** Returns the shape of the values. */
    public Shape shape() {
        return values.shape();
    }

    /** Returns the bytes of values, scales (4 each) and, unless symmetric, zero points (one element each). */
    public long byteSize() {
        long zeroPoints = params.isSymmetric() ? 0 : type().bytes(params.count());
        return type().bytes(shape().elements()) + 4L * params.count() + zeroPoints;
    }

    /** Returns the real numbers that the values stand for, f32, contiguous; see {@link Quantizer#dequantize}. */
    public Tensor dequantize(Arena arena) {
        return Quantizer.dequantize(this, arena);
    }
}
