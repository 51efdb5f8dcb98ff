package io.tersor.bench.product;

import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Seeded values of operands; every one starts with the same seed. Not thread-safe. */
public final class RandomValues {
    private static final long SEED = 20240229;
    private static final int CHUNK = 1 << 14;

    private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);

    /** The values that bytes take. */
    public enum Range {
        FULL,
        /** Bytes of 7 bits: two products of them and of u8 add up to no more than 16 bits. */
        HALF
    }

    /** Returns a tensor of bytes of any value, or of floating-point numbers between -1 and 1. */
    public Tensor tensor(Arena arena, DataType type, Shape shape, Range range) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        MemorySegment data = tensor.data();
        long elements = shape.elements();
        byte[] bytes = new byte[CHUNK];
        for (long at = 0; at < elements; at += CHUNK) {
            int count = (int) Math.min(CHUNK, elements - at);
            switch (type) {
                case F32 -> {
                    for (long i = at; i < at + count; i++) {
                        data.setAtIndex(ValueLayout.JAVA_FLOAT, i, 2 * random.nextFloat() - 1);
                    }
                }
                case BF16 -> {
                    for (long i = at; i < at + count; i++) {
                        data.setAtIndex(ValueLayout.JAVA_SHORT, i, Bfloat16.fromFloat(2 * random.nextFloat() - 1));
                    }
                }
                default -> {
                    random.nextBytes(bytes);
                    for (int i = 0; i < count && range == Range.HALF; i++) {
                        bytes[i] = (byte) (bytes[i] >> 1);
                    }
                    MemorySegment.copy(bytes, 0, data, ValueLayout.JAVA_BYTE, at, count);
                }
            }
        }
        return tensor;
    }

    /** Returns scales of weights. */
    float[] scales(int count) {
        float[] scales = new float[count];
        for (int i = 0; i < count; i++) {
            scales[i] = 0.005f + 0.01f * random.nextFloat();
        }
        return scales;
    }
}
