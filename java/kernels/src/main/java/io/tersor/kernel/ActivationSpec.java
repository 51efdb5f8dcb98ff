package io.tersor.kernel;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * An {@link Activation} by itself; src and dst share type, shape and parameters and may be the same memory. Quantized:
 * r = (float) (q - zeroPoint) clipped to the bounds over the scale, rounded half to even, plus the zero point,
 * saturated. f32 with no activation copies, NaN included.
 */
public record ActivationSpec(DataType type, QuantParams params, Activation activation) implements UnarySpec {
    /** Checks the combination. */
    public ActivationSpec {
        SpecChecks.byteOrF32("type", type);
        SpecChecks.perTensor("params", type, params);
        SpecChecks.clip(activation);
    }

    @Override
    public DataType srcType() {
        return type;
    }

    @Override
    public DataType dstType() {
        return type;
    }

    @Override
    public String name() {
        return "activation_" + type;
    }
}
