package io.tersor.quant;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Arrays;

/**
 * Scales and zero points of affine quantization: real = scale * (q - zeroPoint).
 *
 * <p>Granularity: one pair for the tensor; one for each index of an axis (per channel); or one for each run of
 * {@code groupSize} consecutive indices of an axis, separately for every index of the other axes (per group, ONNX's
 * blocked quantization). Immutable and comparable.
 */
public final class QuantParams {
    /** Scale 1, zero point 0: the parameters of a tensor that is not quantized. */
    public static final QuantParams IDENTITY = perTensor(1f, 0);

    private enum Granularity { TENSOR, CHANNEL, GROUP }

    private final Granularity granularity;
    private final int axis;
    private final int groupSize;
    private final float[] scales;
    private final int[] zeroPoints;
    private final Reconstruction reconstruction;

    private QuantParams(Granularity granularity, int axis, int groupSize, float[] scales, int[] zeroPoints,
            Reconstruction reconstruction) {
        this.granularity = granularity;
        this.axis = axis;
        this.groupSize = groupSize;
        this.scales = scales;
        this.zeroPoints = zeroPoints;
        this.reconstruction = reconstruction;
        OperandException.check(scales.length == zeroPoints.length, "zeroPoints", scales.length + " values",
                zeroPoints.length);
        for (int i = 0; i < scales.length; i++) {
            OperandException.check(scales[i] > 0 && Float.isFinite(scales[i]), "scale[" + i + "]",
                    "a positive finite number", scales[i]);
        }
    }

    /** Returns one scale and zero point for a whole tensor. */
    public static QuantParams perTensor(float scale, int zeroPoint) {
        return new QuantParams(Granularity.TENSOR, 0, 0, new float[] {scale}, new int[] {zeroPoint},
                Reconstruction.LEVEL);
    }

    /** Returns one scale and zero point for each index of {@code axis}. */
    public static QuantParams perChannel(int axis, float[] scales, int[] zeroPoints) {
        OperandException.check(axis >= 0, "axis", "not negative", axis);
        return new QuantParams(Granularity.CHANNEL, axis, 0, scales.clone(), zeroPoints.clone(), Reconstruction.LEVEL);
    }

    /** Returns one scale for each index of {@code axis}, all zero points 0. */
    public static QuantParams perChannel(int axis, float... scales) {
        return perChannel(axis, scales, new int[scales.length]);
    }

    /**
     * Returns one scale and zero point for each run of {@code groupSize} indices of {@code axis}.
     *
     * @param scales row-major in the tensor's shape with the extent of {@code axis} divided by {@code groupSize},
     *     rounded up
     */
    public static QuantParams perGroup(int axis, int groupSize, float[] scales, int[] zeroPoints) {
        OperandException.check(axis >= 0, "axis", "not negative", axis);
        OperandException.check(groupSize > 0, "groupSize", "positive", groupSize);
        return new QuantParams(Granularity.GROUP, axis, groupSize, scales.clone(), zeroPoints.clone(),
                Reconstruction.LEVEL);
    }

    /** Returns these parameters with another reconstruction. */
    public QuantParams withReconstruction(Reconstruction other) {
        return new QuantParams(granularity, axis, groupSize, scales, zeroPoints, other);
    }

    /** Returns whether one scale and zero point serve the whole tensor. */
    public boolean isPerTensor() {
        return granularity == Granularity.TENSOR;
    }

    /** Returns whether each index of {@link #axis()} has its own scale and zero point. */
    public boolean isPerChannel() {
        return granularity == Granularity.CHANNEL;
    }

    /** Returns whether runs of {@link #groupSize()} indices of {@link #axis()} have their own. */
    public boolean isPerGroup() {
        return granularity == Granularity.GROUP;
    }

    /** Returns the axis of per-channel and per-group parameters, 0 for per-tensor ones. */
    public int axis() {
        return axis;
    }

    /** Returns the length of a group, 0 unless per group. */
    public int groupSize() {
        return groupSize;
    }

