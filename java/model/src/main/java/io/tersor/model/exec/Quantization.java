package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/** Scales and zero points as nodes give them, and weights as kernels want them. */
final class Quantization {
    private Quantization() {}

    /**
     * Returns the parameters that a scale and a zero point make.
     *
     * @param axis the axis of parameters that come as a vector
     * @return empty unless they are f32 scales, positive and finite, one or a vector
     */
    static Optional<QuantParams> params(Tensor scale, Optional<Tensor> zeroPoint, int axis) {
        int count = Math.toIntExact(scale.shape().elements());
        boolean usable = scale.type() == DataType.F32 && scale.shape().rank() <= 1 && count > 0
                && (zeroPoint.isEmpty() || zeroPoint.get().shape().elements() == count);
        float[] scales = usable ? scale.toFloats() : new float[0];
        for (float value : scales) {
            usable &= value > 0 && Float.isFinite(value);
        }
        if (!usable) {
            return Optional.empty();
        }
        int[] zeroPoints = new int[count];
        for (int i = 0; i < count && zeroPoint.isPresent(); i++) {
            zeroPoints[i] = (int) zeroPoint.get().getLong(i);
        }
        return Optional.of(count == 1 ? QuantParams.perTensor(scales[0], zeroPoints[0])
                : QuantParams.perChannel(axis, scales, zeroPoints));
    }

    /** Returns parameters of scale 1 with the given zero points, one or a vector along an axis. */
    static Optional<QuantParams> unit(Tensor zeroPoints, int axis) {
        Tensor ones = Tensor.allocate(Arena.ofAuto(), DataType.F32, zeroPoints.shape());
        for (long i = 0; i < ones.shape().elements(); i++) {
            ones.set(i, 1);
        }
        return params(ones, Optional.of(zeroPoints), axis);
    }

    /** Returns s8 weights as they are and u8 ones moved down by 128: exact, when the zero points move along. */
    static Tensor signed(Tensor weights) {
        if (weights.type() == DataType.S8) {
            return weights;
        }
        Tensor moved = Tensor.allocate(Arena.ofAuto(), DataType.S8, weights.shape());
        for (long i = 0; i < weights.shape().elements(); i++) {
            moved.setLong(i, weights.getLong(i) - 128);
        }
        return moved;
    }

    /** Returns the parameters that fit {@link #signed(Tensor)}. */
    static QuantParams signed(DataType type, QuantParams params) {
        if (type == DataType.S8) {
            return params;
        }
        float[] scales = new float[params.count()];
        int[] zeroPoints = new int[params.count()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = params.scale(i);
            zeroPoints[i] = params.zeroPoint(i) - 128;
        }
        return params.isPerTensor() ? QuantParams.perTensor(scales[0], zeroPoints[0])
                : QuantParams.perChannel(params.axis(), scales, zeroPoints);
    }

    /** Returns for each column of s8 weights [k, n], of any strides, the sum of its elements less their zero point. */
    static Tensor columnSums(Tensor weights, QuantParams params) {
        int k = Math.toIntExact(weights.shape().dim(0));
        int n = Math.toIntExact(weights.shape().dim(1));
        int[] sums = new int[n];
        for (int j = 0; j < n; j++) {
            int zeroPoint = params.zeroPoint(params.isPerTensor() ? 0 : j);
            for (int i = 0; i < k; i++) {
                sums[j] += weights.data().get(JAVA_BYTE, i * weights.stride(0) + j * weights.stride(1)) - zeroPoint;
            }
        }
        return Tensor.ofInts(Arena.ofAuto(), Shape.of(n), sums);
    }

    static boolean isByte(DataType type) {
        return type == DataType.U8 || type == DataType.S8;
    }
}
