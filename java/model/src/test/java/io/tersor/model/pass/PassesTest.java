package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.ObservedNetwork;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PassesTest {
    private static final Tensor IMAGE = TestGraphs.random(new Random(7), 1, 2, 3, 13, 11);

    /** Runs a graph as it is, without any pass, and returns its output y. */
    private static float[] plain(Graph graph, Tensor input) {
        List<float[]> outputs = new ArrayList<>();
        try (ObservedNetwork network = Network.of(graph).observed(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            network.run(Map.of("x", input), (value, tensor) -> {
                if (value.equals("y")) {
                    outputs.add(tensor.toFloats());
                }
            });
        }
        return outputs.getFirst();
    }

    private static long count(Graph graph, String operator) {
        return graph.nodes().stream().filter(node -> node.operator().equals(operator)).count();
    }

    private static void unchanged(GraphPass pass, Graph before, Tensor input, float tolerance) {
        assertArrayEquals(plain(before, input), plain(pass.apply(before), input), tolerance);
    }

    @Test
    void batchNormIsFoldedIntoConvolutions() {
        Graph before = TestGraphs.residual();
        Graph after = new FoldChannelScales().apply(before);
        assertEquals(5, count(before, "BatchNormalization"));
        assertEquals(0, count(after, "BatchNormalization"));
        unchanged(new FoldChannelScales(), before, IMAGE, 2e-4f);
    }

    /** A convolution of 2 channels to 3, a product and a sum with the given constants, one order or the other. */
    private static Graph scaled(Shape factor, Shape shift) {
        GraphBuilder b = Graph.builder("scaled", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        Random random = new Random(1);
        String conv = b.add("Conv", "x", b.constant("w", TestGraphs.random(random, 1, 3, 2, 1, 1)));
        String product = b.add("Mul", conv, b.constant("f", TestGraphs.random(random, 1, factor.dims())));
        String sum = b.add("Add", b.constant("s", TestGraphs.random(random, 1, shift.dims())), product);
        b.node(Node.of("y", "Mul", List.of(sum, b.constant("t", TestGraphs.random(random, 1))), List.of("y"),
                Attributes.NONE));
        return b.output("y").build();
    }

    @Test
    void productsAndSumsOfChannelsAreFoldedIntoConvolutions() {
        Tensor image = TestGraphs.random(new Random(2), 1, 1, 2, 4, 4);
        for (Shape shape : List.of(Shape.of(1, 3, 1, 1), Shape.of(3, 1, 1), Shape.of(1, 1), Shape.of())) {
            Graph graph = scaled(shape, Shape.of(3, 1, 1));
            assertEquals(1, new FoldChannelScales().apply(graph).nodes().size(), shape.toString());
            unchanged(new FoldChannelScales(), graph, image, 1e-5f);
        }
    }

    @Test
    void productsAndSumsOfPixelsAreNotFolded() {
        Graph columns = scaled(Shape.of(4), Shape.of(3, 1, 1));
        assertEquals(List.of("Conv", "Mul", "Add", "Mul"), new FoldChannelScales().apply(columns).nodes().stream()
                .map(Node::operator).toList());
        Graph more = scaled(Shape.of(2, 3, 1, 1), Shape.of(3, 1, 1));
        assertEquals(4, new FoldChannelScales().apply(more).nodes().size(), "two images of one");
    }

    @Test
    void whatFollowsFromConstantsAndShapesIsObservedToo() {
        GraphBuilder b = Graph.builder("constant", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        String ones = b.add("ConstantOfShape", List.of(b.add("Shape", "x")), Attributes.NONE.with("value",
                Tensor.ofFloats(Arena.ofAuto(), Shape.of(1), 3f)));
        b.node(Node.of("y", "Neg", List.of(ones), List.of("y"), Attributes.NONE));
        b.node(Node.of("z", "Add", List.of("x", "y"), List.of("z"), Attributes.NONE));
        float[] expected = new float[32];
        Arrays.fill(expected, -3);
        assertArrayEquals(expected, plain(b.output("z").build(), TestGraphs.random(new Random(2), 1, 1, 2, 4, 4)));
    }

    @Test
    void resizingToTheSameSizeCopiesNothing() {
        GraphBuilder b = Graph.builder("same", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        String sizes = b.constant("sizes", Tensor.ofLongs(Arena.ofAuto(), Shape.of(4), 1, 2, 4, 4));
        String resized = b.add("Resize", List.of(b.add("Neg", "x"), "", "", sizes), Attributes.NONE.with("mode", "linear"));
        b.node(Node.of("y", "Abs", List.of(resized), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        Tensor image = TestGraphs.random(new Random(2), 1, 1, 2, 4, 4);
        float[] expected = image.toFloats();
        for (int i = 0; i < expected.length; i++) {
            expected[i] = Math.abs(expected[i]);
        }
        try (Arena arena = Arena.ofConfined(); PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            assertArrayEquals(expected, network.run(Map.of("x", image), arena).get("y").toFloats());
            assertEquals(List.of("Neg", "Abs"), network.kernels().stream().map(step -> step.operator()).toList());
        }
    }

    @Test
    void sumOfUnequalShapesIsBounded() {
        GraphBuilder b = Graph.builder("sum", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        String sum = b.add("Add", "x", b.constant("s", TestGraphs.random(new Random(1), 1, 1, 2, 1, 1)));
        b.node(Node.of("y", "Relu", List.of(sum), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        Tensor image = TestGraphs.random(new Random(2), 1, 1, 2, 4, 4);
        try (Arena arena = Arena.ofConfined(); PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            assertArrayEquals(plain(graph, image), network.run(Map.of("x", image), arena).get("y").toFloats());
            assertEquals(List.of("scalar/add_broadcast_f32", "scalar/activation_f32"),
                    network.kernels().stream().map(step -> step.kernel()).toList());
        }
    }

    @Test
    void batchNormStaysWhereTheConvolutionHasAnotherUse() {
        GraphBuilder b = Graph.builder("two uses", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        Random random = new Random(1);
        String conv = b.add("Conv", "x", b.constant("w", TestGraphs.random(random, 1, 2, 2, 1, 1)));
        String ones = b.constant("ones", TestGraphs.uniform(random, 1, 2, 2));
        String norm = b.add("BatchNormalization", conv, ones, ones, ones, ones);
        b.node(Node.of("y", "Add", List.of(conv, norm), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        assertEquals(1, count(new FoldChannelScales().apply(graph), "BatchNormalization"));
    }

    @Test
    void activationsAreFused() {
        Graph before = new FoldChannelScales().apply(TestGraphs.residual());
        Graph after = new FuseActivations().apply(before);
        assertEquals(0, count(after, "Relu") + count(after, "Clip"));
        assertEquals(3, count(after, "io.tersor.Conv"));
        assertEquals(1, count(after, "io.tersor.Add"));
        unchanged(new FuseActivations(), before, IMAGE, 1e-5f);
    }

    @Test
    void reluOfAnOutputIsNotFused() {
        GraphBuilder b = Graph.builder("conv is an output", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(2), Dim.of(4), Dim.of(4)));
        String conv = b.add("Conv", "x", b.constant("w", TestGraphs.random(new Random(1), 1, 2, 2, 1, 1)));
        b.node(Node.of("y", "Relu", List.of(conv), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").output(conv).build();
        assertEquals(1, count(new FuseActivations().apply(graph), "Relu"));
    }

    @Test
    void matMulTakesBiasAndActivation() {
        Random random = new Random(3);
        GraphBuilder b = Graph.builder("mlp", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of("t"), Dim.of(6)));
        String product = b.add("MatMul", "x", b.constant("w", TestGraphs.random(random, 1, 6, 5)));
        String sum = b.add("Add", b.constant("b", TestGraphs.random(random, 1, 5)), product);
        b.node(Node.of("y", "Relu", List.of(sum), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        Graph after = new FuseActivations().apply(graph);
        assertEquals(List.of("io.tersor.MatMul"), after.nodes().stream().map(Node::operator).toList());
        unchanged(new FuseActivations(), graph, TestGraphs.random(random, 1, 2, 3, 6), 1e-5f);
    }

    @Test
    void sumsThatBroadcastKeepTheirMeaningWhenFused() {
        GraphBuilder b = Graph.builder("broadcast", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of(2), Dim.of(2)));
        String mean = b.add("GlobalAveragePool", "x");
        b.node(Node.of("y", "Relu", List.of(b.add("Add", "x", mean)), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        assertEquals(1, count(new FuseActivations().apply(graph), "io.tersor.Add"));
        unchanged(new FuseActivations(), graph, TestGraphs.random(new Random(5), 1, 2, 3, 2, 2), 1e-6f);
    }

    @Test
    void constantsAreComputedAndIdentitiesGo() {
        GraphBuilder b = Graph.builder("constants", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(4)));
        Arena arena = Arena.ofAuto();
        String two = b.add("Constant", List.of(),
                Attributes.NONE.with("value", Tensor.ofFloats(arena, Shape.of(), 2f)));
        String four = b.add("Mul", two, two);
        String same = b.add("Identity", b.add("Dropout", "x"));
        b.node(Node.of("y", "Mul", List.of(same, four), List.of("y"), Attributes.NONE));
        b.add("Exp", "x");
        Graph graph = b.output("y").build();
        Graph after = Passes.simplify(graph);
        assertEquals(List.of("Mul"), after.nodes().stream().map(Node::operator).toList());
        unchanged(Passes::simplify, graph, TestGraphs.random(new Random(5), 1, 2, 4), 0);
    }

    /** Outputs keep their names: of several that are the same value one takes over, inputs and constants never. */
    @Test
    void identitiesAtOutputsAndInputs() {
        GraphBuilder b = Graph.builder("ends", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(4)));
        String e = b.add("Identity", b.add("Identity", b.add("Exp", "x")));
        b.node(Node.of("i", "Identity", List.of(e), List.of("y"), Attributes.NONE));
        b.node(Node.of("j", "Identity", List.of(e), List.of("z"), Attributes.NONE));
        b.node(Node.of("k", "Identity", List.of("x"), List.of("copy"), Attributes.NONE));
        b.node(Node.of("l", "Add", List.of(e, "z"), List.of("sum"), Attributes.NONE));
        b.node(Node.of("m", "Dropout", List.of("sum"), List.of("last", "mask"), Attributes.NONE));
        Graph graph = b.output("y").output("z").output("copy").output("last").build();
        Graph after = Passes.simplify(graph);
        Map<String, List<String>> inputs = new TreeMap<>();
        after.nodes().forEach(node -> inputs.put(node.outputs().getFirst() + " " + node.operator(), node.inputs()));
        assertEquals(Map.of("y Exp", List.of("x"), "z Identity", List.of("y"), "copy Identity", List.of("x"),
                "last Add", List.of("y", "z")), inputs);
        unchanged(Passes::simplify, graph, TestGraphs.random(new Random(6), 1, 2, 4), 0);
    }

    /** What takes time in proportion to the square of the nodes takes minutes here. */
    @ParameterizedTest
    @ValueSource(strings = {"Identity", "Neg", "Add", "Reshape", "Transpose", "Cast", "Relu", "QDQ"})
    void longGraphsArePreparedInTime(String operator) {
        int length = 12_000;
        GraphBuilder b = Graph.builder("chain", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(2), Dim.of(2)));
        Arena arena = Arena.ofAuto();
        String shape = b.constant("shape", Tensor.ofLongs(arena, Shape.of(2), 2, 2));
        String scale = b.constant("scale", Tensor.ofFloats(arena, Shape.of(), 0.5f));
        String value = "x";
        for (int i = 0; i < length; i++) {
            value = switch (operator) {
                case "Add" -> b.add("Add", value, "x");
                case "Reshape" -> b.add("Reshape", value, shape);
                case "Cast" -> b.add("Cast", List.of(value), Attributes.NONE.with("to", i % 2 == 0 ? 11 : 1));
                case "QDQ" -> b.add(i % 2 == 0 ? "QuantizeLinear" : "DequantizeLinear", value, scale);
                default -> b.add(operator, value);
            };
        }
        Graph graph = b.output(value).build();
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        Network.of(graph).prepare(Backend.SCALAR).close();
        long seconds = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1_000_000_000;
        assertTrue(seconds < 8, length + " nodes took " + seconds + " s");
    }

    @Test
    void meansOfImagesArePooled() {
        for (int keepdims : new int[] {0, 1}) {
            GraphBuilder b = Graph.builder("mean", 17);
            b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of("h"), Dim.of(5)));
            b.node(Node.of("y", "ReduceMean", List.of("x"), List.of("y"),
                    Attributes.NONE.with("axes", new long[] {-1, 2}).with("keepdims", keepdims)));
            Graph graph = b.output("y").build();
            assertEquals(keepdims == 1 ? List.of("GlobalAveragePool") : List.of("GlobalAveragePool", "Flatten"),
                    Passes.simplify(graph).nodes().stream().map(Node::operator).toList());
            unchanged(Passes::simplify, graph, TestGraphs.random(new Random(5), 1, 2, 3, 4, 5), 1e-6f);
        }
    }

    @Test
    void meansOfOtherAxesStay() {
        GraphBuilder b = Graph.builder("mean", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(3), Dim.of(4), Dim.of(5)));
        b.node(Node.of("y", "ReduceMean", List.of("x"), List.of("y"),
                Attributes.NONE.with("axes", new long[] {1, 2})));
        assertEquals(1, count(Passes.simplify(b.output("y").build()), "ReduceMean"));
    }

    @Test
    void allPassesTogetherChangeNothing() {
        assertArrayEquals(plain(TestGraphs.residual(), IMAGE), plain(Passes.forExecution(TestGraphs.residual()), IMAGE),
                2e-4f);
        assertTrue(Passes.forExecution(TestGraphs.residual()).nodes().size() < TestGraphs.residual().nodes()
                .size() / 2 + 2);
    }
}
