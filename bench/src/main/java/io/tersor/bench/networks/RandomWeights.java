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

    /** Returns weights of variance 2 / fanIn, which keeps activations in scale under ReLU. */
    Tensor he(Shape shape, int fanIn) {
        return uniform(shape, (float) Math.sqrt(6.0 / fanIn));
    }

    /** Returns weights of variance 1 / fanIn, which keeps activations in scale where nothing is cut off. */
    Tensor linear(Shape shape, int fanIn) {
        return uniform(shape, (float) Math.sqrt(3.0 / fanIn));
    }

    /** Returns values uniform in +-bound. */
    Tensor uniform(Shape shape, float bound) {
        return around(0f, bound, shape);
    }

    /** Returns a vector of values uniform in center +- spread. */
    Tensor around(float center, float spread, int count) {
        return around(center, spread, Shape.of(count));
    }

    private Tensor around(float center, float spread, Shape shape) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = center + spread * (2 * random.nextFloat() - 1);
        }
        return Tensor.ofFloats(arena, shape, values);
    }

    /** Returns the arena of constants that are not random. */
    Arena arena() {
        return arena;
    }
}
