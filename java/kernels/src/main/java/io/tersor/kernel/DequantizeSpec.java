package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Dequantization to f32: x = (float) (q - zeroPoint) * scale, the difference in wrapping 32-bit integers.
 *
 * @param srcType u8, s8 or s32
 * @param params per tensor, or per channel along any axis; zero points 0 for s32
 */
public record DequantizeSpec(DataType srcType, QuantParams params) implements UnarySpec {
    /** Checks the combination. */
    public DequantizeSpec {
        OperandException.check(SpecChecks.isByte(srcType) || srcType == DataType.S32, "src", "u8, s8 or s32", srcType);
        OperandException.check(!params.isPerGroup(), "params", "per tensor or per channel", params);
        SpecChecks.level("params", params);
        params.checkZeroPoints("params", srcType);
    }

    @Override
    public DataType dstType() {
        return DataType.F32;
    }

    @Override
    public Shape dstShape(Shape src) {
        params.check("params", srcType, src);
        return src;
    }

    @Override
    public String name() {
        return "dequantize_" + srcType + "f32";
    }
}
