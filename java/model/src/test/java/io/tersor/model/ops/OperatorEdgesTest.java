package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.longs;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Element types, extremes and shapes at which operators are easily wrong; expected values are worked out by hand. */
class OperatorEdgesTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final Attributes FLAT = Attributes.NONE.with("keepdims", 0);

    private static Tensor integers(DataType type, long... values) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        return tensor;
    }

    private static Tensor doubles(double... values) {
        Tensor tensor = Tensor.allocate(ARENA, DataType.F64, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }

    /** What binary64 cannot hold. */
    @Test
    void wideIntegersAreReducedExactly() {
        long big = (1L << 62) + 1;
        Tensor signed = longs(big, -big, big - 2, 5);
        assertEquals(big, run("ReduceMax", 13, FLAT, signed).getLong(0));
        assertEquals(-big, run("ReduceMin", 13, FLAT, signed).getLong(0));
        assertEquals(big + 3, run("ReduceSum", 13, FLAT, signed).getLong(0));
        assertEquals((big + 3) / 4, run("ReduceMean", 13, FLAT, signed).getLong(0));
        assertEquals(-3, run("ReduceMean", 13, FLAT, longs(-5, -2)).getLong(0));
        assertEquals(3 * big, run("ReduceProd", 13, FLAT, longs(big, 3)).getLong(0));
        assertEquals(big + 1, run("ReduceL1", 13, FLAT, longs(-big, 1)).getLong(0));
        assertEquals(big * big + 1, run("ReduceSumSquare", 13, FLAT, longs(-big, 1)).getLong(0));
        Tensor unsigned = integers(DataType.U64, 7, -9);
        assertEquals(-9, run("ReduceMax", 13, FLAT, unsigned).getLong(0));
        assertEquals(7, run("ReduceMin", 13, FLAT, unsigned).getLong(0));
        assertEquals(-2, run("ReduceL1", 13, FLAT, unsigned).getLong(0));
        assertEquals(Long.MAX_VALUE, run("ReduceMean", 13, FLAT, unsigned).getLong(0));
        assertEquals(-1, run("ReduceMin", 13, FLAT, integers(DataType.U64, -1)).getLong(0));
        assertEquals(-128, run("ReduceMax", 13, FLAT, integers(DataType.S8, -128, -128)).getLong(0));
        assertEquals(255, run("ReduceMin", 13, FLAT, integers(DataType.U8, 255, 255)).getLong(0));
    }

    @Test
    void integerSumsKeepTheLowBits() {
        assertEquals(Integer.MIN_VALUE, run("ReduceSum", 13, FLAT, integers(DataType.S32, Integer.MAX_VALUE, 1))
                .getLong(0));
        assertEquals(4, run("ReduceSum", 13, FLAT, integers(DataType.U32, 0xFFFF_FFFFL, 5)).getLong(0));
    }

    @Test
    void widestUnsignedIntegersHaveNoSign() {
        Tensor x = integers(DataType.U64, 0, 3, -3);
        assertArrayEquals(new long[] {0, 1, 1}, run("Sign", 13, Attributes.NONE, x).toLongs());
        assertArrayEquals(new long[] {0, 3, -3}, run("Abs", 13, Attributes.NONE, x).toLongs());
        assertArrayEquals(new long[] {0, 3, -3}, run("PRelu", 16, Attributes.NONE, x, integers(DataType.U64, 2))
                .toLongs());
    }

    @Test
    void unsignedIntegersAreScatteredByTheirOrder() {
        for (String operator : List.of("ScatterND", "ScatterElements")) {
            Tensor index = operator.equals("ScatterND") ? Tensor.ofLongs(ARENA, Shape.of(2, 1), 0, 1) : longs(0, 1);
            Attributes least = Attributes.NONE.with("reduction", "min");
            Attributes most = Attributes.NONE.with("reduction", "max");
            Tensor data = integers(DataType.U64, 3, -3);
            Tensor updates = integers(DataType.U64, -4, 2);
            assertArrayEquals(new long[] {3, 2}, run(operator, 18, least, data, index, updates).toLongs());
            assertArrayEquals(new long[] {-4, -3}, run(operator, 18, most, data, index, updates).toLongs());
        }
    }

    @Test
    void inverseHyperbolicFunctionsOfExtremes() {
        double[] x = {1e-30, -1e-30, 0.25, -0.25, 3, 1e20, -1e20, 1e200, Double.NEGATIVE_INFINITY};
        assertRelative(run("Asinh", 22, Attributes.NONE, doubles(x)), 1e-30, -1e-30, 0.24746646154726346,
                -0.24746646154726346, 1.8184464592320668, 46.744849040440862, -46.744849040440862, 461.2101657793691,
                Double.NEGATIVE_INFINITY);
        assertRelative(run("Atanh", 22, Attributes.NONE, doubles(1e-30, -1e-30, -0.75, 1, -1, 1.5, -2)), 1e-30, -1e-30,
                -0.97295507452765662, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, Double.NaN);
        assertRelative(run("Acosh", 22, Attributes.NONE, doubles(1, 1 + 0x1p-40, 2, 1e20, 1e200, 0.5, -1, -1e20,
                Double.NEGATIVE_INFINITY)), 0, 1.3486991523485071e-6, 1.3169578969248166, 46.744849040440862,
                461.2101657793691, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    private static void assertRelative(Tensor actual, double... expected) {
        for (int i = 0; i < expected.length; i++) {
            boolean same = Double.compare(expected[i], actual.get(i)) == 0
                    || Math.abs(actual.get(i) - expected[i]) <= 1e-14 * Math.abs(expected[i]);
            assertTrue(same, "element " + i + ": expected " + expected[i] + ", got " + actual.get(i));
        }
    }

    @Test
    void errorFunctionOfIntegers() {
        assertArrayEquals(new long[] {-1, 0, 0, 0, 1}, run("Erf", 13, Attributes.NONE,
                integers(DataType.S8, -9, -1, 0, 2, 40)).toLongs());
        // Rounded to binary32 first.
        assertArrayEquals(new long[] {0, 1}, run("Erf", 13, Attributes.NONE, integers(DataType.S32, 3, 4)).toLongs());
        assertArrayEquals(new long[] {0, 1}, run("Erf", 13, Attributes.NONE, integers(DataType.U16, 0, 6000)).toLongs());
    }

    @Test
    void aScalarHasNoIndex() {
        assertEquals(Shape.of(0, 1), run("NonZero", 13, Attributes.NONE, Tensor.ofFloats(ARENA, Shape.of(), 3)).shape());
        assertEquals(Shape.of(0, 0), run("NonZero", 13, Attributes.NONE, Tensor.ofFloats(ARENA, Shape.of(), 0)).shape());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Softmax", "LogSoftmax", "Hardmax"})
    void softmaxOfNothing(String operator) {
        for (DataType type : List.of(DataType.F32, DataType.F64)) {
            for (int opset : new int[] {11, 13}) {
                Tensor x = Tensor.allocate(ARENA, type, Shape.of(2, 0, 3));
                for (int axis = 0; axis < 3; axis++) {
                    assertEquals(x.shape(), run(operator, opset, Attributes.NONE.with("axis", axis), x).shape());
                }
            }
        }
    }

    /** Opset 10 takes the pixel behind where it makes an axis shorter, the one before where it makes it longer. */
    @Test
    void oldResizeToTheNearest() {
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(1, 1, 2, 4), 1, 2, 3, 4, 5, 6, 7, 8);
        assertValues(run("Resize", 10, Attributes.NONE, x, floats(1, 1, 0.6f, 0.6f)), 1, 3);
        assertValues(run("Resize", 10, Attributes.NONE, x, floats(1, 1, 0.6f, 1.5f)), 1, 1, 2, 3, 3, 4);
    }

    /** Parameters are those of the functions that have some: here the second one's alpha and the third one's both. */
    @Test
    void recurrentFunctionsTakeTheirParametersInOrder() {
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(1, 1, 1), 1);
        Tensor none = Tensor.ofFloats(ARENA, Shape.of(1, 4, 1), 0, 0, 0, 0);
        Tensor w = Tensor.ofFloats(ARENA, Shape.of(1, 4, 1), 0, 0, 0, -2);
        Attributes attributes = Attributes.NONE.with("hidden_size", 1)
                .with("activations", new Attribute.Strings(List.of("Sigmoid", "LeakyRelu", "Affine")))
                .with("activation_alpha", new Attribute.Floats(List.of(0.5f, 4f)))
                .with("activation_beta", new Attribute.Floats(List.of(3f)));
        // c = sigmoid(0) * leaky(-2) = -0.5, h = sigmoid(0) * (4 c + 3).
        assertValues(run("LSTM", 22, attributes, x, w, none), 0.5);
    }

    @Test
    void recurrentDirectionsShareTheirParameters() {
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(1, 1, 1), 1);
        Tensor w = Tensor.ofFloats(ARENA, Shape.of(2, 1, 1), -1, -1);
        Tensor r = Tensor.ofFloats(ARENA, Shape.of(2, 1, 1), 0, 0);
        Attributes attributes = Attributes.NONE.with("hidden_size", 1).with("direction", "bidirectional")
                .with("activations", new Attribute.Strings(List.of("Tanh", "LeakyRelu")))
                .with("activation_alpha", new Attribute.Floats(List.of(0.5f)));
        assertValues(run("RNN", 22, attributes, x, w, r), Math.tanh(-1), -0.5);
    }

    @Test
    void parametersThatDoNotFitAreNamed() {
        Tensor a = integers(DataType.U8, 1, 2).reshape(Shape.of(1, 2));
        Tensor b = integers(DataType.U8, 1, 2, 3, 4, 5, 6).reshape(Shape.of(2, 3));
        Tensor zero = integers(DataType.U8, 0);
        assertEquals(9, run("MatMulInteger", 13, Attributes.NONE, a, b, zero, integers(DataType.U8, 1, 1, 1))
                .getLong(1));
        assertThrows(OperandException.class, () -> run("MatMulInteger", 13, Attributes.NONE, a, b, zero,
                integers(DataType.U8, 1, 1)));
        assertThrows(OperandException.class, () -> run("Pad", 13, Attributes.NONE, longs(1, 2), longs(1, 1),
                floats(1)));
        assertThrows(OperandException.class, () -> run("Pad", 13, Attributes.NONE, floats(1, 2), longs(1, 1),
                floats(1, 2)));
    }
}
