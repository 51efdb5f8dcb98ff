package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * Normalization of the last axis of an f32 tensor, with constant scale and bias. Centered (layer normalization, Ba et
 * al. 2016; ONNX LayerNormalization): y = (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias. Otherwise
 * (root mean square, Zhang and Sennrich 2019; ONNX RMSNormalization): y = x / sqrt(mean(x^2) + epsilon) * scale + bias.
 * The variance is that of the differences, not the difference of squares.
 *
 * <p>f32: y is within 2^-16 * (|y| + |bias| + |scale| * max |x| / sqrt(variance + epsilon)) of the formula, where the
 * largest x is the row's. u8 / s8: y times (float) (1 / dstScale), clamped to the type's range less the zero point,
 * rounded half to even, plus the zero point; NaN gives the lowest level. src and dst may be the same memory if dst is
 * f32.
 *
 * @param centered whether the mean is subtracted
 * @param columns the last axis, at least 1
 * @param epsilon at least 0
 * @param biased whether there is a bias
 * @param dst f32, u8 or s8
 * @param dstParams per tensor
 */
public record LayerNormSpec(boolean centered, int columns, float epsilon, boolean biased, DataType dst,
        QuantParams dstParams) implements KernelSpec {
    /** Checks the combination. */
    public LayerNormSpec {
        OperandException.check(columns >= 1, "columns", "at least 1", columns);
        OperandException.check(epsilon >= 0, "epsilon", "at least 0", epsilon);
        SpecChecks.byteOrF32("dst", dst);
        SpecChecks.perTensor("dstParams", dst, dstParams);
    }

    /** Returns the factor from y to levels. */
    public float outputScale() {
        return (float) (1.0 / dstParams.scale());
    }

    @Override
    public String name() {
        return (centered ? "layer_norm_f32" : "rms_norm_f32") + dst;
    }
}