    /** Returns the number of (scale, zero point) pairs. */
    public int count() {
        return scales.length;
    }

    /** Returns the scale of one pair; the only one for per-tensor parameters, whatever the index. */
    public float scale(int index) {
        return scales[isPerTensor() ? 0 : index];
    }

    /** Returns the zero point of one pair; the only one for per-tensor parameters, whatever the index. */
    public int zeroPoint(int index) {
        return zeroPoints[isPerTensor() ? 0 : index];
    }

    /** Returns the scale of per-tensor parameters, the first one otherwise. */
    public float scale() {
        return scales[0];
    }

    /** Returns the zero point of per-tensor parameters, the first one otherwise. */
    public int zeroPoint() {
        return zeroPoints[0];
    }

    /** Returns whether every zero point is 0. */
    public boolean isSymmetric() {
        for (int zeroPoint : zeroPoints) {
            if (zeroPoint != 0) {
                return false;
            }
        }
        return true;
    }

    /** Returns which real number a quantized value stands for. */
    public Reconstruction reconstruction() {
        return reconstruction;
    }

    /**
     * Returns which pair serves the element of a row-major index of a tensor of the given shape.
     *
     * @param shape a shape that {@link #check} accepted
     */
    public int index(Shape shape, long rowMajorIndex) {
        if (isPerTensor()) {
            return 0;
        }
        long inner = 1;
        for (int i = axis + 1; i < shape.rank(); i++) {
            inner *= shape.dim(i);
        }
        long extent = shape.dim(axis);
        long channel = rowMajorIndex / inner % extent;
        if (isPerChannel()) {
            return (int) channel;
        }
        long outer = rowMajorIndex / inner / extent;
        return (int) ((outer * Math.ceilDiv(extent, groupSize) + channel / groupSize) * inner + rowMajorIndex % inner);
    }

    /**
     * Checks that these parameters fit a tensor: as many pairs as its shape asks for, zero points inside its type.
     *
     * @throws OperandException naming {@code operand} if they do not
     */
    public void check(String operand, DataType type, Shape shape) {
        if (!isPerTensor()) {
            OperandException.check(axis < shape.rank(), operand + " axis", "an axis of " + shape, axis);
            long channels = shape.dim(axis);
            long expected = isPerChannel() ? channels
                    : channels == 0 ? 0 : shape.elements() / channels * Math.ceilDiv(channels, groupSize);
            OperandException.check(expected == count(), operand + " scales", expected + " for " + shape, count());
        }
        checkZeroPoints(operand, type);
    }

    /** Checks that every zero point is a value of the type; a type that is not quantized takes only zero. */
    public void checkZeroPoints(String operand, DataType type) {
        boolean bounded = type.isQuantized();
        for (int zeroPoint : zeroPoints) {
            OperandException.check(bounded ? zeroPoint >= type.min() && zeroPoint <= type.max() : zeroPoint == 0,
                    operand + " zeroPoint", bounded ? "a value of " + type : "0 for " + type, zeroPoint);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof QuantParams params && granularity == params.granularity && axis == params.axis
                && groupSize == params.groupSize && reconstruction == params.reconstruction
                && Arrays.equals(scales, params.scales) && Arrays.equals(zeroPoints, params.zeroPoints);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Arrays.hashCode(scales) + Arrays.hashCode(zeroPoints)) + granularity.ordinal() + axis;
    }

    /** Returns a short text: the pair itself per tensor, otherwise granularity and count. */
    @Override
    public String toString() {
        String suffix = reconstruction == Reconstruction.LEVEL ? "" : ", midpoint";
        return switch (granularity) {
            case TENSOR -> "scale " + scales[0] + (zeroPoints[0] == 0 ? "" : ", zeroPoint " + zeroPoints[0]) + suffix;
            case CHANNEL -> count() + " scales along axis " + axis + (isSymmetric() ? "" : ", zeroPoints") + suffix;
            case GROUP -> count() + " scales in groups of " + groupSize + " along axis " + axis
                    + (isSymmetric() ? "" : ", zeroPoints") + suffix;
        };
    }
}
