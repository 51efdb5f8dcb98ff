package io.tersor.backend.vector;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The products of this backend against the scalar one: bit for bit for integers, within the bound of f32 otherwise. */
@Tag("isa-tiers")
class VectorMatMulTest {
    private static final int[][] SHAPES = {{1, 1, 1}, {1, 64, 32}, {1, 1037, 45}, {2, 3, 5}, {4, 0, 7}, {5, 16, 33},
            {9, 17, 31}, {12, 64, 64}, {13, 513, 65}, {23, 258, 96}, {97, 600, 40}, {200, 33, 10},
            {1, 2100, 300}, {7, 2100, 70}, {40, 2100, 40}, {108, 1100, 35}};

    @Test
    void integersAgreeWithScalarBitForBit() {
        Random random = new Random(1);
        for (int[] shape : SHAPES) {
            for (DataType src : new DataType[] {U8, S8}) {
                for (DataType dst : new DataType[] {S32, F32, U8, S8}) {
                    for (int variant = 0; variant < 4; variant++) {
                        integers(shape[0], shape[1], shape[2], src, dst, variant, random);
                    }
                }
            }
        }
    }

    private static void integers(int m, int k, int n, DataType src, DataType dst, int variant, Random random) {
        try (Arena arena = Arena.ofConfined()) {
            boolean zeroPoints = (variant & 1) != 0;
            Tensor weights = Operands.random(arena, S8, Shape.of(k, n), random);
            float scale = 0.5f / (float) Math.sqrt(Math.max(1, k));
            QuantParams params = Operands.perChannel(1, n, scale / 50, zeroPoints, random);
            MatMul.Builder builder = MatMul.spec(src, S8, dst).weights(new QuantizedTensor(weights, params))
                    .source(Operands.perTensor(src, 0.05f, zeroPoints, random))
                    .destination(Operands.perTensor(dst, 0.05f, zeroPoints, random));
            if (dst == S32 || variant == 1) {
                builder.bias(Operands.random(arena, S32, Shape.of(n), random));
            } else if (variant == 2) {
                builder.bias(Operands.random(arena, F32, Shape.of(n), random)).activation(Activation.clip(-0.5f, 2f));
            } else if (variant == 3) {
                builder.relu();
            }
            Tensor a = Operands.random(arena, src, Shape.of(m, k), random);
            compare(builder, a, dst, m, n, arena);
        }
    }

