package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.CoarseGelu;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.RealFunctions;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * What MatMul and Conv2d must store for one sum, written from the specification's text alone: sums are binary64 or
 * 64-bit integers, the float32 steps of the epilogue stand one by one. The functions of integer kernels are the
 * library's own, which have tests of their own; those of floating kernels are binary64.
 */
final class ProductOracle {
    private static final double ULP = 0x1p-23;
    private static final double BF16_ULP = 0x1p-7;
    private static final double BF16_MIN_VALUE = 0x1p-133;
    /** Errors of the functions, relative to max(1, |x|): ours as documented, oneDNN's own formulas. */
    private static final double FUNCTION = 4e-7;
    private static final double ONEDNN_FUNCTION = 1e-5;

    private final TypeCombo types;
    private final QuantParams srcParams;
    private final QuantParams weightsParams;
    private final QuantParams dstParams;
    private final Bias bias;
    private final double[] biasValues;
    private final Optional<Residual> residual;
    private final Activation activation;

    private ProductOracle(TypeCombo types, QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams,
            Bias bias, double[] biasValues, Optional<Residual> residual, Activation activation) {
        this.types = types;
        this.srcParams = srcParams;
        this.weightsParams = weightsParams;
        this.dstParams = dstParams;
        this.bias = bias;
        this.biasValues = biasValues;
        this.residual = residual;
        this.activation = activation;
    }

    static ProductOracle of(MatMulSpec spec, double[] bias) {
        return new ProductOracle(new TypeCombo(spec.src(), spec.weights(), spec.dst()), spec.srcParams(),
                spec.weightsParams(), spec.dstParams(), spec.bias(), bias, spec.residual(), spec.activation());
    }

    static ProductOracle of(Conv2dSpec spec, double[] bias) {
        return new ProductOracle(new TypeCombo(spec.src(), spec.weights(), spec.dst()), spec.srcParams(),
                spec.weightsParams(), spec.dstParams(), spec.bias(), bias, spec.residual(), spec.activation());
    }

    /**
     * Returns what a kernel with integer sums stores for sum((src - zs) * (w - zw)) of one output channel.
     *
     * @param rowScale of a row that is quantized at run time, otherwise 1
     * @param added the residual's element, anything where there is none
     */
    double integer(long sum, float rowScale, int channel, double added) {
        // Wrapping 32-bit arithmetic is 64-bit arithmetic whose upper half is dropped.
        int acc = (int) (bias == Bias.S32 ? sum + (long) biasValues[channel] : sum);
        if (types.dst() == DataType.S32) {
            return acc;
        }
        double dstScale = dstParams.scale();
        boolean hasFunction = activation.function() != ActivationFunction.IDENTITY;
        double unit = hasFunction ? 1 : dstScale;
        float multiplier = (float) ((double) srcParams.scale() * (double) weightsParams.scale(channel) / unit);
        float scaled = (float) acc * rowScale;
        float r = scaled * multiplier;
        if (bias == Bias.F32) {
            float offset = (float) (biasValues[channel] / unit);
            r = r + offset;
        }
        if (residual.isPresent()) {
            QuantParams params = residual.get().params();
            float factor = (float) ((double) params.scale() / unit);
            float term = (float) (added - params.zeroPoint()) * factor;
            r = r + term;
        }
        if (hasFunction) {
            r = isCoarse() ? CoarseGelu.apply(r) : activation.function().apply(r);
        }
        if (hasFunction && types.dst().isQuantized()) {
            float outputScale = (float) (1 / dstScale);
            r = r * outputScale;
        }
        if (activation.isBounded()) {
            r = Levels.clip(r, activation, dstParams);
        }
        return switch (types.dst()) {
            case F32 -> r;
            case BF16 -> Levels.bf16(r);
            default -> {
                double level = Float.isNaN(r) ? Double.NEGATIVE_INFINITY : Math.rint(r) + dstParams.zeroPoint();
                yield Math.max(types.dst().min(), Math.min(types.dst().max(), level));
            }
        };
    }

