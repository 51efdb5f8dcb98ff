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
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

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
        Graph after = new FoldBatchNorm().apply(before);
        assertEquals(5, count(before, "BatchNormalization"));
        assertEquals(0, count(after, "BatchNormalization"));
        unchanged(new FoldBatchNorm(), before, IMAGE, 2e-4f);
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
        assertEquals(1, count(new FoldBatchNorm().apply(graph), "BatchNormalization"));
    }

    @Test
    void activationsAreFused() {
        Graph before = new FoldBatchNorm().apply(TestGraphs.residual());
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
