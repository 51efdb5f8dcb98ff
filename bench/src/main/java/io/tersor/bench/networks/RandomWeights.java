package io.tersor.bench.networks;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/** Seeded random constants: the same seed gives the same network on every machine. */
final class RandomWeights {
    private final Arena arena = Arena.ofAuto();
    private final RandomGenerator random;

    RandomWeights(long seed) {
        this.random = SeededInputs.generator(seed);
    }

    /** Returns weights uniform in +-sqrt(6 / fanIn), whose variance 2 / fanIn keeps activations in scale under ReLU. */
    Tensor uniform(Shape shape, int fanIn) {
        float bound = (float) Math.sqrt(6.0 / fanIn);
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = bound * (2 * random.nextFloat() - 1);
        }
        return Tensor.ofFloats(arena, shape, values);
    }

    /** Returns a vector of values uniform in center +- spread. */
    Tensor around(float center, float spread, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = center + spread * (2 * random.nextFloat() - 1);
        }
        return Tensor.ofFloats(arena, Shape.of(count), values);
    }
}
