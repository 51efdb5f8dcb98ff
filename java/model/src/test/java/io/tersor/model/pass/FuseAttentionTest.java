package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention that is written out, and the operator: which kernels it becomes, and that binary64 gives the same. */
class FuseAttentionTest {
    static final int HEADS = 3;
    static final int SIZE = 8;
    private static final Arena ARENA = Arena.ofAuto();
    static final long[] SWAP = {0, 2, 1, 3};

    /** Builds a graph of an element type, of inputs q, k, v of [n, length, heads, size]. */
    @FunctionalInterface
    interface Body {
        String build(GraphBuilder b, DataType type);
    }

    static Graph graph(DataType type, Body body) {
        GraphBuilder b = Graph.builder("attention", 23);
        for (String name : List.of("q", "k", "v")) {
            b.input(ValueInfo.of(name, type, Dim.of("n"), Dim.of(name.equals("q") ? "tq" : "tk"), Dim.of(HEADS),
                    Dim.of(SIZE)));
        }
        b.input(ValueInfo.of("mask", DataType.BOOL, Dim.of("n"), Dim.of("tk")));
        b.node(Node.of("y", "Identity", List.of(body.build(b, type)), List.of("y"), Attributes.NONE));
        return b.output("y").build();
    }

    static String number(GraphBuilder b, DataType type, double value) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of());
        tensor.set(0, value);
        return b.constant("c", tensor);
    }

    static String transpose(GraphBuilder b, String value, long... order) {
        return b.add("Transpose", List.of(value), Attributes.NONE.with("perm", order));
    }

    static String mask(GraphBuilder b) {
        return b.add("Unsqueeze", "mask", b.constant("axes", Tensor.ofLongs(ARENA, Shape.of(2), 1, 2)));
    }

    private static String scores(GraphBuilder b, DataType type) {
        return b.add("Div", b.add("MatMul", transpose(b, "q", SWAP), transpose(b, "k", 0, 2, 3, 1)),
                number(b, type, Math.sqrt(SIZE)));
    }

    private static String weighted(GraphBuilder b, String weights) {
        return transpose(b, b.add("MatMul", weights, transpose(b, "v", SWAP)), SWAP);
    }

    static Map<String, Tensor> inputs(Graph graph, long n, long tq, long tk) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (ValueInfo info : graph.inputs()) {
            Random random = new Random(info.name().hashCode());
            Shape shape = info.name().equals("mask") ? Shape.of(n, tk)
                    : Shape.of(n, info.name().equals("q") ? tq : tk, HEADS, SIZE);
            Tensor tensor = Tensor.allocate(ARENA, info.type(), shape);
            for (long i = 0; i < shape.elements(); i++) {
                tensor.set(i, info.type() == DataType.BOOL ? i % 3 == 2 ? 0 : 1 : (float) random.nextGaussian());
            }
            inputs.put(info.name(), tensor);
        }
        return inputs;
    }

    static void check(Body body, String... kernels) {
        Graph graph = graph(DataType.F32, body);
        Graph exact = graph(DataType.F64, body);
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend);
                    PreparedNetwork reference = Network.of(exact).prepare(Backend.SCALAR)) {
                for (long[] extents : new long[][] {{1, 1, 1}, {2, 7, 7}, {3, 5, 40}, {2, 7, 7}}) {
                    float[] expected = reference.run(inputs(exact, extents[0], extents[1], extents[2]), ARENA).get("y")
                            .toFloats();
                    assertArrayEquals(expected, network.run(inputs(graph, extents[0], extents[1], extents[2]), ARENA)
                            .get("y").toFloats(), 1e-5f);
                }
                assertEquals(List.of(kernels), network.kernels().stream().map(step -> step.kernel()
                        .replaceAll("_\\d+x\\d+|__\\d+|" + backend.label() + "/", "")
                        .replaceAll("^(java/)?transpose.*", "transpose")).toList());
            }
        }
    }

    @Test
    void attentionOfTokensIsOneKernel() {
        check((b, type) -> weighted(b, b.add("Softmax", scores(b, type))), "attention_f32f32f32f32");
    }

    @Test
    void attentionOfHeadsWithTwoTransposes() {
        check((b, type) -> {
            String keys = transpose(b, transpose(b, "k", SWAP), 0, 1, 3, 2);
            String scores = b.add("Mul", number(b, type, 0.4), b.add("MatMul", transpose(b, "q", SWAP), keys));
            String heads = b.add("Mul", transpose(b, "v", SWAP), number(b, type, 2));
            return b.add("MatMul", b.add("Softmax", scores), heads);
        }, "mul_broadcast_f32", "attention_f32f32f32f32");
    }

    @Test
    void maskIsAdded() {
        check((b, type) -> {
            String bias = b.add("Where", mask(b), number(b, type, 0), number(b, type, -1e4));
            return weighted(b, b.add("Softmax", b.add("Add", bias, scores(b, type))));
        }, "java/where", "attention_f32f32f32f32");
    }

    @Test
    void maskThatReplacesScoresIsAddedIfItIsLow() {
        check((b, type) -> weighted(b, b.add("Softmax",
                b.add("Where", mask(b), scores(b, type), number(b, type, -3.4e38)))),
                "java/where", "attention_f32f32f32f32");
    }

    @Test
    void maskThatReplacesScoresByAUsualNumberIsNot() {
        check((b, type) -> weighted(b, b.add("Softmax", b.add("Where", mask(b), scores(b, type), number(b, type, -1)))),
                "transpose", "transpose", "matrix_product_f32", "div_broadcast_f32", "java/where",
                "softmax_f32", "transpose", "matrix_product_f32", "transpose");
    }

    @Test
    void weightsThatAreUsedElsewhereAreKept() {
        check((b, type) -> {
            String weights = b.add("Softmax", scores(b, type));
            String sum = b.add("ReduceMax", List.of(weights), Attributes.NONE.with("keepdims", 0));
            return b.add("Mul", weighted(b, weights), sum);
        }, "transpose", "transpose", "matrix_product_f32", "div_broadcast_f32", "softmax_f32",
                "reduce_max_f32", "transpose", "matrix_product_f32", "transpose", "mul_broadcast_f32");
    }

    @Test
    void softmaxOfAnotherAxisIsNoAttention() {
        check((b, type) -> weighted(b, b.add("Softmax", List.of(scores(b, type)), Attributes.NONE.with("axis", 2))),
                "transpose", "transpose", "matrix_product_f32", "div_broadcast_f32", "transpose",
                "softmax_f32", "transpose",
                "transpose", "matrix_product_f32", "transpose");
    }

    @Test
    void productReadsATransposedOperandAsItIs() {
        check((b, type) -> b.add("MatMul", transpose(b, "q", SWAP),
                transpose(b, transpose(b, "k", SWAP), 0, 1, 3, 2)), "transpose", "transpose",
                "matrix_product_f32t");
    }

    @Test
    void operatorOfTokensCausalWithBoolMask() {
        check((b, type) -> {
            String shape = b.constant("shape", Tensor.ofLongs(ARENA, Shape.of(3), 0, 0, HEADS * SIZE));
            return b.add("Attention", List.of(b.add("Reshape", "q", shape), b.add("Reshape", "k", shape),
                    b.add("Reshape", "v", shape), mask(b)), Attributes.NONE.with("q_num_heads", HEADS)
                    .with("kv_num_heads", HEADS).with("is_causal", 1).with("scale", 0.3f));
        }, "java/mask", "attention_f32f32f32f32");
    }

    @Test
    void operatorWithSoftCapStaysGeneral() {
        check((b, type) -> b.add("Attention", List.of(transpose(b, "q", SWAP), transpose(b, "k", SWAP),
                transpose(b, "v", SWAP)), Attributes.NONE.with("softcap", 2f)),
                "transpose", "transpose", "transpose", "java/attention");
    }

    @Test
    void quantizedOperandsAndResult() {
        Graph graph = graph(DataType.F32, (b, type) -> {
            Map<String, String> real = new HashMap<>();
            for (String name : List.of("q", "k", "v")) {
                real.put(name, pair(b, name, 0.02f, 128));
            }
            String scores = b.add("Div", b.add("MatMul", transpose(b, real.get("q"), SWAP),
                    transpose(b, real.get("k"), 0, 2, 3, 1)), number(b, type, Math.sqrt(SIZE)));
            String y = transpose(b, b.add("MatMul", b.add("Softmax", scores), transpose(b, real.get("v"), SWAP)), SWAP);
            String joined = b.add("Reshape", y, b.constant("shape", Tensor.ofLongs(ARENA, Shape.of(3), 0, 0,
                    HEADS * SIZE)));
            return pair(b, joined, 0.01f, 120);
        });
        Map<String, Tensor> inputs = inputs(graph, 2, 6, 9);
        List<float[]> results = new ArrayList<>();
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend)) {
                results.add(network.run(inputs, ARENA).get("y").toFloats());
                assertEquals(1, network.kernels().stream().filter(step -> step.kernel().contains("attention_u8u8u8u8"))
                        .count(), () -> network.kernels().toString());
                assertEquals(5, network.kernels().size());
            }
        }
        float[] expected = observed(graph, inputs);
        assertArrayEquals(expected, results.get(0), 0.0101f);
        assertArrayEquals(expected, results.get(1), 0.0101f);
    }

    /** Attention of q, k and v quantized as they come and of probabilities with the given zero point. */
    private static Graph withQuantizedProbabilities(int zeroPoint, boolean quantizedValues) {
        return graph(DataType.F32, (b, type) -> {
            String scores = b.add("Mul", b.add("MatMul", transpose(b, pair(b, "q", 0.02f, 128), SWAP),
                    transpose(b, pair(b, "k", 0.025f, 120), 0, 2, 3, 1)), number(b, type, 0.4));
            String values = quantizedValues ? pair(b, "v", 0.03f, 130) : "v";
            String shares = pair(b, b.add("Softmax", scores), 1 / 255f, zeroPoint);
            return transpose(b, b.add("MatMul", shares, transpose(b, values, SWAP)), SWAP);
        });
    }

    @Test
    void quantizedProbabilitiesArePartOfTheKernel() {
        Graph graph = withQuantizedProbabilities(0, true);
        Map<String, Tensor> inputs = inputs(graph, 2, 6, 9);
        float[] expected = observed(graph, inputs);
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend)) {
                // Another order of sums may round a probability the other way: one step times the largest value.
                assertArrayEquals(expected, network.run(inputs, ARENA).get("y").toFloats(), 3.9f / 255);
                assertEquals(1, network.kernels().stream().filter(step ->
                        step.kernel().contains("attention_u8u8u8f32_u8_weights")).count(),
                        () -> network.kernels().toString());
            }
        }
    }

    @Test
    void probabilitiesQuantizedInAnotherWayAreNot() {
        for (Graph graph : List.of(withQuantizedProbabilities(3, true), withQuantizedProbabilities(0, false))) {
            Map<String, Tensor> inputs = inputs(graph, 2, 6, 9);
            try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
                assertArrayEquals(observed(graph, inputs), network.run(inputs, ARENA).get("y").toFloats(), 3.9f / 255);
                assertEquals(0, network.kernels().stream().filter(step -> step.kernel().contains("attention")).count());
            }
        }
    }

    /** Returns y as the graph's own operators give it. */
    static float[] observed(Graph graph, Map<String, Tensor> inputs) {
        List<float[]> found = new ArrayList<>();
        try (ObservedNetwork network = Network.of(graph).observed(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            network.run(inputs, (value, tensor) -> {
                if (value.equals("y")) {
                    found.add(tensor.toFloats());
                }
            });
        }
        return found.getFirst();
    }

    static String pair(GraphBuilder b, String value, float scale, int zeroPoint) {
        String s = b.constant("s", Tensor.ofFloats(ARENA, Shape.of(), scale));
        String z = b.constant("z", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) zeroPoint));
        return b.add("DequantizeLinear", b.add("QuantizeLinear", value, s, z), s, z);
    }

    @Test
    void normalizationBeforeQuantization() {
        GraphBuilder b = Graph.builder("norm", 17);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(24)));
        String scale = b.constant("scale", TestGraphs.random(new Random(3), 1, 24));
        String norm = b.add("LayerNormalization", "x", scale, scale);
        b.node(Node.of("y", "Identity", List.of(pair(b, norm, 0.03f, 100)), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend)) {
                assertEquals(List.of("io.tersor.QLayerNormalization", "DequantizeLinear"),
                        network.kernels().stream().map(step -> step.operator()).toList());
            }
        }
    }
}
