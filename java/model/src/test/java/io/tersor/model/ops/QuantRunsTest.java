package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Levels in runs of one scale are those that single elements have. */
class QuantRunsTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor run(String opType, Attributes attributes, Tensor x, Tensor scale, Tensor zeroPoint,
            DataType result) {
        GraphBuilder b = Graph.builder("quant", 21);
        b.input(ValueInfo.of("x", x.type(), x.shape()));
        b.initializer("s", scale).initializer("z", zeroPoint);
        b.node(Node.of("y", opType, List.of("x", "s", "z"), List.of("y"), attributes));
        b.output(ValueInfo.of("y", result, x.shape()));
        try (PreparedNetwork network = Network.of(b.build()).prepare()) {
            return network.run(x, ARENA);
        }
    }

    private static Tensor random(Random random, DataType type, Shape shape) {
        Tensor tensor = Tensor.allocate(ARENA, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            tensor.setLong(i, (long) type.min() + random.nextInt((int) (type.max() - type.min()) + 1));
        }
        return tensor;
    }

    private static Tensor scales(Random random, Shape shape) {
        Tensor tensor = Tensor.allocate(ARENA, DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            tensor.set(i, 0.01 + random.nextFloat());
        }
        return tensor;
    }

    /** The scale of element [i, j, k] of [3, 70, 8] by a rule of its own. */
    private static long index(int axis, int block, long i, long j, long k) {
        return axis < 0 ? 0 : block == 0 ? axis == 0 ? i : j : (i * 70 + j) * ((8 + block - 1) / block) + k / block;
    }

    private static Shape scaleShape(int axis, int block) {
        return axis < 0 ? Shape.of() : block > 0 ? Shape.of(3, 70, (8 + block - 1) / block)
                : Shape.of(axis == 0 ? 3 : 70);
    }

    private static Attributes attributes(int axis, int block) {
        Attributes attributes = axis < 0 ? Attributes.NONE : Attributes.NONE.with("axis", axis);
        return block > 0 ? attributes.with("block_size", block) : attributes;
    }

    @ParameterizedTest
    @CsvSource({"-1,0", "0,0", "1,0", "2,8", "2,16", "2,4"})
    void levelsAreThoseOfSingleElements(int axis, int block) {
        Random random = new Random(7);
        Shape shape = Shape.of(3, 70, 8);
        for (DataType type : List.of(DataType.U2, DataType.U4, DataType.S4, DataType.U8, DataType.S8, DataType.U16,
                DataType.S16)) {
            Tensor x = random(random, type, shape);
            Tensor scale = scales(random, scaleShape(axis, block));
            Tensor zero = random(random, type, scale.shape());
            Tensor y = run("DequantizeLinear", attributes(axis, block), x, scale, zero, DataType.F32);
            for (int at = 0; at < shape.elements(); at++) {
                long s = index(axis, block, at / 560, at / 8 % 70, at % 8);
                assertEquals((float) (x.getLong(at) - zero.getLong(s)) * (float) scale.get(s), (float) y.get(at),
                        type + " " + at);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"-1,0", "0,0", "1,0", "2,8"})
    void sixteenBitsAreThoseOfSingleElements(int axis, int block) {
        Random random = new Random(8);
        Shape shape = Shape.of(3, 70, 8);
        for (DataType type : List.of(DataType.U16, DataType.S16)) {
            Tensor x = Tensor.allocate(ARENA, DataType.F32, shape);
            for (int at = 0; at < shape.elements(); at++) {
                x.set(at, switch (at % 50) {
                    case 0 -> Double.NaN;
                    case 1 -> Double.POSITIVE_INFINITY;
                    case 2 -> Double.NEGATIVE_INFINITY;
                    default -> random.nextGaussian() * 20000;
                });
            }
            Tensor scale = scales(random, scaleShape(axis, block));
            Tensor zero = random(random, type, scale.shape());
            long[] expected = new long[(int) shape.elements()];
            for (int at = 0; at < expected.length; at++) {
                long s = index(axis, block, at / 560, at / 8 % 70, at % 8);
                expected[at] = Quantizer.quantize((float) x.get(at), (float) scale.get(s), (int) zero.getLong(s), type,
                        Rounding.HALF_EVEN);
            }
            assertArrayEquals(expected, run("QuantizeLinear", attributes(axis, block), x, scale, zero, type).toLongs());
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3", "4", "5", "6"})
    void oddNumbersOfPackedLevelsAreRead(int seed) {
        Tensor x = random(new Random(seed), DataType.S4, Shape.of(1033));
        Tensor zero = random(new Random(seed + 9), DataType.S4, Shape.of());
        Tensor y = run("DequantizeLinear", Attributes.NONE, x, Tensor.ofFloats(ARENA, Shape.of(), 2f), zero,
                DataType.F32);
        for (int i = 0; i < 1033; i++) {
            assertEquals(2 * (x.getLong(i) - zero.getLong(0)), y.get(i), "element " + i);
        }
    }
}
