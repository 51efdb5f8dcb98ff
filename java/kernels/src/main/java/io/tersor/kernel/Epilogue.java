package io.tersor.kernel;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * What MatMul and Conv2d do to a finished sum, computed once so that every backend uses identical bits.
 *
 * <p>Integer kernels: acc = sum of (src - zs) * (w - zw) in wrapping int32, plus the s32 bias; dst s32 stores it.
 * Otherwise, in binary32, half to even and without fused multiply-add: r = (float) acc * multiplier[n]; with an f32 bias
 * r = r + offset[n]; r = r &gt; lo ? r : lo; r = r &lt; hi ? r : hi; dst f32 stores r; dst u8 / s8 stores
 * (int) rint(r) + zeroPoint. For 8-bit destinations lo and hi already hold the type's range, so nothing overflows.
 *
 * <p>f32 kernels: r = sum + offset[n], and, unless {@link #clamps()} is false, the same two comparisons.
 *
 * <p>Immutable by convention: the arrays are shared with the backends and must not be written.
 */
public final class Epilogue {
    private final DataType dst;
    private final float[] multipliers;
    private final float[] offsets;
    private final int[] integerBias;
    private final float lo;
    private final float hi;
    private final boolean clamps;
    private final int zeroPoint;

    private Epilogue(DataType src, DataType dst, int outputs, QuantParams srcParams, QuantParams weightsParams,
            QuantParams dstParams, Bias bias, Optional<Tensor> biasValues, Activation activation) {
        this.dst = dst;
        this.zeroPoint = dstParams.zeroPoint();
        boolean integer = src != DataType.F32;
        double dstScale = dstParams.scale();
        this.multipliers = new float[integer && dst != DataType.S32 ? outputs : 0];
        for (int n = 0; n < multipliers.length; n++) {
            multipliers[n] = (float) ((double) srcParams.scale() * weightsParams.scale(n) / dstScale);
        }
        this.offsets = new float[bias == Bias.F32 ? outputs : 0];
        for (int n = 0; n < offsets.length; n++) {
            offsets[n] = (float) (biasValues.orElseThrow().get(n) / dstScale);
        }
        this.integerBias = new int[bias == Bias.S32 ? outputs : 0];
        for (int n = 0; n < integerBias.length; n++) {
            integerBias[n] = (int) biasValues.orElseThrow().getLong(n);
        }
        float low = (float) (activation.lo() / dstScale);
        float high = (float) (activation.hi() / dstScale);
        this.clamps = !activation.isNone();
        if (SpecChecks.isByte(dst)) {
            float qlow = (float) (dst.min() - zeroPoint);
            float qhigh = (float) (dst.max() - zeroPoint);
            this.lo = Math.clamp(low, qlow, qhigh);
            this.hi = Math.clamp(high, qlow, qhigh);
        } else {
            this.lo = low;
            this.hi = high;
        }
    }

    /**
     * Returns the epilogue of a matrix multiplication.
     *
     * @param bias the values that the spec's bias announces
     */
    public static Epilogue of(MatMulSpec spec, Optional<Tensor> bias) {
        return new Epilogue(spec.src(), spec.dst(), (int) spec.n(), spec.srcParams(), spec.weightsParams(),
                spec.dstParams(), spec.bias(), bias, spec.activation());
    }

    /**
     * Returns the epilogue of a convolution.
     *
     * @param bias the values that the spec's bias announces
     */
    public static Epilogue of(Conv2dSpec spec, Optional<Tensor> bias) {
        return new Epilogue(spec.src(), spec.dst(), spec.oc(), spec.srcParams(), spec.weightsParams(),
                spec.dstParams(), spec.bias(), bias, spec.activation());
    }

    /** Returns the type that is stored. */
    public DataType dst() {
        return dst;
    }

    /** Returns the factors, one per output channel; empty for f32 kernels and s32 destinations. */
    public float[] multipliers() {
        return multipliers;
    }

    /** Returns the f32 bias in units of the destination, one per output channel; empty without an f32 bias. */
    public float[] offsets() {
        return offsets;
    }

    /** Returns the s32 bias, one per output channel; empty without one. */
    public int[] integerBias() {
        return integerBias;
    }

    /** Returns the lower bound in units of the destination, the type's range included. */
    public float lo() {
        return lo;
    }

    /** Returns the upper bound in units of the destination, the type's range included. */
    public float hi() {
        return hi;
    }

    /** Returns whether there is an activation. Without one an f32 result keeps its NaN. */
    public boolean clamps() {
        return clamps;
    }

    /** Returns the destination's zero point. */
    public int zeroPoint() {
        return zeroPoint;
    }

    /**
     * Returns what is added to the plain sum of src * w, for each output: the s32 bias - zs * (sum of w) +
     * reduction * zs * zw, in wrapping arithmetic. With it acc = sum(src * w) + compensation[n] - zw[n] * sum(src).
     *
     * @param weightSums sum of the weights of each output, wrapping
     */
    public int[] compensation(int[] weightSums, long reduction, QuantParams srcParams, QuantParams weightsParams) {
        int[] compensation = new int[weightSums.length];
        for (int n = 0; n < compensation.length; n++) {
            int zs = srcParams.zeroPoint();
            compensation[n] = (integerBias.length == 0 ? 0 : integerBias[n]) - zs * weightSums[n]
                    + (int) reduction * zs * weightsParams.zeroPoint(n);
        }
        return compensation;
    }

    /** Returns the clamped real result of an accumulator, before it is rounded for an 8-bit destination. */
    public float scale(int accumulator, int output) {
        float r = (float) accumulator * multipliers[output];
        if (offsets.length != 0) {
            r = r + offsets[output];
        }
        return clamps || dst != DataType.F32 ? clamp(r) : r;
    }

    /** Returns the 8-bit result of an accumulator. */
    public int requantize(int accumulator, int output) {
        return (int) Math.rint(scale(accumulator, output)) + zeroPoint;
    }

    /** Returns the result of an f32 sum. */
    public float apply(float sum, int output) {
        float r = offsets.length != 0 ? sum + offsets[output] : sum;
        return clamps ? clamp(r) : r;
    }

    private float clamp(float r) {
        float low = r > lo ? r : lo;
        return low < hi ? low : hi;
    }
}
