package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.Isa;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Recurrent layers whose source and weights are bytes against the plain ones in binary64 on what these stand for. */
class QuantizedRecurrentTest {
    private static final int CASES = 60;
    private static final double TOLERANCE = 2e-6;
    /** Where functions without bounds let states grow. */
    private static final double UNBOUNDED_TOLERANCE = 1e-4;

    /** How the scales of weights lie. */
    private enum Scales { TENSOR, DIRECTIONS, OUTPUTS }

    /** Bytes with their parameters, and the f32 that DequantizeLinear makes of them. */
    private record Bytes(Tensor values, Tensor scales, Tensor zeroPoints, int axis) {
        static Bytes draw(Random random, DataType type, boolean symmetric, double largest, Scales granularity,
                long... dims) {
            Shape shape = Shape.of(dims);
            int axis = granularity == Scales.OUTPUTS ? 1 : 0;
            Shape parameters = granularity == Scales.TENSOR ? Shape.of() : Shape.of(dims[axis]);
            Tensor values = Tensor.allocate(Arena.ofAuto(), type, shape);
            Tensor scales = Tensor.allocate(Arena.ofAuto(), DataType.F32, parameters);
            Tensor zeroPoints = Tensor.allocate(Arena.ofAuto(), type, parameters);
            for (long i = 0; i < shape.elements(); i++) {
                values.setLong(i, (long) type.min() + random.nextInt(256));
            }
            for (long i = 0; i < parameters.elements(); i++) {
                scales.set(i, (float) (largest / 128 * (0.5 + random.nextDouble())));
                zeroPoints.setLong(i, symmetric ? (long) type.min() + 128 : (long) type.min() + random.nextInt(256));
            }
            return new Bytes(values, scales, zeroPoints, axis);
        }

        long parameter(long index) {
            long inner = 1;
            for (int i = axis + 1; i < values.shape().rank(); i++) {
                inner *= values.shape().dim(i);
            }
            return scales.shape().rank() == 0 ? 0 : index / inner % values.shape().dim(axis);
        }

        Tensor real() {
            Tensor real = Tensor.allocate(Arena.ofAuto(), DataType.F32, values.shape());
            for (long i = 0; i < values.shape().elements(); i++) {
                real.set(i, (float) (values.getLong(i) - zeroPoints.getLong(parameter(i)))
                        * (float) scales.get(parameter(i)));
            }
            return real;
        }

        String dequantize(GraphBuilder b, String name, boolean constant) {
            if (constant) {
                b.constant(name, values);
            } else {
                b.input(ValueInfo.of(name, values.type(), values.shape()));
            }
            return b.add("DequantizeLinear", List.of(name, b.constant(name + "_scale", scales),
                    b.constant(name + "_zero", zeroPoints)), Attributes.NONE.with("axis", axis));
        }
    }

    private static DataType bytes(Random random) {
        return random.nextBoolean() ? DataType.U8 : DataType.S8;
    }

    private static long[] dims(boolean batchFirst, long batch, long first, long last) {
        return batchFirst ? new long[] {batch, first, last} : new long[] {first, batch, last};
    }

