package io.tersor.kernel;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * What MatMul and Conv2d do to a finished sum, computed once so that every backend uses identical bits. All of it is
 * binary32, half to even and without fused multiply-add, one step after the other:
 *
 * <ol>
 * <li>Integer kernels: acc = sum of (src - zs) * (w - zw) in wrapping int32, plus the s32 bias; dst s32 stores it.
 *     Otherwise r = (float) acc * multiplier[n]; where rows are quantized at run time
 *     r = ((float) acc * rowScale) * multiplier[n], and where the parameters of src come with the run
 *     r = (float) acc * (scale * multiplier[n]). f32 and bf16 kernels: r = sum.
 * <li>With an f32 bias r = r + offset[n].
 * <li>With a residual r = r + (float) (residual - residualZeroPoint) * residualMultiplier.
 * <li>With a function f of the activation r = f(r), and for an 8-bit dst r = r * outputScale. GELU is
 *     {@link CoarseGelu} where {@link #isCoarse()} says so.
 * <li>Unless {@link #clamps()} is false: r = r &gt; lo ? r : lo; r = r &lt; hi ? r : hi.
 * <li>dst f32 stores r, bf16 r rounded, u8 / s8 (int) rint(r) + zeroPoint: lo and hi already hold the type's range, so
 *     nothing overflows.
 * </ol>
 *
 * <p>Up to the function r is in units of the destination, unless there is a function: then it is in real units, and
 * {@code outputScale} leads to those of the destination.
 *
 * <p>Immutable by convention: the arrays are shared with the backends and must not be written.
 */
public final class Epilogue {
    private final DataType dst;
    private final float[] multipliers;
    private final float[] offsets;
    private final int[] integerBias;
    private final Optional<Residual> residual;
    private final float residualMultiplier;
    private final ActivationFunction function;
    private final float outputScale;
    private final boolean coarse;
    private final float lo;
    private final float hi;
    private final boolean clamps;
    private final int zeroPoint;

    private Epilogue(DataType dst, boolean accumulatesIntegers, int outputs, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Optional<Tensor> biasValues,
            Optional<Residual> residual, Activation activation) {
        this.dst = dst;
        this.zeroPoint = dstParams.zeroPoint();
        this.residual = residual;
        this.function = activation.function();
        double dstScale = dstParams.scale();
        double unit = activation.isClip() ? dstScale : 1;
        this.outputScale = (float) (unit / dstScale);
        this.coarse = function == ActivationFunction.GELU && SpecChecks.isByte(dst) && CoarseGelu.serves(outputScale);
        this.multipliers = new float[accumulatesIntegers && dst != DataType.S32 ? outputs : 0];
        for (int n = 0; n < multipliers.length; n++) {
            multipliers[n] = (float) ((double) srcParams.scale() * weightsParams.scale(n) / unit);
        }
        this.offsets = new float[bias == Bias.F32 ? outputs : 0];
        for (int n = 0; n < offsets.length; n++) {
            offsets[n] = (float) (biasValues.orElseThrow().get(n) / unit);
        }
        this.integerBias = new int[bias == Bias.S32 ? outputs : 0];
        for (int n = 0; n < integerBias.length; n++) {
            integerBias[n] = (int) biasValues.orElseThrow().getLong(n);
        }
        this.residualMultiplier = (float) (residual.map(added -> (double) added.params().scale()).orElse(1.0) / unit);
        float low = (float) (activation.lo() / dstScale);
        float high = (float) (activation.hi() / dstScale);
        this.clamps = activation.isBounded();
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
        return new Epilogue(spec.dst(), spec.weights() == DataType.S8, (int) spec.n(), spec.srcParams(),
                spec.weightsParams(), spec.dstParams(), spec.bias(), bias, spec.residual(), spec.activation());
    }

    /**
     * Returns the epilogue of a convolution.
     *
     * @param bias the values that the spec's bias announces
     */
    public static Epilogue of(Conv2dSpec spec, Optional<Tensor> bias) {
        return new Epilogue(spec.dst(), spec.isInteger(), spec.oc(), spec.srcParams(), spec.weightsParams(),
                spec.dstParams(), spec.bias(), bias, spec.residual(), spec.activation());
    }

    /** Returns the type that is stored. */
    public DataType dst() {
        return dst;
    }

    /** Returns the factors, one per output channel; empty for floating weights and s32 destinations. */
    public float[] multipliers() {
        return multipliers;
    }

    /** Returns the f32 bias in the units of r, one per output channel; empty without an f32 bias. */
    public float[] offsets() {
        return offsets;
    }

    /** Returns the s32 bias, one per output channel; empty without one. */
    public int[] integerBias() {
        return integerBias;
    }

    /** Returns what is added before the activation. */
    public Optional<Residual> residual() {
        return residual;
    }

    /** Returns the factor of the residual, 1 without one. */
    public float residualMultiplier() {
        return residualMultiplier;
    }

    /** Returns the activation's function. */
    public ActivationFunction function() {
        return function;
    }

    /** Returns whether the function, which is GELU then, is computed as {@link CoarseGelu}. */
    public boolean isCoarse() {
        return coarse;
    }

    /** Returns the factor from the function's result to units of the destination; 1 without a function. */
    public float outputScale() {
        return outputScale;
    }

    /** Returns the lower bound in units of the destination, the type's range included. */
    public float lo() {
        return lo;
    }

    /** Returns the upper bound in units of the destination, the type's range included. */
    public float hi() {
        return hi;
    }

    /** Returns whether the activation has bounds. Without them an f32 or bf16 result keeps its NaN. */
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

    /** Returns r of an accumulator, the bias included. */
    public float scale(int accumulator, int output) {
        return offset((float) accumulator * multipliers[output], output);
    }

    /** Returns r of an accumulator whose row was quantized at run time, the bias included. */
    public float scale(int accumulator, float rowScale, int output) {
        return offset((float) accumulator * rowScale * multipliers[output], output);
    }

    /** Returns r of an accumulator whose source came with a scale, the bias included. */
    public float scaleSource(int accumulator, float srcScale, int output) {
        return offset((float) accumulator * (srcScale * multipliers[output]), output);
    }

    /** Returns r of a sum, or of a scaled accumulator, with the bias. */
    public float offset(float r, int output) {
        return offsets.length != 0 ? r + offsets[output] : r;
    }

    /** Returns r with a residual's element, given as its level less the zero point or as its f32 value. */
    public float add(float r, float element) {
        return r + element * residualMultiplier;
    }

    /** Returns the result before it is rounded for its type. */
    public float activate(float r) {
        float y = r;
        if (function != ActivationFunction.IDENTITY) {
            y = coarse ? CoarseGelu.apply(r) : function.apply(r);
            y = SpecChecks.isByte(dst) ? y * outputScale : y;
        }
        return clamps || SpecChecks.isByte(dst) ? clamp(y) : y;
    }

    /** Returns the level of an 8-bit result. */
    public int round(float y) {
        return (int) Math.rint(y) + zeroPoint;
    }

    private float clamp(float r) {
        float low = r > lo ? r : lo;
        return low < hi ? low : hi;
    }
}
