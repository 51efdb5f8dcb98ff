package io.tersor.kernel;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * An {@link Activation} by itself; src and dst share type, shape and parameters and may be the same memory. Quantized,
 * with bounds alone: r = (float) (q - zeroPoint) clipped to the bounds over the scale, rounded half to even, plus the
 * zero point, saturated. f32 with no activation copies, NaN included, and without bounds keeps the NaN of a function.
 */
public record ActivationSpec(DataType type, QuantParams params, Activation activation) implements UnarySpec {
    /** Checks the combination. */
    public ActivationSpec {
        SpecChecks.byteOrF32("type", type);
        SpecChecks.perTensor("params", type, params);
        if (type != DataType.F32) {
            SpecChecks.clip(activation);
        }
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
