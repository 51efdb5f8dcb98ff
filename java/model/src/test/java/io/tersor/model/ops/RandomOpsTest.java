package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Random numbers: where they repeat and where not, and how they are distributed. All bounds are five deviations. */
class RandomOpsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final int COUNT = 100_000;
    private static final double SURE = 5;

    private static Attributes seeded(float seed) {
        return Attributes.NONE.with("seed", seed);
    }

    private static Tensor many(float value) {
        float[] values = new float[COUNT];
        Arrays.fill(values, value);
        return floats(values);
    }

    /** Java's own generator of the same algorithm. */
    @Test
    void theGeneratorIsSplitMix64() {
        for (long key : new long[] {0, 1, -7, Long.MIN_VALUE}) {
            SplittableRandom reference = new SplittableRandom(key);
            RandomNumbers numbers = new RandomNumbers(key);
            for (int i = 0; i < 1000; i++) {
                assertEquals((reference.nextLong() >>> 11) * 0x1p-53, numbers.uniform(i));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"RandomUniform", "RandomNormal"})
    void aSeedRepeatsInEveryRun(String operator) {
        Attributes shape = Attributes.NONE.with("shape", new long[] {3, 4});
        float[] first = draw(operator, shape.with("seed", 5f))[0];
        assertArrayEquals(first, draw(operator, shape.with("seed", 5f))[0]);
        float[][] both = draw(operator, shape.with("seed", 5f));
        assertArrayEquals(both[0], both[1], "the second run of the same network");
        assertFalse(Arrays.equals(first, draw(operator, shape.with("seed", 6f))[0]));
        float[][] unseeded = draw(operator, shape);
        assertFalse(Arrays.equals(unseeded[0], unseeded[1]), "new numbers in each run");
        assertEquals(12, Arrays.stream(boxed(unseeded[0])).distinct().count());
    }

    private static Float[] boxed(float[] values) {
        Float[] boxed = new Float[values.length];
        Arrays.setAll(boxed, i -> values[i]);
        return boxed;
    }

    /** Returns what two runs of one network give; the result passes another node, so that nothing may be folded. */
    private static float[][] draw(String operator, Attributes attributes) {
        GraphBuilder b = Graph.builder("draw", 22).input(ValueInfo.of("x", DataType.F32, Shape.of()));
        String drawn = b.add(operator, List.of(), attributes);
        Graph graph = b.output(ValueInfo.of(b.add("Add", drawn, "x"), DataType.F32, Shape.of(3, 4))).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            Tensor zero = Tensor.ofFloats(ARENA, Shape.of(), 0);
            return new float[][] {network.run(zero, ARENA).toFloats(), network.run(zero, ARENA).toFloats()};
        }
    }

    /** The input is a constant, which must not make the numbers one. */
    @ParameterizedTest
    @ValueSource(strings = {"RandomUniformLike", "RandomNormalLike", "Bernoulli", "Dropout"})
    void numbersWithoutASeedAreNotFolded(String operator) {
        GraphBuilder b = Graph.builder("folding", 22).input(ValueInfo.of("x", DataType.F32, Shape.of()));
        String half = b.constant("half", Tensor.ofFloats(ARENA, Shape.of(64), boxedHalf()));
        Tensor yes = Tensor.allocate(ARENA, DataType.BOOL, Shape.of());
        yes.setLong(0, 1);
        String drawn = operator.equals("Dropout")
                ? b.add(operator, half, b.constant("ratio", Tensor.ofFloats(ARENA, Shape.of(), 0.5f)),
                        b.constant("training", yes))
                : b.add(operator, half);
        Graph graph = b.output(ValueInfo.of(b.add("Add", drawn, "x"), DataType.F32, Shape.of(64))).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            Tensor zero = Tensor.ofFloats(ARENA, Shape.of(), 0);
            assertFalse(Arrays.equals(network.run(zero, ARENA).toFloats(), network.run(zero, ARENA).toFloats()));
        }
    }

    private static float[] boxedHalf() {
        float[] values = new float[64];
        Arrays.fill(values, 0.5f);
        return values;
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "F32", "F64"})
    void typesAreGivenOrThoseOfTheInput(DataType type) {
        long dtype = io.tersor.model.onnx.OnnxTypes.onnx(type);
        assertEquals(type, run("RandomNormalLike", 22, seeded(1).with("dtype", dtype), floats(1, 2)).type());
        Tensor like = Tensor.allocate(ARENA, type, Shape.of(3));
        assertEquals(type, run("RandomUniformLike", 22, seeded(1), like).type());
        assertEquals(type, run("Bernoulli", 22, seeded(1), like).type());
        assertEquals(DataType.S64, run("Bernoulli", 22, seeded(1).with("dtype", 7), like).type());
    }

    @Test
    void uniformNumbersFillTheirRangeEvenly() {
        Tensor drawn = run("RandomUniformLike", 22, seeded(3).with("low", -2f).with("high", 6f), many(0));
        int[] bins = new int[64];
        double sum = 0;
        double products = 0;
        for (int i = 0; i < COUNT; i++) {
            double value = drawn.get(i);
            assertTrue(value >= -2 && value <= 6);
            bins[(int) Math.min(63, (value + 2) * 8)]++;
            sum += value;
            products += i == 0 ? 0 : (value - 2) * (drawn.get(i - 1) - 2);
        }
        double variance = 64.0 / 12;
        assertEquals(2, sum / COUNT, SURE * Math.sqrt(variance / COUNT));
        assertEquals(0, products / COUNT, SURE * variance / Math.sqrt(COUNT));
        assertChiSquare(bins, new double[] {});
    }

    /** Fails unless the counts fit the probabilities, equal ones if none are given: mean n - 1, variance 2 (n - 1). */
    private static void assertChiSquare(int[] counts, double[] probabilities) {
        double statistic = 0;
        long total = Arrays.stream(counts).sum();
        for (int i = 0; i < counts.length; i++) {
            double expected = total * (probabilities.length == 0 ? 1.0 / counts.length : probabilities[i]);
            statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
        }
        double freedom = counts.length - 1;
        assertEquals(freedom, statistic, SURE * Math.sqrt(2 * freedom));
    }

    @Test
    void normalNumbersHaveTheMomentsOfTheirDistribution() {
        Tensor drawn = run("RandomNormalLike", 22, seeded(4).with("mean", 3f).with("scale", 2f), many(0));
        double[] moments = new double[5];
        int within = 0;
        for (int i = 0; i < COUNT; i++) {
            double value = (drawn.get(i) - 3) / 2;
            for (int k = 1; k <= 4; k++) {
                moments[k] += Math.pow(value, k) / COUNT;
            }
            within += Math.abs(value) < 1 ? 1 : 0;
        }
        double unit = SURE / Math.sqrt(COUNT);
        assertEquals(0, moments[1], unit);
        assertEquals(1, moments[2], unit * Math.sqrt(2));
        assertEquals(0, moments[3], unit * Math.sqrt(15));
        assertEquals(3, moments[4], unit * Math.sqrt(96));
        assertEquals(0.682689, within / (double) COUNT, unit * Math.sqrt(0.682689 * 0.317311));
    }

    @ParameterizedTest
    @ValueSource(floats = {0, 0.1f, 0.5f, 0.97f, 1})
    void bernoulliGivesOneWithTheProbabilityOfTheInput(float probability) {
        Tensor drawn = run("Bernoulli", 22, seeded(5).with("dtype", 9), many(probability));
        long ones = Arrays.stream(drawn.toLongs()).sum();
        assertEquals(probability, ones / (double) COUNT,
                SURE * Math.sqrt(probability * (1 - probability) / COUNT));
    }

    @Test
    void multinomialDrawsClassesByTheirProbabilities() {
        double[] probabilities = {0.1, 0, 0.2, 0.4, 0.3, 0};
        Tensor logits = Tensor.allocate(ARENA, DataType.F32, Shape.of(2, 6));
        for (int c = 0; c < 6; c++) {
            logits.set(c, Math.log(probabilities[c]) + 100);
            logits.set(6 + c, c == 5 ? 0 : Double.NEGATIVE_INFINITY);
        }
        Tensor drawn = run("Multinomial", 22, seeded(6).with("sample_size", COUNT), logits);
        assertEquals(DataType.S32, drawn.type());
        assertEquals(Shape.of(2, COUNT), drawn.shape());
        int[] counts = new int[6];
        for (int i = 0; i < COUNT; i++) {
            counts[(int) drawn.getLong(i)]++;
            assertEquals(5, drawn.getLong(COUNT + i));
        }
        assertEquals(0, counts[1] + counts[5], "classes of probability zero");
        assertChiSquare(new int[] {counts[0], counts[2], counts[3], counts[4]}, new double[] {0.1, 0.2, 0.4, 0.3});
        assertEquals(DataType.S64, run("Multinomial", 22, seeded(6).with("dtype", 7), logits).type());
    }

    @Test
    void classesBeginWhereTheOnesBeforeEnd() {
        double[] upTo = {0, 0.5, 0.5, 0.5, 1, 1};
        assertEquals(1, RandomOps.pick(upTo, 4, 0));
        assertEquals(1, RandomOps.pick(upTo, 4, Math.nextDown(0.5)));
        assertEquals(4, RandomOps.pick(upTo, 4, 0.5));
        assertEquals(4, RandomOps.pick(upTo, 4, 1));
        assertEquals(4, RandomOps.pick(upTo, 4, 1.5));
    }

    @Test
    void dropoutScalesWhatItKeeps() {
        Tensor training = Tensor.allocate(ARENA, DataType.BOOL, Shape.of());
        training.setLong(0, 1);
        Node node = Node.of("node", "Dropout", List.of(), List.of("y", "mask"), Attributes.NONE.with("seed", 7));
        GraphBuilder b = Graph.builder("dropout", 22).input(ValueInfo.of("x", DataType.F32, Shape.of(COUNT)));
        b.node(node.withInputs(List.of("x", b.constant("ratio", Tensor.ofFloats(ARENA, Shape.of(), 0.25f)),
                b.constant("training", training))));
        b.output(ValueInfo.of("y", DataType.F32, Shape.of(COUNT)));
        b.output(new ValueInfo("mask", DataType.BOOL, Optional.empty()));
        try (PreparedNetwork network = Network.of(b.build()).prepare(Backend.SCALAR)) {
            Map<String, Tensor> result = network.run(Map.of("x", many(3)), ARENA);
            long kept = Arrays.stream(result.get("mask").toLongs()).sum();
            assertEquals(0.75, kept / (double) COUNT, SURE * Math.sqrt(0.75 * 0.25 / COUNT));
            for (int i = 0; i < COUNT; i++) {
                assertEquals(result.get("mask").getLong(i) != 0 ? 4 : 0, result.get("y").get(i), 1e-6);
            }
        }
    }

    @Test
    void whatHasNoMeaningIsRefused() {
        Attributes shape = seeded(1).with("shape", new long[] {2});
        float inf = Float.POSITIVE_INFINITY;
        assertThrows(OperandException.class, () -> draw("RandomUniform", shape.with("low", Float.NaN)));
        assertThrows(OperandException.class, () -> draw("RandomUniform", shape.with("high", inf)));
        assertThrows(OperandException.class, () -> draw("RandomNormal", shape.with("scale", inf)));
        assertThrows(OperandException.class, () -> draw("RandomNormal", shape.with("dtype", 6)));
        assertThrows(OperandException.class, () -> draw("RandomNormal", shape.with("dtype", 17)));
        assertThrows(OperandException.class, () -> draw("RandomNormal", shape.with("shape", new long[] {-1})));
        assertThrows(OperandException.class, () -> draw("RandomNormal", seeded(1)));
        assertThrows(TersorException.class, () -> draw("RandomNormal", shape.with("seed", 1)));
        for (long huge : new long[] {1L << 40, Long.MAX_VALUE}) {
            long[] dims = {huge, huge};
            assertThrows(TersorException.class, () -> draw("RandomUniform", shape.with("shape", dims)));
        }
        Tensor whole = Tensor.ofLongs(ARENA, Shape.of(2), 0, 1);
        assertThrows(OperandException.class, () -> run("RandomUniformLike", 22, seeded(1), whole));
        assertThrows(OperandException.class, () -> run("Bernoulli", 22, seeded(1), whole));
        assertThrows(OperandException.class, () -> run("Bernoulli", 22, seeded(1).with("dtype", 22), floats(1)));
        Tensor logits = Tensor.ofFloats(ARENA, Shape.of(1, 2), 0, 1);
        assertThrows(OperandException.class, () -> run("Multinomial", 7, seeded(1).with("sample_size", 0), logits));
        assertThrows(OperandException.class, () -> run("Multinomial", 7, seeded(1).with("dtype", 1), logits));
        assertThrows(OperandException.class, () -> run("Multinomial", 7, seeded(1), floats(1, 2)));
        assertThrows(TersorException.class,
                () -> run("Multinomial", 7, seeded(1).with("sample_size", Long.MAX_VALUE), logits));
        for (float element : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, inf}) {
            Tensor hopeless = Tensor.ofFloats(ARENA, Shape.of(1, 2), element, element);
            assertThrows(OperandException.class, () -> run("Multinomial", 7, seeded(1), hopeless));
        }
    }

    /** Values that are new in each run cannot decide about the shapes of a plan made before. */
    @Test
    void shapesDoNotFollowFromRandomNumbers() {
        GraphBuilder b = Graph.builder("shapes", 22).input(ValueInfo.of("x", DataType.F32, Shape.of()));
        String drawn = b.add("RandomUniform", List.of(), Attributes.NONE.with("shape", new long[] {4}));
        String found = b.add("NonZero", drawn);
        Graph graph = b.output(new ValueInfo(b.add("Cast", List.of(found), Attributes.NONE.with("to", 1)), DataType.F32,
                Optional.empty())).build();
        assertThrows(UnsupportedOperatorException.class, () -> {
            try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
                network.run(Tensor.ofFloats(ARENA, Shape.of(), 0), ARENA);
            }
        });
    }
}
