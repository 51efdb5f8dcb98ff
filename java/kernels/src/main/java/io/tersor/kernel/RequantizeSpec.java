package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Change of scale, zero point or type between integers: q' = saturate(rint((float) (q - z) * multiplier) + z'), with
 * multiplier = (float) (scale / scale') computed in binary64, the rest in binary32.
 *
 * @param srcType s32, u8 or s8
 * @param dstType u8 or s8
 * @param srcParams per tensor, or per channel along any axis; zero points 0 for s32
 * @param dstParams per tensor
 */
public record RequantizeSpec(DataType srcType, DataType dstType, QuantParams srcParams, QuantParams dstParams)
        implements UnarySpec {
    /** Checks the combination. */
    public RequantizeSpec {
        OperandException.check(SpecChecks.isByte(srcType) || srcType == DataType.S32, "src", "s32, u8 or s8", srcType);
        OperandException.check(SpecChecks.isByte(dstType), "dst", "u8 or s8", dstType);
        OperandException.check(!srcParams.isPerGroup(), "srcParams", "per tensor or per channel", srcParams);
        SpecChecks.level("srcParams", srcParams);
        srcParams.checkZeroPoints("srcParams", srcType);
        SpecChecks.perTensor("dstParams", dstType, dstParams);
    }

    /** Returns the factor of one channel (of the tensor, when per tensor): scale / scale'. */
    public float multiplier(int channel) {
        return (float) ((double) srcParams.scale(channel) / dstParams.scale());
    }

    @Override
    public Shape dstShape(Shape src) {
        srcParams.check("srcParams", srcType, src);
        return src;
    }

    @Override
    public String name() {
        return "requantize_" + srcType + dstType;
    }
}