    private static void compare(MatMul.Builder builder, Tensor src, DataType dst, int m, int n, Arena arena) {
        Tensor expected = Tensor.allocate(arena, dst, Shape.of(m, n));
        Tensor actual = Tensor.allocate(arena, dst, Shape.of(m, n));
        try (MatMul scalar = builder.prepare(Backend.SCALAR)) {
            scalar.run(src, expected);
        }
        // Few rows and many have weights of different forms.
        for (long rows : new long[] {1, 100}) {
            try (MatMul vector = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).rows(rows))) {
                vector.run(src, actual);
                String reproduce = vector.spec() + " m=" + m + " prepared for " + rows;
                if (dst == F32) {
                    assertArrayEquals(expected.toFloats(), actual.toFloats(), reproduce);
                } else {
                    assertArrayEquals(expected.toLongs(), actual.toLongs(), reproduce);
                }
            }
        }
    }

    @Test
    void extremeOperandsSumExactly() {
        for (int a : new int[] {0, 1, 127, 255}) {
            for (int b : new int[] {-128, -1, 0, 1, 127}) {
                for (int srcZero : new int[] {0, 255}) {
                    for (int weightsZero : new int[] {0, -128, 127}) {
                        extreme(a, b, srcZero, weightsZero, 1);
                        extreme(a, b, srcZero, weightsZero, 100);
                    }
                }
            }
        }
    }

    private static void extreme(int a, int b, int srcZero, int weightsZero, long rows) {
        int k = 2051;
        int n = 35;
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, S8, Shape.of(k, n));
            Tensor src = Tensor.allocate(arena, U8, Shape.of(3, k));
            weights.data().fill((byte) b);
            src.data().fill((byte) a);
            Tensor dst = Tensor.allocate(arena, S32, Shape.of(3, n));
            try (MatMul matMul = MatMul.spec(U8, S8, S32)
                    .weights(new QuantizedTensor(weights, QuantParams.perTensor(1, weightsZero)))
                    .source(QuantParams.perTensor(1, srcZero))
                    .prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).rows(rows))) {
                matMul.run(src, dst);
            }
            long[] expected = new long[3 * n];
            Arrays.fill(expected, (long) (a - srcZero) * (b - weightsZero) * k);
            assertArrayEquals(expected, dst.toLongs(), "(" + a + " - " + srcZero + ") * (" + b + " - " + weightsZero
                    + ")");
        }
    }

    @Test
    void floatsStayWithinTheBound() {
        Random random = new Random(2);
        for (int[] shape : SHAPES) {
            try (Arena arena = Arena.ofConfined()) {
                int m = shape[0];
                int k = shape[1];
                int n = shape[2];
                Tensor weights = Operands.random(arena, F32, Shape.of(k, n), random);
                Tensor bias = Operands.random(arena, F32, Shape.of(n), random);
                Tensor src = Operands.random(arena, F32, Shape.of(m, k), random);
                Tensor dst = Tensor.allocate(arena, F32, Shape.of(m, n));
                try (MatMul matMul = MatMul.spec(F32, F32, F32).weights(weights).bias(bias).relu()
                        .prepare(Backend.VECTOR)) {
                    matMul.run(src, dst);
                }
                checkBound(src, weights, bias, dst, m, k, n);
            }
        }
    }

    private static void checkBound(Tensor src, Tensor weights, Tensor bias, Tensor dst, int m, int k, int n) {
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = bias.get(j);
                double magnitude = Math.abs(sum);
                for (int l = 0; l < k; l++) {
                    double product = src.get((long) i * k + l) * weights.get((long) l * n + j);
                    sum += product;
                    magnitude += Math.abs(product);
                }
                double bound = (k + 1) * 0x1p-23 * magnitude;
                assertEquals(Math.max(sum, 0), dst.get((long) i * n + j), bound,
                        "m=" + m + " k=" + k + " n=" + n + " at " + i + "," + j);
            }
        }
    }

    @Test
    void rowsMayBeApartAndWeightsTransposed() {
        Random random = new Random(3);
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Operands.random(arena, S8, Shape.of(37, 70), random).permute(1, 0);
            Tensor src = Operands.random(arena, U8, Shape.of(19, 90), random).slice(1, 5, 70);
            Tensor expected = Tensor.allocate(arena, S32, Shape.of(19, 37));
            Tensor wide = Operands.random(arena, S32, Shape.of(19, 50), random);
            Tensor before = wide.copy(arena);
            MatMul.Builder builder = MatMul.spec(U8, S8, S32).weights(weights);
            try (MatMul scalar = builder.prepare(Backend.SCALAR); MatMul vector = builder.prepare(Backend.VECTOR)) {
                scalar.run(src, expected);
                vector.run(src, wide.slice(1, 6, 37));
            }
            assertArrayEquals(expected.toLongs(), wide.slice(1, 6, 37).toLongs());
            assertArrayEquals(before.slice(1, 0, 6).toLongs(), wide.slice(1, 0, 6).toLongs(), "left of the rows");
            assertArrayEquals(before.slice(1, 43, 7).toLongs(), wide.slice(1, 43, 7).toLongs(), "right of the rows");
        }
    }

    @Test
    void threadsGiveTheSameBits() {
        Random random = new Random(4);
        try (Arena arena = Arena.ofShared(); Parallelism three = Parallelism.of(3)) {
            for (int[] shape : SHAPES) {
                Tensor src = Operands.random(arena, F32, Shape.of(shape[0], shape[1]), random);
                Tensor one = Tensor.allocate(arena, F32, Shape.of(shape[0], shape[2]));
                Tensor many = Tensor.allocate(arena, F32, Shape.of(shape[0], shape[2]));
                MatMul.Builder builder = MatMul.spec(F32, F32, F32)
                        .weights(Operands.random(arena, F32, Shape.of(shape[1], shape[2]), random));
                try (MatMul single = builder.prepare(Backend.VECTOR);
                        MatMul parallel = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).with(three))) {
                    single.run(src, one);
                    parallel.run(src, many);
                }
                for (long i = 0; i < one.shape().elements(); i++) {
                    // The last rows may go through another micro-kernel, which sums in another order.
                    assertEquals(one.get(i), many.get(i), 1e-3, "m,k,n=" + Arrays.toString(shape) + " at " + i);
                }
            }
        }
    }

    @Test
    void nanStaysWithoutActivationAndBecomesTheLowerBoundWithOne() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.ofFloats(arena, Shape.of(1, 2), Float.NaN, 1f);
            Tensor src = Tensor.ofFloats(arena, Shape.of(1, 1), Float.POSITIVE_INFINITY);
            Tensor dst = Tensor.allocate(arena, F32, Shape.of(1, 2));
            MatMul.Builder builder = MatMul.spec(F32, F32, F32).weights(weights);
            try (MatMul plain = builder.prepare(Backend.VECTOR)) {
                plain.run(src, dst);
            }
            assertTrue(Double.isNaN(dst.get(0)));
            assertEquals(Double.POSITIVE_INFINITY, dst.get(1));
            try (MatMul clipped = builder.activation(Activation.clip(-1, 6)).prepare(Backend.VECTOR)) {
                clipped.run(src, dst);
            }
            assertEquals(-1, dst.get(0));
            assertEquals(6, dst.get(1));
        }
    }
}
