package io.tersor.bench;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * One matrix multiplication to be timed: seeded operands, a prepared kernel, a result that was compared with the scalar
 * backend's before anything is timed. Closing frees all of it. For one thread at a time.
 *
 * <p>Integer ones are u8 x s8 to u8 with a bias, one scale per channel and ReLU, as a layer of a network has them; f32
 * ones have a bias and ReLU.
 */
public final class MatMulWorkload implements AutoCloseable {
    private static final long SEED = 20240229;
    /** oneDNN may round the other way when a result lies between two integers. */
    private static final double STEP = 1;

    private final Arena arena = Arena.ofShared();
    private final MatMul kernel;
    private final Tensor src;
    private final Tensor dst;

    /**
     * Prepares and verifies the multiplication of [m, k] by [k, n].
     *
     * @param integer whether it is the INT8 one
     * @throws VerificationException if the result differs from the scalar backend's
     */
    public MatMulWorkload(int m, int k, int n, boolean integer, PrepareOptions options) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        DataType type = integer ? DataType.U8 : DataType.F32;
        this.src = random(random, type, Shape.of(m, k));
        this.dst = Tensor.allocate(arena, type, Shape.of(m, n));
        Tensor weights = random(random, integer ? DataType.S8 : DataType.F32, Shape.of(k, n));
        Tensor bias = random(random, DataType.F32, Shape.of(n));
        MatMul.Builder builder = MatMul.spec(type, weights.type(), type).bias(bias).relu();
        if (integer) {
            float[] scales = new float[n];
            for (int i = 0; i < n; i++) {
                scales[i] = 0.005f + 0.01f * random.nextFloat();
            }
            // Sums of k products spread as sqrt(k): a result scale that uses the range of u8 for every k.
            float dstScale = (float) (0.01 * Math.sqrt(Math.max(1, k)));
            builder.weights(new QuantizedTensor(weights, QuantParams.perChannel(1, scales)))
                    .source(QuantParams.perTensor(0.02f, 128)).destination(QuantParams.perTensor(dstScale, 0));
        } else {
            builder.weights(weights);
        }
        this.kernel = builder.prepare(options);
        verify(builder, integer, k);
    }

    private Tensor random(RandomGenerator random, DataType type, Shape shape) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            if (type.isFloating()) {
                tensor.set(i, 2 * random.nextFloat() - 1);
            } else {
                tensor.setLong(i, random.nextInt(256));
            }
        }
        return tensor;
    }

    private void verify(MatMul.Builder builder, boolean integer, int k) {
        kernel.run(src, dst);
        try (Arena scratch = Arena.ofShared(); MatMul reference = builder.prepare(Backend.SCALAR)) {
            Tensor expected = Tensor.allocate(scratch, dst.type(), dst.shape());
            reference.run(src, expected);
            double tolerance = integer ? kernel.backend() == Backend.ONEDNN ? STEP : 0 : (k + 2) * k * 0x1p-23;
            for (long i = 0; i < dst.shape().elements(); i++) {
                double difference = Math.abs(dst.get(i) - expected.get(i));
                if (!(difference <= tolerance)) {
                    throw new VerificationException(kernel.describe() + ": element " + i + " of " + dst + " is "
                            + dst.get(i) + ", the scalar backend has " + expected.get(i));
                }
            }
        }
    }

    /** Multiplies once. */
    public Tensor run() {
        kernel.run(src, dst);
        return dst;
    }

    /** Returns what runs, as {@link MatMul#describe()} tells it. */
    public String describe() {
        return kernel.describe();
    }

    @Override
    public void close() {
        kernel.close();
        arena.close();
    }
}
