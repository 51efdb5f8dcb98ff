package io.tersor.quant;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Turns real tensors into quantized ones, and defines the arithmetic of it.
 *
 * <p>quantize: q = saturate(round(x / scale) + zeroPoint), in IEEE binary32; NaN becomes the lowest value of the type.
 * dequantize: x' = scale * (q - zeroPoint), the affine form; so w' = round(w / s) * s is the symmetric quantizer, and
 * y = floor(x / q), z = y * q + q / 2 is {@link #floorMidpoint}. Formulas: Jacob et al., "Quantization and Training of
 * Neural Networks for Efficient Integer-Arithmetic-Only Inference" (CVPR 2018), and ONNX QuantizeLinear.
 *
 * <p>Immutable; every method that sets something returns a new quantizer.
 */
public final class Quantizer {
    private enum Granularity { TENSOR, CHANNEL, GROUP }

    private final DataType type;
    private final boolean symmetric;
    private final Granularity granularity;
    private final int axis;
    private final int groupSize;
    private final Rounding rounding;

    private Quantizer(DataType type, boolean symmetric, Granularity granularity, int axis, int groupSize,
            Rounding rounding) {
        OperandException.check(type.isQuantized(), "type", "a quantized type", type);
        this.type = type;
        this.symmetric = symmetric;
        this.granularity = granularity;
        this.axis = axis;
        this.groupSize = groupSize;
        this.rounding = rounding;
    }

    /**
     * Returns a per-tensor quantizer whose zero point stands in the middle: 0 for signed types, half the range for
     * unsigned ones; scale = max |x| / largest positive level. The lowest level of a signed type stays unused, so that
     * the range is symmetric.
     */
    public static Quantizer symmetric(DataType type) {
        return new Quantizer(type, true, Granularity.TENSOR, 0, 0, Rounding.HALF_EVEN);
    }

    /**
     * Returns a per-tensor quantizer whose range is that of the data, widened to hold zero:
     * scale = (max - min) / (qmax - qmin), zeroPoint = round(qmin - min / scale).
     */
    public static Quantizer asymmetric(DataType type) {
        return new Quantizer(type, false, Granularity.TENSOR, 0, 0, Rounding.HALF_EVEN);
    }

    /** Returns this quantizer with one scale for the tensor. */
    public Quantizer perTensor() {
        return new Quantizer(type, symmetric, Granularity.TENSOR, 0, 0, rounding);
    }

    /** Returns this quantizer with one scale for each index of {@code axis}. */
    public Quantizer perChannel(int axis) {
        return new Quantizer(type, symmetric, Granularity.CHANNEL, axis, 0, rounding);
    }

    /** Returns this quantizer with one scale for each run of {@code groupSize} indices of {@code axis}. */
    public Quantizer perGroup(int axis, int groupSize) {
        return new Quantizer(type, symmetric, Granularity.GROUP, axis, groupSize, rounding);
    }

    /** Returns this quantizer with another rounding. */
    public Quantizer rounding(Rounding other) {
        return new Quantizer(type, symmetric, granularity, axis, groupSize, other);
    }

    /** Returns the parameters that this quantizer derives from the data's range, per tensor, channel or group. */
    public QuantParams params(Tensor real) {
        Shape shape = real.shape();
        QuantParams layout = emptyParams(shape);
        float[] min = new float[layout.count()];
        float[] max = new float[layout.count()];
        for (long i = 0; i < shape.elements(); i++) {
            float value = (float) real.get(i);
            int index = layout.index(shape, i);
            if (!Float.isFinite(value)) {
                throw new OperandException("element " + i, "a finite number", value);
            }
            min[index] = Math.min(min[index], value);
            max[index] = Math.max(max[index], value);
        }
        float[] scales = new float[layout.count()];
        int[] zeroPoints = new int[layout.count()];
        for (int i = 0; i < scales.length; i++) {
            QuantParams one = params(min[i], max[i]);
            scales[i] = one.scale();
            zeroPoints[i] = one.zeroPoint();
        }
        return switch (granularity) {
            case TENSOR -> QuantParams.perTensor(scales[0], zeroPoints[0]);
            case CHANNEL -> QuantParams.perChannel(axis, scales, zeroPoints);
            case GROUP -> QuantParams.perGroup(axis, groupSize, scales, zeroPoints);
        };
    }

    /** Returns the per-tensor parameters for values in [min, max], widened to hold zero; scale 1 for an empty range. */
    public QuantParams params(float min, float max) {
        double low = Math.min(0.0, min);
        double high = Math.max(0.0, max);
        double qmin = type.min();
        double qmax = type.max();
        if (symmetric) {
            int middle = (int) Math.ceil((qmin + qmax) / 2);
            float scale = (float) (Math.max(-low, high) / (qmax - middle));
            return QuantParams.perTensor(usable(scale), middle);
        }
        float scale = usable((float) ((high - low) / (qmax - qmin)));
        double zeroPoint = Math.rint(qmin - low / scale);
        return QuantParams.perTensor(scale, (int) Math.clamp(zeroPoint, qmin, qmax));
    }

    private static float usable(float scale) {
        // A range below the smallest normal float would make a scale whose reciprocal overflows.
        return scale >= Float.MIN_NORMAL ? scale : 1f;
    }

    private QuantParams emptyParams(Shape shape) {
        if (granularity == Granularity.TENSOR) {
            return QuantParams.IDENTITY;
        }
        OperandException.check(axis >= 0 && axis < shape.rank(), "axis", "an axis of " + shape, axis);
        long channels = shape.dim(axis);
        long count = granularity == Granularity.CHANNEL ? channels
                : channels == 0 ? 0 : shape.elements() / channels * Math.ceilDiv(channels, groupSize);
        float[] ones = new float[Math.toIntExact(count)];
        Arrays.fill(ones, 1f);
        return granularity == Granularity.CHANNEL ? QuantParams.perChannel(axis, ones)
                : QuantParams.perGroup(axis, groupSize, ones, new int[ones.length]);
    }

    /** Returns the data quantized with parameters derived from its own range. */
    public QuantizedTensor quantize(Tensor real, Arena arena) {
        return quantize(real, params(real), arena);
    }

    /** Returns the data quantized with given parameters, this quantizer's type and rounding. */
    public QuantizedTensor quantize(Tensor real, QuantParams params, Arena arena) {
        params.check("params", type, real.shape());
        Tensor values = Tensor.allocate(arena, type, real.shape());
        for (long i = 0; i < real.shape().elements(); i++) {
            int index = params.index(real.shape(), i);
            values.setLong(i, quantize((float) real.get(i), params.scale(index), params.zeroPoint(index), type,
                    rounding));
        }
        return new QuantizedTensor(values, params);
    }

    /**
     * Returns y = floor(x / step), saturated to the type, whose reconstruction is the midpoint z = y * step + step / 2:
     * the flooring quantizer, of error at most step / 2 inside the range.
     */
    public static QuantizedTensor floorMidpoint(DataType type, float step, Tensor real, Arena arena) {
        QuantParams params = QuantParams.perTensor(step, 0).withReconstruction(Reconstruction.MIDPOINT);
        return symmetric(type).rounding(Rounding.FLOOR).quantize(real, params, arena);
    }

    /** Returns saturate(round(value / scale) + zeroPoint); NaN gives the lowest value. The contract of all backends. */
    public static int quantize(float value, float scale, int zeroPoint, DataType type, Rounding rounding) {
        return saturate(value / scale, zeroPoint, type, rounding);
    }

    /** Returns saturate(round(scaled) + zeroPoint) for a value that is already divided by its scale. */
    public static int saturate(float scaled, int zeroPoint, DataType type, Rounding rounding) {
        // The bounds are integers, so clamping before rounding gives the same result and cannot overflow.
        float low = (float) (type.min() - zeroPoint);
        float high = (float) (type.max() - zeroPoint);
        float clamped = scaled > low ? scaled : low;
        clamped = clamped < high ? clamped : high;
        return (int) rounding.round(clamped) + zeroPoint;
    }

    /** Returns the real numbers that quantized values stand for: scale * (q - zeroPoint + offset), f32, contiguous. */
    public static Tensor dequantize(QuantizedTensor quantized, Arena arena) {
        Shape shape = quantized.shape();
        QuantParams params = quantized.params();
        float offset = params.reconstruction().offset();
        Tensor real = Tensor.allocate(arena, DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            int index = params.index(shape, i);
            real.set(i, (quantized.values().getLong(i) - params.zeroPoint(index) + offset) * params.scale(index));
        }
        return real;
    }
}
