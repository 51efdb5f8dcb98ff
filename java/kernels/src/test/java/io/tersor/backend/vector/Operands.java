package io.tersor.backend.vector;

import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;

/** Random operands, extreme values included. */
final class Operands {
    private Operands() {}

    static Tensor random(Arena arena, DataType type, Shape shape, Random random) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        fill(tensor, random);
        return tensor;
    }

    static void fill(Tensor tensor, Random random) {
        DataType type = tensor.type();
        for (long i = 0; i < tensor.shape().elements(); i++) {
            if (type.isFloating()) {
                tensor.set(i, random.nextFloat() * 2 - 1);
            } else if (type == DataType.S32) {
                tensor.setLong(i, random.nextInt(-100_000, 100_001));
            } else {
                int pick = random.nextInt(8);
                tensor.setLong(i, pick == 0 ? (long) type.min() : pick == 1 ? (long) type.max()
                        : random.nextInt((int) type.min(), (int) type.max() + 1));
            }
        }
    }

    static QuantParams perTensor(DataType type, float scale, boolean zeroPoint, Random random) {
        if (!type.isQuantized()) {
            return QuantParams.IDENTITY;
        }
        int zero = zeroPoint ? random.nextInt((int) type.min(), (int) type.max() + 1) : 0;
        return QuantParams.perTensor(scale * (0.5f + random.nextFloat()), zero);
    }

    static QuantParams perChannel(int axis, int channels, float scale, boolean zeroPoints, Random random) {
        float[] scales = new float[channels];
        int[] zeros = new int[channels];
        for (int i = 0; i < channels; i++) {
            scales[i] = scale * (0.5f + random.nextFloat());
            zeros[i] = zeroPoints ? random.nextInt(-128, 128) : 0;
        }
        return QuantParams.perChannel(axis, scales, zeros);
    }
}
