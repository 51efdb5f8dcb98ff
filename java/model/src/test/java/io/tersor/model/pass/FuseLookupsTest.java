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
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Functions of bytes become tables; what they hold is computed here in binary64, one by one. */
class FuseLookupsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final double SRC_SCALE = 0.0517f;
    private static final double DST_SCALE = 0.0313f;
    private static final int DST_ZERO = 20;

    /** A graph of bytes x [2, 128], dequantized as r, and y = quantized what {@code body} makes of r. */
    private static Graph graph(DataType type, int zeroPoint, BiFunction<GraphBuilder, String, String> body) {
        GraphBuilder b = Graph.builder("lookup", 21);
        b.input(ValueInfo.of("x", type, Dim.of(2), Dim.of(128)));
        b.initializer("xs", Tensor.ofFloats(ARENA, Shape.of(), (float) SRC_SCALE));
        b.initializer("xz", Tensor.ofBytes(ARENA, type, Shape.of(), (byte) zeroPoint));
        b.initializer("ys", Tensor.ofFloats(ARENA, Shape.of(), (float) DST_SCALE));
        b.initializer("yz", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) DST_ZERO));
        String real = body.apply(b, b.add("DequantizeLinear", "x", "xs", "xz"));
        b.node(Node.of("y", "QuantizeLinear", List.of(real, "ys", "yz"), List.of("y"), Attributes.NONE));
        return b.output(ValueInfo.of("y", DataType.U8, Dim.of(2), Dim.of(128))).build();
    }

    private static void check(DataType type, int zeroPoint, BiFunction<GraphBuilder, String, String> body,
            DoubleUnaryOperator function) {
        Graph fused = Passes.forExecution(graph(type, zeroPoint, body));
        assertEquals(List.of("io.tersor.Lookup"), fused.nodes().stream().map(Node::operator).toList());
        Tensor x = Tensor.allocate(ARENA, type, Shape.of(2, 128));
        float[] expected = new float[256];
        for (int i = 0; i < 256; i++) {
            int level = i + (type == DataType.S8 ? -128 : 0);
            x.setLong(i, level);
            double result = Math.rint(function.applyAsDouble((level - zeroPoint) * SRC_SCALE) / DST_SCALE) + DST_ZERO;
            expected[i] = (float) Math.max(0, Math.min(255, result));
        }
        for (Backend backend : new Backend[] {Backend.SCALAR, Backend.VECTOR, Backend.NATIVE}) {
            try (PreparedNetwork network = Network.of(graph(type, zeroPoint, body)).prepare(backend);
                    Arena arena = Arena.ofConfined()) {
                assertArrayEquals(expected, network.run(x, arena).toFloats(), backend.label());
                assertTrue(network.kernels().getFirst().kernel().contains("lookup_" + type + "u8"),
                        network.kernels().toString());
            }
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Test
    void functionsOfOneTensorBecomeOneTable() {
        for (DataType type : new DataType[] {DataType.U8, DataType.S8}) {
            int zeroPoint = type == DataType.U8 ? 131 : -7;
            check(type, zeroPoint, (b, r) -> b.add("Sigmoid", r), FuseLookupsTest::sigmoid);
            check(type, zeroPoint, (b, r) -> b.add("Mul", r, b.add("Sigmoid", r)), x -> x * sigmoid(x));
            check(type, zeroPoint, (b, r) -> b.add("HardSwish", r), x -> x * Math.max(0, Math.min(1, x / 6 + 0.5)));
            check(type, zeroPoint, (b, r) -> b.add("LeakyRelu", List.of(r), Attributes.NONE.with("alpha", 0.25f)),
                    x -> x < 0 ? 0.25 * x : x);
        }
    }

    @Test
    void constantsAndFurtherPairsBelongToIt() {
        check(DataType.U8, 100, (b, r) -> {
            String half = b.constant("half", Tensor.ofFloats(ARENA, Shape.of(1, 1), 0.5f));
            String low = b.constant("low", Tensor.ofFloats(ARENA, Shape.of(), -1f));
            return b.add("Clip", b.add("Mul", r, half), low, "");
        }, x -> Math.max(-1, 0.5 * x));
        // A sigmoid that is quantized between: by 1/256.
        check(DataType.U8, 100, (b, r) -> {
            b.initializer("ss", Tensor.ofFloats(ARENA, Shape.of(), 1 / 256f));
            b.initializer("sz", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) 0));
            String levels = b.add("QuantizeLinear", b.add("Sigmoid", r), "ss", "sz");
            return b.add("Mul", b.add("DequantizeLinear", levels, "ss", "sz"), r);
        }, x -> x * Math.min(255, Math.rint(sigmoid((float) x) * 256)) / 256);
    }

    private static void unchanged(BiFunction<GraphBuilder, String, String> body) {
        Graph graph = graph(DataType.U8, 100, body);
        assertEquals(graph.nodes(), new FuseLookups().apply(graph).nodes());
    }

    @Test
    void otherOperandsAreNoFunctionsOfBytes() {
        unchanged((b, r) -> b.add("Relu", r));
        unchanged((b, r) -> {
            b.output(ValueInfo.of(b.add("Tanh", r), DataType.F32, Dim.of(2), Dim.of(128)));
            return b.add("Relu", r);
        });
        unchanged((b, r) -> b.add("Softmax", r));
        unchanged((b, r) -> b.add("Add", r, b.constant("row", Tensor.ofFloats(ARENA, Shape.of(2, 1), 1f, 2f))));
        // A constant that adds an axis.
        unchanged((b, r) -> b.add("Add", r, b.constant("one", Tensor.ofFloats(ARENA, Shape.of(1, 1, 1), 1f))));
        unchanged((b, r) -> {
            b.input(ValueInfo.of("other", DataType.U8, Dim.of(2), Dim.of(128)));
            return b.add("Mul", r, b.add("DequantizeLinear", "other", "xs", "xz"));
        });
        unchanged((b, r) -> {
            b.input(ValueInfo.of("real", DataType.F32, Dim.of(2), Dim.of(128)));
            return b.add("Add", b.add("Tanh", r), "real");
        });
    }

    @Test
    void whatElseUsesTheFunctionKeepsIt() {
        Graph graph = graph(DataType.U8, 100, (b, r) -> b.add("Tanh", r));
        String real = graph.nodes().stream().filter(node -> node.is("Tanh")).findFirst().orElseThrow().output();
        Graph both = Passes.forExecution(graph.toBuilder().output(ValueInfo.of(real, DataType.F32, Dim.of(2), Dim.of(128)))
                .build());
        List<String> operators = both.nodes().stream().map(Node::operator).toList();
        assertTrue(operators.containsAll(Arrays.asList("DequantizeLinear", "Tanh", "io.tersor.Lookup")),
                operators.toString());
    }
}
