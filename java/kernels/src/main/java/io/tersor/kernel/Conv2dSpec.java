package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Optional;

/**
 * Two-dimensional convolution (cross-correlation, as in ONNX Conv) with constant weights, batch and image size free at
 * run time: src [n, h, w, ic], weights [oc, ic / groups, kh, kw] (OIHW), dst [n, oh, ow, oc]. Padding pixels hold real
 * zero, which is the zero point of a quantized src. The epilogue is {@link Epilogue}'s.
 *
 * @param src f32, u8 or s8
 * @param weights f32 for f32 src, s8 otherwise
 * @param dst f32 for f32 src; s32 (the raw accumulator), f32, u8 or s8 otherwise
 * @param ic input channels, a multiple of {@code groups}
 * @param oc output channels, a multiple of {@code groups}
 * @param groups 1 for a dense convolution, {@code ic} for a depthwise one
 * @param srcParams per tensor
 * @param weightsParams per tensor, or one pair for each of the oc output channels
 * @param dstParams per tensor
 * @param bias one value for each output channel, or none
 * @param residual added before the activation, if present
 * @param activation applied before the result is stored
 * @param sparsity as {@link MatMulSpec#sparsity()}
 */
public record Conv2dSpec(DataType src, DataType weights, DataType dst, int ic, int oc, Window window, int groups,
        QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams, Bias bias, Optional<Residual> residual,
        Activation activation, Optional<SparseFormat> sparsity) implements KernelSpec {
    /** Checks the combination. */
    public Conv2dSpec {
        OperandException.check(ic > 0 && oc > 0, "channels", "positive ic and oc", ic + ", " + oc);
        OperandException.check(groups > 0 && ic % groups == 0 && oc % groups == 0, "groups",
                "a divisor of ic " + ic + " and oc " + oc, groups);
        SpecChecks.conv2dTypes(src, weights, dst);
        SpecChecks.product(src, weights, dst, oc, srcParams, weightsParams, dstParams, bias, activation);
        OperandException.check(residual.isEmpty() || dst != DataType.S32, "residual", "none for s32 dst", residual);
        SpecChecks.sparsity(sparsity, weightsParams);
    }

    /** Dense weights. */
    public Conv2dSpec(DataType src, DataType weights, DataType dst, int ic, int oc, Window window, int groups,
            QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams, Bias bias,
            Optional<Residual> residual, Activation activation) {
        this(src, weights, dst, ic, oc, window, groups, srcParams, weightsParams, dstParams, bias, residual, activation,
                Optional.empty());
    }

    /** Nothing added but a bias. */
    public Conv2dSpec(DataType src, DataType weights, DataType dst, int ic, int oc, Window window, int groups,
            QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) {
        this(src, weights, dst, ic, oc, window, groups, srcParams, weightsParams, dstParams, bias, Optional.empty(),
                activation);
    }

    /** Returns this spec with another arrangement of zeros. */
    public Conv2dSpec with(Optional<SparseFormat> format) {
        return new Conv2dSpec(src, weights, dst, ic, oc, window, groups, srcParams, weightsParams, dstParams, bias,
                residual, activation, format);
    }

    /** Returns whether src and weights are integers. */
    public boolean isInteger() {
        return src != DataType.F32;
    }

    /** Returns whether every channel is convolved by itself, with one or more outputs each. */
    public boolean isDepthwise() {
        return groups == ic && groups > 1;
    }

    /** Returns the number of products in one sum: ic / groups * kh * kw. */
    public long reduction() {
        return (long) (ic / groups) * window.kh() * window.kw();
    }

    /** Returns the shape of the weights, OIHW. */
    public Shape weightsShape() {
        return Shape.of(oc, ic / groups, window.kh(), window.kw());
    }

    /** Returns the output's shape for an input's, both NHWC. */
    public Shape dstShape(Shape srcShape) {
        OperandException.check(srcShape.rank() == 4 && srcShape.dim(3) == ic, "src", "shape [n, h, w, " + ic + "]",
                srcShape);
        return Shape.of(srcShape.dim(0), window.outHeight(srcShape.dim(1)), window.outWidth(srcShape.dim(2)), oc);
    }

    @Override
    public String name() {
        return "conv2d_" + src + weights + dst;
    }

    @Override
    public String toString() {
        return name() + " ic=" + ic + " oc=" + oc + " " + window + (groups == 1 ? "" : " groups=" + groups)
                + (isInteger() ? " src(" + srcParams + ") weights(" + weightsParams + ") dst(" + dstParams + ")" : "")
                + " bias=" + bias + residual.map(added -> " residual=" + added).orElse("") + " activation=" + activation
                + sparsity.map(format -> " sparsity=" + format).orElse("");
    }
}
