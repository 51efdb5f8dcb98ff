package io.tersor.bench;

import io.tersor.OperandException;
import io.tersor.model.Dim;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Seeded inputs for a network of which nothing is known but their types. */
final class NetworkInputs {
    private NetworkInputs() {}

    /**
     * Returns a tensor for every input: real numbers between -1 and 1, integers from 0 to 7.
     *
     * @param batch the extent of an open first dimension of each input
     * @param sequence the extent of all other open dimensions
     * @throws OperandException if an input's rank is unknown, or other dimensions are open and no sequence is given
     */
    static Map<String, Tensor> random(Arena arena, List<ValueInfo> infos, int batch, OptionalInt sequence, long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (ValueInfo info : infos) {
            Tensor tensor = Tensor.allocate(arena, info.type(), shape(info, batch, sequence));
            for (long i = 0; i < tensor.shape().elements(); i++) {
                if (info.type().isFloating()) {
                    tensor.set(i, 2 * random.nextFloat() - 1);
                } else {
                    tensor.setLong(i, info.type() == DataType.BOOL ? random.nextInt(2) : random.nextInt(8));
                }
            }
            tensors.put(info.name(), tensor);
        }
        return tensors;
    }

    private static Shape shape(ValueInfo info, int batch, OptionalInt sequence) {
        List<Dim> dims = info.dims()
                .orElseThrow(() -> new OperandException("input " + info.name(), "a declared shape", "none"));
        long[] extents = new long[dims.size()];
        for (int axis = 0; axis < extents.length; axis++) {
            if (dims.get(axis) instanceof Dim.Known(long extent)) {
                extents[axis] = extent;
            } else {
                OperandException.check(axis == 0 || sequence.isPresent(), "input " + info.name(),
                        "--sequence for what is open behind the first dimension", info.describe());
                extents[axis] = axis == 0 ? batch : sequence.getAsInt();
            }
        }
        return Shape.of(extents);
    }
}
