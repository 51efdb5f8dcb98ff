package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * A tensor of the result's shape that a kernel adds to its sum before the activation, as the shortcut of a residual
 * block is.
 *
 * @param type f32, u8 or s8
 * @param params per tensor; identity for f32
 */
public record Residual(DataType type, QuantParams params) {
    /** An f32 residual. */
    public static final Residual F32 = new Residual(DataType.F32, QuantParams.IDENTITY);

    /** Checks the combination. */
    public Residual {
        OperandException.check(type == DataType.F32 || SpecChecks.isByte(type), "residual", "f32, u8 or s8", type);
        SpecChecks.perTensor("residual params", type, params);
    }

    @Override
    public String toString() {
        return type == DataType.F32 ? "f32" : type + "(" + params + ")";
    }
}
