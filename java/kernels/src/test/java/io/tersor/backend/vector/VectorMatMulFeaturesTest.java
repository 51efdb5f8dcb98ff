package io.tersor.backend.vector;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Residuals, functions, bf16, dynamic quantization and transposed sources against the scalar backend, bit for bit: the
 * operands of floating products are small integers, whose sums are exact in any order.
 */
@Tag("isa-tiers")
class VectorMatMulFeaturesTest {
    private static final int[][] SHAPES = {{1, 1, 1}, {1, 64, 32}, {3, 0, 5}, {5, 37, 33}, {12, 70, 64}, {14, 600, 47},
            {98, 1030, 40}};
    private static final DataType[][] TYPES = {{F32, F32}, {BF16, BF16}, {F32, S8}, {U8, S8}, {S8, S8}};

    private final Random random = new Random(11);

    private record Case(int m, int k, int n, DataType src, DataType weights, DataType dst, Activation activation,
            Optional<DataType> residual, boolean transposed) {}

    private static List<Activation> activations() {
        List<Activation> activations = new ArrayList<>(List.of(Activation.clip(-0.7f, 1.5f),
                new Activation(ActivationFunction.SILU, -0.1f, 3)));
        for (ActivationFunction function : ActivationFunction.values()) {
            activations.add(Activation.of(function));
        }
        return activations;
    }

