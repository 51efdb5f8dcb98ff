package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What opset 28 changed and added; expected values are worked out by hand. */
class NewestOperatorsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final Attributes LEFT = Attributes.NONE.with("direction", "LEFT");
    private static final Attributes RIGHT = Attributes.NONE.with("direction", "RIGHT");

    private static Tensor integers(DataType type, long... values) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        return tensor;
    }

    private static long[] shift(DataType type, Attributes direction, long[] values, long... by) {
        return run("BitShift", 28, direction, integers(type, values), integers(type, by)).toLongs();
    }

    @ParameterizedTest
    @EnumSource(names = {"S8", "S16", "S32", "S64"})
    void signedShiftsKeepTheSign(DataType type) {
        int bits = type.bits();
        long least = -1L << bits - 1;
        assertArrayEquals(new long[] {-3, -1, 3, least >> 3},
                shift(type, RIGHT, new long[] {-5, -5, 7, least}, 1, 5, 1, 3));
        assertArrayEquals(new long[] {-1, 0, -1, 0, -1},
                shift(type, RIGHT, new long[] {-5, 5, -5, 5, least}, bits, bits, -1, -2, bits + 1));
        assertArrayEquals(new long[] {-10, least, 0, 0, 0},
                shift(type, LEFT, new long[] {-5, 1, 2, -5, -5}, 1, bits - 1, bits - 1, bits, -1));
    }

    @ParameterizedTest
    @EnumSource(names = {"U8", "U16", "U32", "U64"})
    void unsignedShiftsFillWithZeros(DataType type) {
        int bits = type.bits();
        long all = bits == 64 ? -1 : (1L << bits) - 1;
        assertArrayEquals(new long[] {1, 0, 0}, shift(type, RIGHT, new long[] {all, all, all}, bits - 1, bits, all));
        assertArrayEquals(new long[] {all - 1, 0, 0}, shift(type, LEFT, new long[] {all, all, all}, 1, bits, all));
        Tensor values = integers(type, 6);
        assertArrayEquals(new long[] {3}, run("BitShift", 11, RIGHT, values, integers(type, 1)).toLongs());
    }

    @Test
    void shiftsOfOtherTypesAreRefused() {
        Tensor signed = integers(DataType.S32, 1);
        assertThrows(OperandException.class, () -> run("BitShift", 27, LEFT, signed, signed));
        assertThrows(OperandException.class, () -> run("BitShift", 28, LEFT, floats(1), floats(1)));
        assertThrows(OperandException.class, () -> run("BitShift", 28, LEFT, signed, integers(DataType.S8, 1)));
        assertThrows(OperandException.class, () -> run("BitShift", 28, Attributes.NONE, signed, signed));
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "F32", "F64"})
    void floorModuloOfRealsHasTheDivisorsSign(DataType type) {
        double inf = Double.POSITIVE_INFINITY;
        double nan = Double.NaN;
        double[][] cases = {{5, 3, 2}, {-5, 3, 1}, {5, -3, -1}, {-5, -3, -2}, {4.5, 1.5, 0}, {-0.0, 2, 0.0},
            {0.0, -2, -0.0}, {-4.5, -1.5, -0.0}, {inf, 2, nan}, {2, 0, nan}, {0, 0, nan}, {2, inf, 2}, {-2, inf, inf},
            {2, -inf, -inf}, {-2, -inf, -2}, {nan, 2, nan}, {2, nan, nan}, {inf, inf, nan}};
        Tensor a = Tensor.allocate(ARENA, type, Shape.of(cases.length));
        Tensor b = Tensor.allocate(ARENA, type, Shape.of(cases.length));
        for (int i = 0; i < cases.length; i++) {
            a.set(i, cases[i][0]);
            b.set(i, cases[i][1]);
        }
        Tensor floor = run("Mod", 28, Attributes.NONE, a, b);
        Tensor truncated = run("Mod", 28, Attributes.NONE.with("fmod", 1), a, b);
        for (int i = 0; i < cases.length; i++) {
            assertEquals(cases[i][2], floor.get(i), cases[i][0] + " mod " + cases[i][1]);
            assertEquals(cases[i][0] % cases[i][1], truncated.get(i));
        }
        assertThrows(OperandException.class, () -> run("Mod", 28, Attributes.NONE.with("fmod", 2), a, b));
    }

    @Test
    void remaindersOfIntegers() {
        Tensor a = integers(DataType.S64, -5, 5, Long.MIN_VALUE, 3);
        Tensor b = integers(DataType.S64, 3, -3, -1, 0);
        assertArrayEquals(new long[] {-2, 2, 0, 0}, run("Mod", 28, Attributes.NONE.with("fmod", 1), a, b).toLongs());
        assertArrayEquals(new long[] {1, -1, 0, 0}, run("Mod", 28, Attributes.NONE, a, b).toLongs());
    }

    @Test
    void spaceToDepthCountsPositionsOrChannelsFirst() {
        // Two channels of 2 x 2; channel 1 has 10 more.
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(1, 2, 2, 2), 1, 2, 3, 4, 11, 12, 13, 14);
        Attributes two = Attributes.NONE.with("blocksize", 2);
        assertValues(run("SpaceToDepth", 13, two, x), 1, 11, 2, 12, 3, 13, 4, 14);
        assertValues(run("SpaceToDepth", 28, two.with("mode", "DCR"), x), 1, 11, 2, 12, 3, 13, 4, 14);
        Tensor channels = run("SpaceToDepth", 28, two.with("mode", "CRD"), x);
        assertEquals(Shape.of(1, 8, 1, 1), channels.shape());
        assertValues(channels, 1, 2, 3, 4, 11, 12, 13, 14);
        for (String mode : List.of("DCR", "CRD")) {
            Tensor image = TestGraphs.random(new Random(3), 1, 2, 3, 4, 6);
            Tensor there = run("SpaceToDepth", 28, two.with("mode", mode), image);
            Tensor back = run("DepthToSpace", 28, two.with("mode", mode), there);
            assertArrayEquals(image.toFloats(), back.toFloats(), mode);
        }
        assertThrows(OperandException.class, () -> run("SpaceToDepth", 28, two.with("mode", "RCD"), x));
        assertThrows(OperandException.class, () -> run("DepthToSpace", 28, two.with("mode", "RCD"), channels));
    }

    private static double gated(double alpha, double a, double b) {
        return a / (1 + Math.exp(-alpha * a)) * b;
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "F32", "F64"})
    void swigluMultipliesByTheGate(DataType type) {
        Tensor a = Tensor.allocate(ARENA, type, Shape.of(2, 2));
        Tensor b = Tensor.allocate(ARENA, type, Shape.of(2, 2));
        double[] gate = {0, 1, -2, 3.5};
        double[] value = {7, -2, 0.5, 4};
        for (int i = 0; i < 4; i++) {
            a.set(i, gate[i]);
            b.set(i, value[i]);
        }
        double tolerance = type == DataType.BF16 ? 0x1p-8 : type == DataType.F16 ? 0x1p-11 : 1e-5;
        for (float alpha : new float[] {1, 0.5f}) {
            Tensor y = run("SwiGLU", 28, Attributes.NONE.with("alpha", alpha), a, b);
            assertEquals(type, y.type());
            for (int i = 0; i < 4; i++) {
                double expected = gated(alpha, gate[i], value[i]);
                assertEquals(expected, y.get(i), tolerance * Math.abs(expected));
            }
        }
    }

    @Test
    void swigluDoesNotBroadcast() {
        assertThrows(OperandException.class, () -> run("SwiGLU", 28, Attributes.NONE, floats(1, 2), floats(1)));
        Tensor integers = integers(DataType.S32, 1);
        assertThrows(OperandException.class, () -> run("SwiGLU", 28, Attributes.NONE, integers, integers));
        assertThrows(OperandException.class, () -> run("SwiGLU", 28, Attributes.NONE, floats(1), integers));
    }

    /** Of the two operands none, the one, the other or both lie in the order of a convolution's results. */
    @Test
    void swigluOfImagesInTwoOrders() {
        Random random = new Random(6);
        Tensor x = TestGraphs.random(random, 1, 1, 3, 4, 5);
        for (int way = 0; way < 4; way++) {
            GraphBuilder b = Graph.builder("images", 28).input(ValueInfo.of("x", DataType.F32, x.shape()));
            String conv = b.add("Conv", "x", b.constant("w", TestGraphs.random(random, 1, 3, 3, 1, 1)));
            String gate = (way & 1) != 0 ? conv : "x";
            String value = (way & 2) != 0 ? conv : "x";
            String y = b.add("SwiGLU", List.of(gate, value), Attributes.NONE);
            Graph graph = b.output(gate.equals("x") && value.equals("x") ? conv : gate.equals("x") ? value : gate)
                    .output(y).build();
            try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
                Map<String, Tensor> result = network.run(Map.of("x", x), ARENA);
                Tensor a = gate.equals("x") ? x : result.get(conv);
                Tensor c = value.equals("x") ? x : result.get(conv);
                for (long i = 0; i < x.shape().elements(); i++) {
                    assertEquals(gated(1, a.get(i), c.get(i)), result.get(y).get(i), 1e-5, "way " + way);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F6E2M3", "F6E3M2"})
    void floatsOfSixBitsAreCastAndQuantizedTo(DataType type) {
        long onnx = io.tersor.model.onnx.OnnxTypes.onnx(type);
        double most = type.max();
        Tensor x = floats(1.5f, -0.25f, 100, -100, 0, Float.NEGATIVE_INFINITY);
        double[] expected = {1.5, -0.25, most, -most, 0, -most};
        Tensor codes = run("Cast", 28, Attributes.NONE.with("to", onnx).with("saturate", 0), x);
        assertEquals(type, codes.type());
        assertValues(codes, expected);
        assertValues(run("Cast", 28, Attributes.NONE.with("to", 1), codes), expected);
        assertValues(run("CastLike", 28, Attributes.NONE, x, codes), expected);
        Tensor half = Tensor.ofFloats(ARENA, Shape.of(), 0.5f);
        Tensor quantized = run("QuantizeLinear", 28, Attributes.NONE.with("output_dtype", onnx), x, half);
        assertEquals(type, quantized.type());
        double[] doubled = {3, -0.5, most, -most, 0, -most};
        assertValues(quantized, doubled);
        assertValues(run("DequantizeLinear", 28, Attributes.NONE, quantized, half),
                java.util.Arrays.stream(doubled).map(value -> value / 2).toArray());
        assertThrows(OperandException.class, () -> run("BitCast", 28, Attributes.NONE.with("to", 2), codes));
        assertThrows(OperandException.class, () -> run("BitCast", 28, Attributes.NONE.with("to", onnx),
                integers(DataType.U8, 1)));
    }

    /** The cast's result is as long as its operand in whole cache lines, yet must not be written over it. */
    @Test
    void castsToWiderElementsKeepWhatIsStillToBeRead() {
        for (DataType type : new DataType[] {DataType.F16, DataType.BF16, DataType.F64, DataType.S16}) {
            GraphBuilder b = Graph.builder("casts", 28).input(ValueInfo.of("x", type, Shape.of(5)));
            String sum = b.add("Add", "x", "x");
            String wide = b.add("Cast", List.of(sum), Attributes.NONE.with("to", type == DataType.S16 ? 7 : 1));
            b.output(new ValueInfo(b.add("Add", wide, wide), type == DataType.S16 ? DataType.S64 : DataType.F32,
                    Optional.empty()));
            Tensor x = Tensor.allocate(ARENA, type, Shape.of(5));
            for (int i = 0; i < 5; i++) {
                if (type.isFloating()) {
                    x.set(i, i + 1);
                } else {
                    x.setLong(i, i + 1);
                }
            }
            try (PreparedNetwork network = Network.of(b.build()).prepare(Backend.SCALAR)) {
                assertValues(network.run(x, ARENA), 4, 8, 12, 16, 20);
            }
        }
    }
}
