package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelPruningTest {
    private static Shape shape(Graph graph, String name) {
        return graph.initializer(name).orElseThrow().shape();
    }

    private static Graph apply(Graph graph, String options) {
        return Recipe.parse("structured:" + options).apply(graph);
    }

    /** Sets all weights of an output to zero. */
    private static void clear(GraphBuilder builder, Graph graph, String name, int axis, int... channels) {
        Tensor tensor = builder.build().initializer(name).orElseThrow().copy(SmallNetwork.ARENA);
        for (int channel : channels) {
            Tensor slice = tensor.slice(axis, channel, 1);
            for (long i = 0; i < slice.shape().elements(); i++) {
                slice.set(i, 0);
            }
        }
        builder.initializer(name, tensor);
    }

    /** Returns the outputs (along an axis) of least norm of the sum of the weights of some layers. */
    private static int[] least(Graph graph, int count, String... names) {
        int outputs = (int) shape(graph, names[0]).dim(0);
        double[] norms = new double[outputs];
        for (String name : names) {
            float[] values = graph.initializer(name).orElseThrow().toFloats();
            int row = values.length / outputs;
            for (int i = 0; i < values.length; i++) {
                norms[i / row] += values[i] * values[i] / (double) row;
            }
        }
        return IntStream.range(0, outputs).boxed().sorted((a, b) -> Double.compare(norms[a], norms[b])).limit(count)
                .mapToInt(Integer::intValue).toArray();
    }

    @Test
    void whatIsLeftComputesWhatZerosWould() {
        Graph graph = SmallNetwork.residual();
        Graph small = apply(graph, "channels=0.5,keep=none");
        assertEquals(Shape.of(4, 3, 3, 3), shape(small, "w1"));
        assertEquals(Shape.of(8, 4, 3, 3), shape(small, "w2"));
        assertEquals(Shape.of(4, 8, 3, 3), shape(small, "w3"));
        assertEquals(Shape.of(4, 1, 3, 3), shape(small, "w4"));
        assertEquals(Shape.of(6, 4, 1, 1), shape(small, "w5"));
        assertEquals(Shape.of(5, 24), shape(small, "w6"));
        assertEquals(Shape.of(5, 5), shape(small, "w7"));
        assertEquals(graph.outputs(), small.outputs());
        // The same network with zeros: what makes the channels, and the bias that would bring them back.
        GraphBuilder zeroed = graph.toBuilder();
        int[] tied = least(graph, 4, "w1", "w3", "w4");
        for (String name : List.of("w1", "b1", "w3", "b3", "w4", "b4")) {
            clear(zeroed, graph, name, 0, tied);
        }
        for (int layer : new int[] {2, 5, 6}) {
            int[] own = least(graph, (int) shape(graph, "w" + layer).dim(0) / 2, "w" + layer);
            clear(zeroed, graph, "w" + layer, 0, own);
            clear(zeroed, graph, "b" + layer, 0, own);
        }
        Tensor x = SmallNetwork.random(new Random(8), 3, 3, 4, 4);
        assertArrayEquals(SmallNetwork.run(zeroed.build(), x), SmallNetwork.run(small, x));
    }

    @Test
    void otherRuntimesReadWhatIsLeft(@TempDir Path folder) throws OrtException {
        Graph small = apply(SmallNetwork.residual(), "channels=0.5,keep=none");
        small.save(folder.resolve("small.onnx"));
        Tensor x = SmallNetwork.random(new Random(8), 3, 3, 4, 4);
        float[] ours = SmallNetwork.run(small, x);
        try (OnnxRuntime runtime = new OnnxRuntime(folder.resolve("small.onnx"))) {
            float[][] theirs = runtime.run(x);
            for (int i = 0; i < ours.length; i++) {
                assertEquals(theirs[i / 5][i % 5], ours[i], 1e-4f * Math.max(1, Math.abs(ours[i])));
            }
        }
    }

    @Test
    void endsStayAndWhatIsTiedToThem() {
        Graph graph = SmallNetwork.residual();
        Graph small = apply(graph, "channels=0.25");
        // w1 is tied to w3 and w4 by the sum.
        assertEquals(Shape.of(8, 3, 3, 3), shape(small, "w1"));
        assertEquals(Shape.of(12, 8, 3, 3), shape(small, "w2"));
        assertEquals(Shape.of(8, 12, 3, 3), shape(small, "w3"));
        assertEquals(Shape.of(8, 1, 3, 3), shape(small, "w4"));
        assertEquals(Shape.of(9, 8, 1, 1), shape(small, "w5"));
        assertEquals(Shape.of(8, 36), shape(small, "w6"));
        assertEquals(Shape.of(8, 5), shape(small, "w7"));
        assertEquals(8, small.nodes().stream().filter(node -> node.attributes().integer("group", 1) > 1).findFirst()
                .orElseThrow().attributes().integer("group", 1));
    }

    @Test
    void normalizationsAndConstantsShrinkToo() {
        SmallNetwork net = new SmallNetwork();
        String conv = net.builder.add("Mul", net.builder.add("Elu", net.conv(net.input(2, 3, 3), 2, 6, 3, 1)),
                net.builder.constant("factor", SmallNetwork.random(new Random(3), 6, 1, 1)));
        String ones = net.builder.constant("ones", Tensor.ofFloats(SmallNetwork.ARENA, Shape.of(6), 1, 2, 3, 4, 5, 6));
        String norm = net.builder.add("BatchNormalization", conv, ones, ones, ones, ones);
        String gate = net.builder.add("Sigmoid", net.conv(net.builder.add("GlobalAveragePool", norm), 6, 6, 1, 1));
        String flat = net.builder.add("Reshape", net.builder.add("Mul", norm, gate), net.builder.constant("shape",
                Tensor.ofLongs(SmallNetwork.ARENA, Shape.of(2), -1, 54)));
        Graph graph = net.build(net.gemm(flat, 54, 4));
        Graph small = apply(graph, "channels=0.34,keep=last");
        assertEquals(Shape.of(4, 2, 3, 3), shape(small, "w1"));
        assertEquals(Shape.of(4, 4, 1, 1), shape(small, "w2"));
        assertEquals(Shape.of(4, 36), shape(small, "w3"));
        assertEquals(Shape.of(4, 1, 1), shape(small, "factor"));
        assertArrayEquals(new long[] {-1, 36}, small.initializer("shape").orElseThrow().toLongs());
        // Here the reading weights are zero as well: a gate of weight zero is a half, a normalization adds.
        GraphBuilder zeroed = graph.toBuilder();
        int[] gone = least(graph, 2, "w1", "w2");
        clear(zeroed, graph, "w2", 1, gone);
        int[] pixels = Arrays.stream(gone).flatMap(c -> IntStream.range(9 * c, 9 * c + 9)).toArray();
        clear(zeroed, graph, "w3", 1, pixels);
        Tensor x = SmallNetwork.random(new Random(8), 3, 2, 3, 3);
        assertArrayEquals(SmallNetwork.run(zeroed.build(), x), SmallNetwork.run(small, x));
    }

    @Test
    void neuronsOfAPerceptronGo() {
        SmallNetwork net = new SmallNetwork();
        String hidden = net.builder.add("Tanh", net.matMul(net.input(7, 4), 4, 10));
        Graph graph = net.build(net.builder.add("Add", net.matMul(hidden, 10, 4), "x"));
        Graph small = apply(graph, "channels=0.3,keep=none");
        assertEquals(Shape.of(4, 7), shape(small, "w1"));
        assertEquals(Shape.of(7), shape(small, "b1"));
        assertEquals(Shape.of(7, 4), shape(small, "w2"));
        assertEquals(graph.outputs(), small.outputs());
        assertEquals(2 * 7 * 4, SmallNetwork.run(small, SmallNetwork.random(new Random(1), 2, 7, 4)).length);
    }

    @Test
    void constantsThatOthersReadAreCopied() {
        SmallNetwork net = new SmallNetwork();
        String x = net.input(4);
        net.builder.initializer("w", SmallNetwork.random(new Random(1), 4, 4));
        String hidden = net.builder.add("Relu", net.builder.add("MatMul", x, "w"));
        Graph graph = net.build(net.builder.add("MatMul", hidden, "w"));
        Graph small = apply(graph, "channels=0.5,keep=none");
        assertEquals(List.of(Shape.of(2, 4), Shape.of(4, 2)),
                small.initializers().values().stream().map(Tensor::shape).sorted((a, b) ->
                        Long.compare(a.dim(0), b.dim(0))).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Softmax", "LpNormalization"})
    void whatIsNotUnderstoodStays(String operator) {
        SmallNetwork net = new SmallNetwork();
        String hidden = net.builder.add(operator, List.of(net.matMul(net.input(4), 4, 8)), Attributes.NONE);
        Graph graph = net.build(net.matMul(hidden, 8, 4));
        String message = assertThrows(CompressException.class, () -> apply(graph, "channels=0.5,keep=none"))
                .getMessage();
        assertTrue(message.contains("got none"), message);
    }

    @Test
    void groupedConvolutionsStay() {
        SmallNetwork net = new SmallNetwork();
        String first = net.relu(net.conv(net.input(3, 4, 4), 3, 8, 1, 1));
        String grouped = net.relu(net.conv(first, 8, 8, 3, 2));
        Graph graph = net.build(net.conv(net.relu(net.conv(grouped, 8, 6, 1, 1)), 6, 2, 1, 1));
        Graph small = apply(graph, "channels=0.5,keep=none");
        assertEquals(Shape.of(8, 3, 1, 1), shape(small, "w1"));
        assertEquals(Shape.of(8, 4, 3, 3), shape(small, "w2"));
        assertEquals(Shape.of(3, 8, 1, 1), shape(small, "w3"));
        assertEquals(Shape.of(2, 3, 1, 1), shape(small, "w4"));
    }

    @Test
    void theResultIsQuantizedWhereAskedFor() {
        Graph graph = SmallNetwork.residual();
        Tensor samples = SmallNetwork.random(new Random(4), 16, 3, 4, 4);
        Graph small = Recipe.parse("structured-int8:channels=0.5").apply(graph, Calibration.of(graph, samples));
        assertTrue(small.nodes().stream().anyMatch(node -> node.is("QuantizeLinear")));
        assertEquals(Shape.of(8, 8, 3, 3), shape(small, "w2_quantized"));
        assertEquals(Map.of(), small.sparsity());
        assertEquals(16 * 5, SmallNetwork.run(small, samples).length);
    }
}
