package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Pooling over NHWC images. Max: padding never wins; the parameters of src and dst are the same. Average, quantized:
 * r = (float) (sum - count * zeroPoint) * multiplier / count, multiplier = (float) (srcScale / dstScale) computed in
 * binary64, the rest in binary32, rounded half to even, plus the zero point, saturated; f32: sum / count. A window that
 * covers no pixel gives the lowest value for max (negative infinity for f32) and zero for average.
 *
 * @param type element type of src and dst: f32, u8 or s8
 * @param ceilMode whether a last window that starts inside the image or its leading padding but ends beyond the padded
 *     image counts (ONNX's ceil_mode)
 */
public record Pool2dSpec(Kind kind, DataType type, Window window, boolean ceilMode, QuantParams srcParams,
        QuantParams dstParams) implements UnarySpec {
    /** What is taken over the window. */
    public enum Kind {
        /** The largest value. */
        MAX,
        /** The mean over the pixels of the image, padding not counted. */
        AVERAGE,
        /** The mean over the window, padding counted as zeros (but not what ceilMode adds beyond the padding). */
        AVERAGE_WITH_PADDING
    }

    /** Checks the combination. */
    public Pool2dSpec {
        SpecChecks.byteOrF32("type", type);
        SpecChecks.perTensor("srcParams", type, srcParams);
        SpecChecks.perTensor("dstParams", type, dstParams);
        OperandException.check(kind != Kind.MAX || srcParams.equals(dstParams), "dstParams",
                "those of src for max pooling: " + srcParams, dstParams);
    }

    /** Returns an f32 pooling. */
    public static Pool2dSpec f32(Kind kind, Window window) {
        return new Pool2dSpec(kind, DataType.F32, window, false, QuantParams.IDENTITY, QuantParams.IDENTITY);
    }

    /** Returns the factor from src to dst: srcScale / dstScale. */
    public float multiplier() {
        return (float) ((double) srcParams.scale() / dstParams.scale());
    }

    @Override
    public DataType srcType() {
        return type;
    }

    @Override
    public DataType dstType() {
        return type;
    }

    /** Returns the output rows for {@code h} input rows. */
    public long outHeight(long h) {
        return ceil(h, window.padTop(), window.padBottom(), window.kh(), window.strideH(), window.dilationH());
    }

    /** Returns the output columns for {@code w} input columns. */
    public long outWidth(long w) {
        return ceil(w, window.padLeft(), window.padRight(), window.kw(), window.strideW(), window.dilationW());
    }

    private long ceil(long extent, long before, long after, int kernel, int stride, int dilation) {
        long room = extent + before + after - ((long) dilation * (kernel - 1) + 1);
        if (room < 0) {
            return 0;
        }
        long out = room / stride + 1;
        boolean partial = ceilMode && room % stride != 0 && out * stride < extent + before;
        return partial ? out + 1 : out;
    }

    @Override
    public Shape dstShape(Shape src) {
        OperandException.check(src.rank() == 4, "src", "shape [n, h, w, c]", src);
        return Shape.of(src.dim(0), outHeight(src.dim(1)), outWidth(src.dim(2)), src.dim(3));
    }

    @Override
    public String name() {
        return (kind == Kind.MAX ? "maxpool2d_" : "avgpool2d_") + type;
    }
}
