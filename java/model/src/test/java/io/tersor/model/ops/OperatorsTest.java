package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What ONNX's own cases leave out. */
class OperatorsTest {
    private static final Arena ARENA = Arena.ofAuto();

    /** Runs one operator on inputs of the graph and returns its first output. */
    static Tensor run(String opType, int opset, Attributes attributes, Tensor... inputs) {
        GraphBuilder b = Graph.builder(opType, opset);
        Map<String, Tensor> given = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            names.add("x" + i);
            given.put("x" + i, inputs[i]);
            b.input(ValueInfo.of("x" + i, inputs[i].type(), inputs[i].shape()));
        }
        b.node(Node.of("node", opType, names, List.of("y"), attributes));
        Graph graph = b.output(new ValueInfo("y", DataType.F32, java.util.Optional.empty())).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            return network.run(given, ARENA).get("y");
        }
    }

    static Tensor longs(long... values) {
        return Tensor.ofLongs(ARENA, Shape.of(values.length), values);
    }

    static Tensor floats(float... values) {
        return Tensor.ofFloats(ARENA, Shape.of(values.length), values);
    }

    static void assertValues(Tensor actual, double... expected) {
        float[] floats = actual.toFloats();
        double[] values = new double[floats.length];
        for (int i = 0; i < floats.length; i++) {
            values[i] = floats[i];
        }
        assertArrayEquals(expected, values, 1e-6);
    }

    @Test
    void scatter() {
        assertValues(run("ScatterElements", 18, Attributes.NONE, floats(1, 2, 3, 4), longs(1, -1), floats(7, 8)),
                1, 7, 3, 8);
        assertValues(run("ScatterElements", 18, Attributes.NONE.with("reduction", "add"), floats(1, 2, 3, 4),
                longs(1, 1), floats(7, 8)), 1, 17, 3, 4);
        Tensor rows = Tensor.ofFloats(ARENA, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        Tensor index = Tensor.ofLongs(ARENA, Shape.of(1, 1), 2);
        assertValues(run("ScatterND", 18, Attributes.NONE, rows, index, Tensor.ofFloats(ARENA, Shape.of(1, 2), 9, 8)),
                1, 2, 3, 4, 9, 8);
        assertThrows(OperandException.class, () -> run("ScatterElements", 18, Attributes.NONE, floats(1, 2), longs(2),
                floats(7)));
    }

    @Test
    void indices() {
        assertValues(run("OneHot", 17, Attributes.NONE, longs(1, -1), longs(3), floats(0, 5)), 0, 5, 0, 0, 0, 5);
        Tensor found = run("NonZero", 17, Attributes.NONE, Tensor.ofFloats(ARENA, Shape.of(2, 2), 1, 0, 0, 3));
        assertEquals(Shape.of(2, 2), found.shape());
        assertValues(found, 0, 1, 0, 1);
        assertValues(run("TopK", 17, Attributes.NONE, floats(3, 9, 4), longs(2)), 9, 4);
        assertValues(run("ArgMax", 17, Attributes.NONE, floats(3, 9, 4)), 1);
        assertValues(run("Range", 17, Attributes.NONE, scalar(2), scalar(9), scalar(3)), 2, 5, 8);
        assertValues(run("CumSum", 17, Attributes.NONE, floats(1, 2, 3), scalar(0)), 1, 3, 6);
    }

    private static Tensor scalar(long value) {
        return Tensor.ofLongs(ARENA, Shape.of(), value);
    }

    @Test
    void triangles() {
        Tensor square = Tensor.ofFloats(ARENA, Shape.of(2, 2), 1, 2, 3, 4);
        assertValues(run("Trilu", 17, Attributes.NONE, square), 1, 2, 0, 4);
        assertValues(run("Trilu", 17, Attributes.NONE.with("upper", 0), square), 1, 0, 3, 4);
        assertValues(run("EyeLike", 17, Attributes.NONE.with("k", 1), square), 0, 1, 0, 0);
    }

    @Test
    void oldFormsOfAttributes() {
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        assertValues(run("Slice", 9, Attributes.NONE.with("starts", new long[] {1}).with("ends", new long[] {3})
                .with("axes", new long[] {1}), x), 2, 3, 5, 6);
        assertValues(run("Clip", 9, Attributes.NONE.with("min", 2f).with("max", 5f), x), 2, 2, 3, 4, 5, 5);
        assertValues(run("Pad", 9, Attributes.NONE.with("pads", new long[] {0, 1, 0, 0}).with("value", 7f), x),
                7, 1, 2, 3, 7, 4, 5, 6);
        assertValues(run("ReduceSum", 11, Attributes.NONE.with("axes", new long[] {1}).with("keepdims", 0), x), 6, 15);
        assertEquals(Shape.of(2, 1, 3), run("Unsqueeze", 11, Attributes.NONE.with("axes", new long[] {1}), x).shape());
        // Before opset 13 softmax ran over all axes from the given one on.
        Tensor cube = Tensor.ofFloats(ARENA, Shape.of(1, 2, 2), 0, 0, 0, 0);
        assertValues(run("Softmax", 11, Attributes.NONE, cube), 0.25, 0.25, 0.25, 0.25);
        assertValues(run("Softmax", 13, Attributes.NONE, cube), 0.5, 0.5, 0.5, 0.5);
    }

    @Test
    void halfPrecisionAndDoubleConvolutions() {
        Random random = new Random(8);
        Tensor x = TestGraphs.random(random, 1, 1, 4, 6, 5);
        Tensor w = TestGraphs.random(random, 1, 6, 2, 3, 3);
        Attributes attributes = Attributes.NONE.with("group", 2).with("auto_pad", "SAME_UPPER")
                .with("strides", new long[] {2, 1});
        float[] kernel = run("Conv", 17, attributes, x, w).toFloats();
        float[] generic = run("Conv", 17, attributes, doubles(x), doubles(w)).toFloats();
        assertArrayEquals(kernel, generic, 1e-4f);
    }

    private static Tensor doubles(Tensor floats) {
        Tensor doubles = Tensor.allocate(ARENA, DataType.F64, floats.shape());
        for (long i = 0; i < floats.shape().elements(); i++) {
            doubles.set(i, floats.get(i));
        }
        return doubles;
    }

    @ParameterizedTest
    @ValueSource(strings = {"2,3,5,7", "1,3,40,33", "2,33,40,1", "1,17,1,19", "3,1,4,4", "2,40,3,3"})
    void everyOrderOfAxes(String text) {
        long[] dims = java.util.Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
        Tensor x = TestGraphs.random(new Random(1), 1, dims);
        for (long[] order : new long[][] {{0, 2, 3, 1}, {0, 3, 1, 2}, {3, 2, 1, 0}, {1, 0, 3, 2}, {0, 1, 2, 3}}) {
            Tensor actual = run("Transpose", 17, Attributes.NONE.with("perm", order), x);
            int[] axes = java.util.Arrays.stream(order).mapToInt(axis -> (int) axis).toArray();
            assertArrayEquals(x.permute(axes).toFloats(), actual.toFloats());
        }
    }

    @Test
    void elementwiseOperatorsStayInTheirLayout() {
        Random random = new Random(2);
        GraphBuilder b = Graph.builder("layout", 17);
        b.input(ValueInfo.of("x", DataType.F32, Shape.of(1, 3, 5, 4)));
        String w = b.constant("w", TestGraphs.random(random, 1, 6, 3, 1, 1));
        String left = b.add("Conv", "x", w);
        String right = b.add("Conv", "x", b.constant("w", TestGraphs.random(random, 1, 6, 3, 1, 1)));
        String gate = b.add("Sigmoid", b.add("GlobalAveragePool", left));
        String scaled = b.add("Mul", b.add("HardSwish", right), gate);
        String shifted = b.add("Sub", scaled, b.constant("shift", TestGraphs.random(random, 1, 1, 6, 1, 1)));
        String joined = b.add("Concat", List.of(shifted, left), Attributes.NONE.with("axis", 1));
        b.node(Node.of("y", "Conv", List.of(joined, b.constant("v", TestGraphs.random(random, 1, 2, 12, 1, 1))),
                List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        Tensor x = TestGraphs.random(random, 1, 1, 3, 5, 4);
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            assertEquals(2, network.kernels().stream().filter(step -> step.operator().equals("Transpose")).count(),
                    () -> network.kernels().toString());
            float[] expected = expected(graph, x);
            assertArrayEquals(expected, network.run(x, ARENA).toFloats(), 1e-4f);
        }
    }

    /** One element of three axes might pass for a scalar beside an image. */
    @ParameterizedTest
    @ValueSource(strings = {"Mul", "Where", "Shrink"})
    void convolutionOfOneAxisWithOneResult(String operator) {
        GraphBuilder b = Graph.builder("one", 17);
        b.input(ValueInfo.of("x", DataType.F32, Shape.of(1, 1, 3)));
        Tensor condition = Tensor.allocate(ARENA, DataType.BOOL, Shape.of());
        condition.setLong(0, 1);
        String conv = b.add("Conv", "x", b.constant("w", Tensor.ofFloats(ARENA, Shape.of(1, 1, 3), 1, 2, 3)));
        String result = switch (operator) {
            case "Mul" -> b.add("Mul", conv, b.add("Tan", conv));
            case "Where" -> b.add("Where", b.constant("c", condition), conv, b.constant("v", floats(2)));
            default -> b.add(operator, conv);
        };
        Graph graph = b.output(ValueInfo.of(result, DataType.F32, Shape.of(1, 1, 1))).build();
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(1, 1, 3), 1, 0, 1);
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend)) {
                float factor = operator.equals("Mul") ? (float) Math.tan(4) : 1;
                assertArrayEquals(new float[] {4 * factor}, network.run(x, ARENA).toFloats(), 1e-5f);
            }
        }
    }

    /** Runs the graph in f64, where no kernel and no layout but the graph's own takes part. */
    private static float[] expected(Graph graph, Tensor x) {
        GraphBuilder b = Graph.builder("f64", 17).input(ValueInfo.of("x", DataType.F64, x.shape()));
        graph.initializers().forEach((name, tensor) -> b.initializer(name, doubles(tensor)));
        graph.nodes().forEach(b::node);
        try (PreparedNetwork network = Network.of(b.output("y").build()).prepare(Backend.SCALAR)) {
            return network.run(doubles(x), ARENA).toFloats();
        }
    }
}
