package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * Elementwise sum of two contiguous tensors of one shape, followed by an activation. f32: y = clip(a + b). Quantized,
 * in binary32 without fused multiply-add: r = (a - za) * ma + (b - zb) * mb, with m = (float) (scale / dstScale)
 * computed in binary64; r clipped to the activation's bounds over dstScale, rounded half to even, plus the zero point,
 * saturated. All three operands are f32, or each is u8 or s8.
 */
public record AddSpec(DataType a, DataType b, DataType dst, QuantParams aParams, QuantParams bParams,
        QuantParams dstParams, Activation activation) implements KernelSpec {
    /** Checks the combination. */
    public AddSpec {
        boolean floats = a == DataType.F32 && b == DataType.F32 && dst == DataType.F32;
        boolean bytes = SpecChecks.isByte(a) && SpecChecks.isByte(b) && SpecChecks.isByte(dst);
        OperandException.check(floats || bytes, "types", "three f32, or each u8 or s8", a + " " + b + " " + dst);
        SpecChecks.perTensor("aParams", a, aParams);
        SpecChecks.perTensor("bParams", b, bParams);
        SpecChecks.perTensor("dstParams", dst, dstParams);
        SpecChecks.clip(activation);
    }

    /** Returns an f32 sum. */
    public static AddSpec f32(Activation activation) {
        return new AddSpec(DataType.F32, DataType.F32, DataType.F32, QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, activation);
    }

    /** Returns the factor of operand a in units of the result. */
    public float aMultiplier() {
        return (float) ((double) aParams.scale() / dstParams.scale());
    }

    /** Returns the factor of operand b in units of the result. */
    public float bMultiplier() {
        return (float) ((double) bParams.scale() / dstParams.scale());
    }

    @Override
    public String name() {
        return "add_" + a + b + dst;
    }
}
