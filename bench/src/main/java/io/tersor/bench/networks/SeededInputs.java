package io.tersor.bench.networks;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Seeded inputs: the same seed gives the same values on every machine. */
public final class SeededInputs {
    private SeededInputs() {}

    /** Returns a generator of a seed. */
    static RandomGenerator generator(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /**
     * Returns smooth random images: a sum of waves for each channel, whose features differ as those of photographs do.
     *
     * @return f32 [count, 3, size, size], within about +-2.2
     */
    public static Tensor images(Arena arena, int count, int size, long seed) {
        RandomGenerator random = generator(seed);
        Tensor images = Tensor.allocate(arena, DataType.F32, Shape.of(count, 3, size, size));
        long index = 0;
        for (int plane = 0; plane < count * 3; plane++) {
            double fx = 0.3 * random.nextDouble();
            double fy = 0.3 * random.nextDouble();
            double phase = 2 * Math.PI * random.nextDouble();
            double offset = random.nextDouble() - 0.5;
            for (int y = 0; y < size; y++) {
                for (int x = 0; x < size; x++) {
                    double noise = 0.4 * (random.nextDouble() - 0.5);
                    images.set(index++, 1.5 * Math.sin(fx * x + fy * y + phase) + offset + noise);
                }
            }
        }
        return images;
    }

    /** Returns f32 values of a normal distribution of mean 0 and variance 1, as layers get them after normalization. */
    public static Tensor normal(Arena arena, Shape shape, long seed) {
        RandomGenerator random = generator(seed);
        Tensor values = Tensor.allocate(arena, DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            values.set(i, random.nextGaussian());
        }
        return values;
    }

    /** Returns s64 values from 0 to below the bound. */
    public static Tensor indices(Arena arena, Shape shape, int bound, long seed) {
        RandomGenerator random = generator(seed);
        Tensor values = Tensor.allocate(arena, DataType.S64, shape);
        for (long i = 0; i < shape.elements(); i++) {
            values.setLong(i, random.nextInt(bound));
        }
        return values;
    }
}
