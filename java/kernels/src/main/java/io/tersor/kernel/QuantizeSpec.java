package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Quantization of f32: q = saturate(round(x / scale) + zeroPoint), with {@link io.tersor.quant.Quantizer}'s
 * arithmetic: an IEEE division, and NaN to the lowest value.
 *
 * @param dstType u8 or s8
 * @param params per tensor, or per channel along any axis
 * @param toNhwc whether src is NCHW, [n, c, h, w], and dst NHWC, [n, h, w, c]; then the parameters are per tensor
 */
public record QuantizeSpec(DataType dstType, QuantParams params, Rounding rounding, boolean toNhwc)
        implements UnarySpec {
    /** Checks the combination. */
    public QuantizeSpec {
        OperandException.check(SpecChecks.isByte(dstType), "dst", "u8 or s8", dstType);
        OperandException.check(!params.isPerGroup(), "params", "per tensor or per channel", params);
        SpecChecks.level("params", params);
        params.checkZeroPoints("params", dstType);
        OperandException.check(!toNhwc || params.isPerTensor(), "params", "per tensor", params);
    }

    /** Quantization that leaves elements in their places. */
    public QuantizeSpec(DataType dstType, QuantParams params, Rounding rounding) {
        this(dstType, params, rounding, false);
    }

    @Override
    public DataType srcType() {
        return DataType.F32;
    }

    @Override
    public Shape dstShape(Shape src) {
        params.check("params", dstType, src);
        if (!toNhwc) {
            return src;
        }
        OperandException.check(src.rank() == 4, "src", "four axes", src);
        return Shape.of(src.dim(0), src.dim(2), src.dim(3), src.dim(1));
    }

    @Override
    public String name() {
        return "quantize_f32" + dstType + (toNhwc ? "_nhwc" : "");
    }
}