    /** Whether GELU is rounded to steps of 1 / 512 at least. */
    private boolean isCoarse() {
        return activation.function() == ActivationFunction.GELU && types.dst().isQuantized()
                && (float) (1.0 / dstParams.scale()) <= 512;
    }

    /** Returns how far oneDNN may be off what {@link #integer} says; every other backend agrees. */
    double onednnTolerance(long sum, float rowScale, int channel, double added) {
        if (types.dst() == DataType.S32) {
            return 0;
        }
        if (types.dst().isQuantized()) {
            return 1;
        }
        double unit = (double) srcParams.scale() * weightsParams.scale(channel);
        double scaled = Math.abs((double) (int) sum) * rowScale * unit;
        double size = scaled + Math.abs(bias == Bias.S32 ? biasValues[channel] * unit : realBias(channel))
                + Math.abs(realResidual(added));
        // Another order of the same few float32 operations.
        double tolerance = afterFunction(4 * ULP * size, size, ONEDNN_FUNCTION);
        double value = Math.abs(integer(sum, rowScale, channel, added));
        // Its conversion to bf16 takes subnormal numbers for 0.
        return finite(types.dst() == DataType.BF16 ? tolerance + BF16_ULP * value + Float.MIN_NORMAL : tolerance);
    }

    /**
     * Returns what a floating kernel stores for a sum, before it is rounded for a bf16 dst.
     *
     * @param added the residual's element, anything where there is none
     */
    double real(double sum, int channel, double added) {
        // Through float32, so that what lies beyond its range is infinite.
        double r = RealFunctions.apply(activation.function(), (float) argument(sum, channel, added));
        if (activation.isBounded()) {
            r = Double.isNaN(r) ? activation.lo() : Math.max(activation.lo(), Math.min(activation.hi(), r));
        }
        boolean overflows = types.dst() == DataType.BF16 && Double.isInfinite(Levels.bf16(r));
        return overflows ? Levels.bf16(r) : r;
    }

    /**
     * Returns how far a floating kernel may be off what {@link #real} says: k * 2^-23 * sum |a * b|, one unit for each
     * addition of the epilogue, the function's own error and the rounding of a bf16 dst.
     *
     * @param magnitude sum |a * b|
     */
    double realTolerance(long k, double sum, double magnitude, int channel, double added, boolean onednn) {
        // The instructions for bf16 take subnormal products for 0.
        double smallest = types.src() == DataType.BF16 ? 2 * Float.MIN_NORMAL : Float.MIN_VALUE;
        double size = magnitude + Math.abs(realBias(channel)) + 2 * Math.abs(realResidual(added));
        double tolerance = k * ULP * magnitude + ULP * size + k * smallest;
        tolerance = afterFunction(tolerance, argument(sum, channel, added), onednn ? ONEDNN_FUNCTION : FUNCTION);
        double rounding = BF16_ULP / 2 * (Math.abs(real(sum, channel, added)) + tolerance) + BF16_MIN_VALUE;
        return finite(types.dst() == DataType.BF16 ? tolerance + rounding : tolerance);
    }

    private double argument(double sum, int channel, double added) {
        return sum + realBias(channel) + realResidual(added);
    }

    private double realBias(int channel) {
        return bias == Bias.F32 ? biasValues[channel] : 0;
    }

    private double realResidual(double added) {
        return residual.map(present -> (added - present.params().zeroPoint()) * present.params().scale()).orElse(0.0);
    }

    /** Returns how far f(x) is off when x is off by {@code tolerance}: by f's slope, and by f's own error. */
    private double afterFunction(double tolerance, double x, double error) {
        double slope = switch (activation.function()) {
            case IDENTITY -> 1;
            case GELU, GELU_TANH, SILU -> 1.13;
            case HARD_SWISH -> 1.5;
        };
        double own = activation.function() == ActivationFunction.IDENTITY ? 0 : error;
        return finite(slope * tolerance) + (Double.isFinite(x) ? own * Math.max(1, Math.abs(x)) : own);
    }

    private static double finite(double tolerance) {
        return Double.isFinite(tolerance) ? tolerance : 0;
    }
}
