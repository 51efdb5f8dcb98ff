package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;

/**
 * What MatMul and Conv2d must store for one sum, written from the specification's text alone: sums are binary64 or
 * 64-bit integers, the float32 steps of requantization stand one by one.
 */
final class ProductOracle {
    private static final double ULP = 0x1p-23;

    private final TypeCombo types;
    private final QuantParams srcParams;
    private final QuantParams weightsParams;
    private final QuantParams dstParams;
    private final Bias bias;
    private final double[] biasValues;
    private final Activation activation;

    ProductOracle(TypeCombo types, QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams, Bias bias,
            double[] biasValues, Activation activation) {
        this.types = types;
        this.srcParams = srcParams;
        this.weightsParams = weightsParams;
        this.dstParams = dstParams;
        this.bias = bias;
        this.biasValues = biasValues;
        this.activation = activation;
    }

    /** Returns what an integer kernel stores for sum((src - zs) * (w - zw)) of one output channel. */
    double integer(long sum, int channel) {
        // Wrapping 32-bit arithmetic is 64-bit arithmetic whose upper half is dropped.
        int acc = (int) (bias == Bias.S32 ? sum + (long) biasValues[channel] : sum);
        if (types.dst() == DataType.S32) {
            return acc;
        }
        double dstScale = dstParams.scale();
        float multiplier = (float) ((double) srcParams.scale() * (double) weightsParams.scale(channel) / dstScale);
        float r = (float) acc * multiplier;
        if (bias == Bias.F32) {
            float offset = (float) (biasValues[channel] / dstScale);
            r = r + offset;
        }
        if (!activation.isNone()) {
            float lo = (float) (activation.lo() / dstScale);
            float hi = (float) (activation.hi() / dstScale);
            r = Float.isNaN(r) || r <= lo ? lo : r;
            r = r >= hi ? hi : r;
        }
        if (types.dst() == DataType.F32) {
            return r;
        }
        double level = Float.isNaN(r) ? Double.NEGATIVE_INFINITY : Math.rint(r) + dstParams.zeroPoint();
        return Math.max(types.dst().min(), Math.min(types.dst().max(), level));
    }

    /** Returns how far oneDNN may be off what {@link #integer} says; every other backend agrees. */
    double onednnTolerance(long sum, int channel) {
        if (types.dst() == DataType.S32) {
            return 0;
        }
        if (types.dst() != DataType.F32) {
            return 1;
        }
        // Another order of the same four float32 operations.
        double scaled = Math.abs((double) (int) sum) * srcParams.scale() * weightsParams.scale(channel);
        double added = bias == Bias.NONE ? 0 : Math.abs(biasValues[channel])
                * (bias == Bias.F32 ? 1 : (double) srcParams.scale() * weightsParams.scale(channel));
        return 4 * ULP * (scaled + added);
    }

    /** Returns what an f32 kernel stores for a sum. */
    double real(double sum, int channel) {
        // Through float32, so that what lies beyond its range is infinite.
        double r = (float) (bias == Bias.F32 ? sum + biasValues[channel] : sum);
        if (activation.isNone()) {
            return r;
        }
        return Double.isNaN(r) ? activation.lo() : Math.max(activation.lo(), Math.min(activation.hi(), r));
    }

    /** Returns how far an f32 kernel may be off: k * 2^-23 * sum |a * b|, and a unit for the bias. */
    double realTolerance(long k, double magnitude, int channel) {
        double added = bias == Bias.F32 ? Math.abs(biasValues[channel]) : 0;
        double tolerance = k * ULP * magnitude + ULP * (magnitude + added) + k * (double) Float.MIN_VALUE;
        return Double.isFinite(tolerance) ? tolerance : 0;
    }
}
