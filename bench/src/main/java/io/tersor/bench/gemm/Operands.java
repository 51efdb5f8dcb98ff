package io.tersor.bench.gemm;

import io.tersor.kernel.MatMul;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Seeded operands of one matrix multiplication as a layer of a network has it: with a bias and ReLU, 8-bit weights with
 * a scale per channel; plain sums have none of these.
 *
 * @param src [m, k]
 * @param weights [k, n]
 * @param bias [n], f32
 * @param srcParams of src, identity where it is not quantized
 * @param weightsParams of the weights, likewise
 * @param dstParams of dst, likewise
 */
record Operands(GemmShape shape, GemmTypes types, Tensor src, Tensor weights, Optional<Tensor> bias,
        QuantParams srcParams, QuantParams weightsParams, QuantParams dstParams) {
    private static final long SEED = 20240229;
    private static final int CHUNK = 1 << 14;

    /** The values that the weights take. */
    enum Range {
        FULL,
        /** Bytes of 7 bits: two products of them and of u8 add up to no more than 16 bits. */
        HALF
    }

    /** Returns operands that live as long as the arena. */
    static Operands random(Arena arena, GemmShape shape, GemmTypes types, Range range) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        Tensor src = Tensor.allocate(arena, types.src(), Shape.of(shape.m(), shape.k()));
        fill(src, random, Range.FULL);
        Tensor weights = Tensor.allocate(arena, types.weights(), Shape.of(shape.k(), shape.n()));
        fill(weights, random, range);
        if (types.isPlain()) {
            return new Operands(shape, types, src, weights, Optional.empty(), QuantParams.IDENTITY,
                    QuantParams.IDENTITY, QuantParams.IDENTITY);
        }
        Tensor bias = Tensor.allocate(arena, DataType.F32, Shape.of(shape.n()));
        fill(bias, random, Range.FULL);
        return new Operands(shape, types, src, weights, Optional.of(bias),
                types.src().isQuantized() ? QuantParams.perTensor(0.02f, types.srcZeroPoint()) : QuantParams.IDENTITY,
                types.multipliesBytes() ? QuantParams.perChannel(1, scales(random, shape.n())) : QuantParams.IDENTITY,
                dstParams(types.dst(), shape.k()));
    }

    private static float[] scales(RandomGenerator random, int n) {
        float[] scales = new float[n];
        for (int i = 0; i < n; i++) {
            scales[i] = 0.005f + 0.01f * random.nextFloat();
        }
        return scales;
    }

    /** Sums of k products spread as sqrt(k): a scale that uses the type's range for every k. */
    private static QuantParams dstParams(DataType dst, int k) {
        return switch (dst) {
            case U8 -> QuantParams.perTensor((float) (0.01 * Math.sqrt(k)), 0);
            case S8 -> QuantParams.perTensor((float) (0.02 * Math.sqrt(k)), 0);
            default -> QuantParams.IDENTITY;
        };
    }

    /** Fills a tensor by chunks: bytes of any value, floating-point numbers between -1 and 1. */
    private static void fill(Tensor tensor, RandomGenerator random, Range range) {
        MemorySegment data = tensor.data();
        long elements = tensor.shape().elements();
        byte[] bytes = new byte[CHUNK];
        for (long at = 0; at < elements; at += CHUNK) {
            int count = (int) Math.min(CHUNK, elements - at);
            switch (tensor.type()) {
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
    }

    /** Returns the multiplication, ready to be prepared. */
    MatMul.Builder builder() {
        MatMul.Builder builder = MatMul.spec(types.src(), types.weights(), types.dst()).source(srcParams)
                .destination(dstParams);
        if (types.multipliesBytes() && !types.isPlain()) {
            builder.weights(new QuantizedTensor(weights, weightsParams));
        } else {
            builder.weights(weights);
        }
        bias.ifPresent(values -> builder.bias(values).relu());
        return builder;
    }

    /** Returns a place for a result. */
    Tensor newDst(Arena arena) {
        return Tensor.allocate(arena, types.dst(), Shape.of(shape.m(), shape.n()));
    }
}