    private static void check(Random random, String operator, int gates, Backend backend) {
        int directions = 1 + random.nextInt(2);
        int hidden = 1 + random.nextInt(40);
        int input = 1 + random.nextInt(20);
        int batch = 1 + random.nextInt(6);
        int steps = 1 + random.nextInt(5);
        boolean batchFirst = random.nextBoolean();
        Bytes x = Bytes.draw(random, bytes(random), false, 1, Scales.TENSOR, dims(batchFirst, batch, steps, input));
        Bytes w = Bytes.draw(random, bytes(random), random.nextBoolean(), 0.3,
                Scales.values()[random.nextInt(3)], directions, gates * hidden, input);
        Bytes r = Bytes.draw(random, bytes(random), random.nextBoolean(), 0.2,
                Scales.values()[random.nextInt(3)], directions, gates * hidden, hidden);
        long[] state = dims(batchFirst, batch, directions, hidden);
        List<Tensor> inputs = new ArrayList<>(List.of(x.real(), w.real(), r.real()));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 0.5, directions, 2L * gates * hidden)));
        inputs.add(RecurrentTest.maybe(random, RecurrentTest.lengths(random, batch, steps)));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, state)));
        List<String> outputs = new ArrayList<>(List.of("y", "h"));
        if (gates == 4) {
            inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, state)));
            inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, directions, 3L * hidden)));
            outputs.add("c");
        }
        Node node = Node.of("node", operator, List.of(), outputs,
                RecurrentTest.attributes(random, gates, directions, hidden, batchFirst));
        GraphBuilder b = Graph.builder("recurrent", 22);
        List<String> names = new ArrayList<>(List.of(x.dequantize(b, "x", false), w.dequantize(b, "w", true),
                r.dequantize(b, "r", true)));
        for (int i = 3; i < inputs.size(); i++) {
            names.add(inputs.get(i) == null ? "" : b.constant("c" + i, inputs.get(i)));
        }
        b.node(node.withInputs(names));
        outputs.forEach(output -> b.output(new ValueInfo(output, DataType.F32, Optional.empty())));
        Tensor[] expected = PlainReference.plain(node, inputs.toArray(Tensor[]::new));
        try (PreparedNetwork network = Network.of(b.build()).prepare(backend); Arena arena = Arena.ofConfined()) {
            Map<String, Tensor> actual = network.run(Map.of("x", x.values), arena);
            assertEquals(1, network.kernels().size(), network.kernels()::toString);
            String kernel = network.kernels().getFirst().kernel();
            assertTrue(kernel.contains(x.values.type() + "s8") && kernel.contains("cell_f32"), kernel);
            boolean fast = backend == Backend.NATIVE && Isa.used().compareTo(Isa.AVX2_VNNI) >= 0;
            assertEquals(fast, kernel.contains("quantizer_fixed_point_f32"), kernel);
            IntStream.range(0, expected.length).forEach(i ->
                    PlainReference.check(node, expected[i], actual.get(outputs.get(i)),
                            node.attributes().has("activations") ? UNBOUNDED_TOLERANCE : TOLERANCE));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void lstm(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "LSTM", 4, backend);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void gru(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "GRU", 3, backend);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void rnn(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            check(new Random(seed), "RNN", 1, backend);
        }
    }

    /** What kernels do not take, the plain operator does: weights with a scale for each of their inputs. */
    @Test
    void otherScalesAreDequantized() {
        Random random = new Random(1);
        GraphBuilder b = Graph.builder("recurrent", 22);
        Bytes x = Bytes.draw(random, DataType.U8, false, 1, Scales.TENSOR, 3, 1, 5);
        Bytes drawn = Bytes.draw(random, DataType.S8, true, 0.2, Scales.TENSOR, 1, 24, 6);
        Bytes r = new Bytes(drawn.values, Tensor.ofFloats(Arena.ofAuto(), Shape.of(6), 0.001f, 0.002f, 0.003f, 0.001f,
                0.004f, 0.002f), Tensor.allocate(Arena.ofAuto(), DataType.S8, Shape.of(6)), 2);
        Bytes w = Bytes.draw(random, DataType.S8, true, 0.2, Scales.OUTPUTS, 1, 24, 5);
        Node node = Node.of("node", "LSTM", List.of(), List.of("y"), Attributes.NONE.with("hidden_size", 6));
        b.node(node.withInputs(List.of(x.dequantize(b, "x", false), w.dequantize(b, "w", true),
                r.dequantize(b, "r", true))));
        b.output(new ValueInfo("y", DataType.F32, Optional.empty()));
        Tensor expected = PlainReference.plain(node, x.real(), w.real(), r.real())[0];
        try (PreparedNetwork network = Network.of(b.build()).prepare(); Arena arena = Arena.ofConfined()) {
            PlainReference.check(node, expected, network.run(Map.of("x", x.values), arena).get("y"), TOLERANCE);
            String kernel = network.kernels().getFirst().kernel();
            assertTrue(kernel.contains("u8s8") && !kernel.contains("quantizer"), kernel);
        }
    }

    private static void checkDynamic(Random random, Backend backend) {
        int directions = 1 + random.nextInt(2);
        int hidden = 1 + random.nextInt(40);
        int input = 1 + random.nextInt(20);
        int batch = 1 + random.nextInt(3);
        int steps = random.nextInt(6);
        boolean batchFirst = random.nextBoolean();
        boolean perChannel = random.nextBoolean();
        long[] state = dims(batchFirst, batch, directions, hidden);
        List<Tensor> inputs = new ArrayList<>();
        inputs.add(TestGraphs.random(random, 1, dims(batchFirst, batch, steps, input)));
        Bytes w = weights(random, perChannel, directions, input, 4L * hidden);
        Bytes r = weights(random, perChannel, directions, hidden, 4L * hidden);
        inputs.addAll(List.of(w.values, r.values));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 0.5, directions, 8L * hidden)));
        inputs.add(RecurrentTest.maybe(random, RecurrentTest.lengths(random, batch, steps)));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, state)));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, state)));
        inputs.add(RecurrentTest.maybe(random, TestGraphs.random(random, 1, directions, 3L * hidden)));
        inputs.addAll(List.of(w.scales, w.zeroPoints, r.scales, r.zeroPoints));
        Node node = new Node("node", "DynamicQuantizeLSTM", Node.INTERNAL, List.of(),
                List.of(random.nextInt(3) == 0 ? "" : "y", "h", "c"),
                RecurrentTest.attributes(random, 4, directions, hidden, batchFirst));
        PlainReference.check(node, "quantizer_bytes_f32",
                node.attributes().has("activations") ? UNBOUNDED_TOLERANCE : TOLERANCE,
                List.of(1, 2, 3, 7, 8, 9, 10, 11), backend, inputs.toArray(Tensor[]::new));
    }

    private static Bytes weights(Random random, boolean perChannel, int directions, long elements, long outputs) {
        DataType type = bytes(random);
        Bytes drawn = Bytes.draw(random, type, random.nextBoolean(), 0.3, Scales.OUTPUTS, directions,
                perChannel ? outputs : 1, elements);
        Shape parameters = perChannel ? Shape.of(directions, outputs) : Shape.of(directions);
        Tensor values = Tensor.allocate(Arena.ofAuto(), type, Shape.of(directions, elements, outputs));
        Tensor scales = Tensor.allocate(Arena.ofAuto(), DataType.F32, parameters);
        Tensor zeroPoints = Tensor.allocate(Arena.ofAuto(), type, parameters);
        for (long i = 0; i < values.shape().elements(); i++) {
            values.setLong(i, (long) type.min() + random.nextInt(256));
        }
        for (long i = 0; i < parameters.elements(); i++) {
            long from = i % drawn.scales.shape().elements();
            scales.set(i, drawn.scales.get(from) * (1 + 0.1 * i / parameters.elements()));
            // Another one for each direction.
            zeroPoints.setLong(i, Math.max((long) type.min(), drawn.zeroPoints.getLong(from) - i / outputs - i % 2));
        }
        return new Bytes(values, scales, zeroPoints, 0);
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void dynamicLstm(Backend backend) {
        for (int seed = 0; seed < CASES; seed++) {
            checkDynamic(new Random(seed), backend);
        }
    }
}