    /** Every pair of types with every activation, residual and destination; shapes take turns. */
    private List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (DataType[] types : TYPES) {
            List<DataType> destinations = types[0].isFloating() ? List.of(F32, BF16) : List.of(F32, BF16, U8, S8);
            for (DataType dst : destinations) {
                for (Activation activation : activations()) {
                    for (Optional<DataType> residual : List.of(Optional.<DataType>empty(), Optional.of(F32),
                            Optional.of(U8), Optional.of(S8))) {
                        int[] shape = SHAPES[cases.size() % SHAPES.length];
                        cases.add(new Case(shape[0], shape[1], shape[2], types[0], types[1], dst, activation, residual,
                                random.nextInt(3) == 0));
                    }
                }
            }
        }
        return cases;
    }

    @Test
    void everythingAgreesWithScalarBitForBit() {
        for (Case one : cases()) {
            try (Arena arena = Arena.ofConfined()) {
                compare(one, arena);
            }
        }
    }

    private void compare(Case one, Arena arena) {
        Shape result = Shape.of(one.m, one.n);
        MatMul.Builder builder = builder(one, arena);
        Tensor src = one.transposed ? operand(arena, one.src, Shape.of(one.k, one.m)).permute(1, 0)
                : operand(arena, one.src, Shape.of(one.m, one.k + 3)).slice(1, 2, one.k);
        Optional<Tensor> residual = one.residual.map(type ->
                Operands.random(arena, type, Shape.of(one.m, one.n + 2), random).slice(1, 1, one.n));
        Tensor expected = Tensor.allocate(arena, one.dst, result);
        Tensor actual = Tensor.allocate(arena, one.dst, Shape.of(one.m, one.n + 5)).slice(1, 4, one.n);
        try (MatMul scalar = builder.prepare(Backend.SCALAR);
                MatMul vector = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).rows(one.m))) {
            run(scalar, src, residual, expected);
            run(vector, src, residual, actual);
            assertArrayEquals(expected.toFloats(), actual.copy(arena).toFloats(), one + " " + vector.spec());
        }
    }

    private static void run(MatMul matMul, Tensor src, Optional<Tensor> residual, Tensor dst) {
        if (residual.isPresent()) {
            matMul.run(src, residual.get(), dst);
        } else {
            matMul.run(src, dst);
        }
    }

    private MatMul.Builder builder(Case one, Arena arena) {
        Tensor weights = operand(arena, one.weights, Shape.of(one.k, one.n));
        MatMul.Builder builder = MatMul.spec(one.src, one.weights, one.dst).activation(one.activation)
                .bias(Operands.random(arena, F32, Shape.of(one.n), random))
                .source(Operands.perTensor(one.src, 0.05f, true, random))
                .destination(Operands.perTensor(one.dst, 0.02f, true, random));
        one.residual.ifPresent(type -> builder.residual(new Residual(type,
                Operands.perTensor(type, 0.02f, true, random))));
        if (one.weights == S8) {
            float scale = 0.02f / (float) Math.sqrt(Math.max(1, one.k));
            return builder.weights(new QuantizedTensor(weights,
                    Operands.perChannel(1, one.n, scale, random.nextBoolean(), random)));
        }
        return builder.weights(weights);
    }

    /** Integers, for floating types too. */
    private Tensor operand(Arena arena, DataType type, Shape shape) {
        Tensor tensor = Operands.random(arena, type, shape, random);
        if (!type.isFloating()) {
            return tensor;
        }
        Tensor integers = Tensor.allocate(arena, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            integers.set(i, Math.rint(tensor.get(i) * 3));
        }
        return integers;
    }

    @Test
    void dynamicRowsOfEveryKindAgreeWithScalarBitForBit() {
        float[] specials = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0x1p-110f, -0f,
                Float.MAX_VALUE, 0x1p-99f, -1e30f};
        for (int k : new int[] {1, 15, 40, 700}) {
            for (boolean transposed : new boolean[] {false, true}) {
                try (Arena arena = Arena.ofConfined()) {
                    int m = 2 * specials.length;
                    Tensor src = transposed ? Operands.random(arena, F32, Shape.of(k, m), random).permute(1, 0)
                            : Operands.random(arena, F32, Shape.of(m, k), random);
                    for (int row = 0; row < specials.length; row++) {
                        long at = row * src.stride(0) + random.nextInt(k) * src.stride(1);
                        src.data().setAtIndex(JAVA_FLOAT, at, specials[row]);
                    }
                    dynamic(src, arena);
                }
            }
        }
    }

    private void dynamic(Tensor src, Arena arena) {
        int k = (int) src.shape().dim(1);
        Tensor weights = Operands.random(arena, S8, Shape.of(k, 45), random);
        MatMul.Builder builder = MatMul.spec(F32, S8, F32).weights(new QuantizedTensor(weights,
                Operands.perChannel(1, 45, 0.01f, true, random)));
        Shape result = Shape.of(src.shape().dim(0), 45);
        Tensor expected = Tensor.allocate(arena, F32, result);
        Tensor actual = Tensor.allocate(arena, F32, result);
        try (MatMul scalar = builder.prepare(Backend.SCALAR); MatMul vector = builder.prepare(Backend.VECTOR)) {
            scalar.run(src, expected);
            vector.run(src, actual);
            assertArrayEquals(expected.toFloats(), actual.toFloats(), vector.spec() + " of " + src);
        }
    }

    @Test
    void functionsAgreeWithTheirDefinitionsBitForBit() {
        float[] values = new float[4096];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 8 == 0 ? Float.intBitsToFloat(random.nextInt())
                    : (float) random.nextGaussian() * (i % 3 == 0 ? 100 : 3);
        }
        float[] given = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 87f, -87f, 13.2f,
                -Float.MIN_VALUE, Float.MAX_VALUE, -Float.MAX_VALUE, -3f, 3f};
        System.arraycopy(given, 0, values, 0, given.length);
        for (ActivationFunction function : ActivationFunction.values()) {
            float[] expected = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                expected[i] = function.apply(values[i]);
            }
            float[] actual = new float[values.length];
            float[] work = new float[values.length];
            // Often enough for the compiler, whose code is what counts.
            for (int round = 0; round < 100; round++) {
                System.arraycopy(values, 0, actual, 0, values.length);
                Functions.apply(function, actual, 0, actual.length, work);
                assertArrayEquals(expected, actual, function.toString());
            }
        }
    }

    @Test
    void bfloat16RoundsAsDefined() {
        try (Arena arena = Arena.ofConfined()) {
            int count = 10_007;
            Tensor dst = Tensor.allocate(arena, BF16, Shape.of(count));
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                // Every third lies half way between two results.
                int bits = random.nextInt();
                values[i] = Float.intBitsToFloat(i % 3 == 0 ? bits & 0xFFFF0000 | 0x8000 : bits);
            }
            Bf16.store(values, 0, count, dst.data(), 0);
            for (int i = 0; i < count; i++) {
                short expected = Bfloat16.fromFloat(values[i]);
                assertEquals(expected, dst.data().getAtIndex(JAVA_SHORT, i), "of " + values[i]);
            }
        }
    }

    @Test
    void aResidualMayBeTheDestinationAndThreadsGiveTheSameBits() {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            Case one = new Case(150, 530, 90, U8, S8, U8, Activation.GELU, Optional.of(U8), false);
            Tensor src = operand(arena, U8, Shape.of(one.m, one.k));
            Tensor residual = Operands.random(arena, U8, Shape.of(one.m, one.n), random);
            MatMul.Builder builder = builder(one, arena);
            Tensor expected = Tensor.allocate(arena, U8, residual.shape());
            try (MatMul scalar = builder.prepare(Backend.SCALAR)) {
                scalar.run(src, residual, expected);
            }
            for (Parallelism parallelism : List.of(Parallelism.SINGLE, two)) {
                Tensor inPlace = residual.copy(arena);
                try (MatMul vector = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).with(parallelism))) {
                    vector.run(src, inPlace, inPlace);
                }
                assertArrayEquals(expected.toLongs(), inPlace.toLongs(), parallelism.toString());
            }
        }
    }
}
