package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products with sources quantized at run time: one step where all of it is there, and the same numbers either way. */
class FuseDynamicProductsTest {
    private static final int K = 37;
    private static final int N = 21;

    private final Random random = new Random(3);
    private final Tensor x = TestGraphs.random(random, 2, 2, 5, K);
    private final Tensor residual = TestGraphs.random(random, 2, 2, 5, N);

    /** What differs between the networks. */
    private record Form(DataType weights, boolean zeroPoint, boolean perColumn, boolean scaleFirst, boolean bias,
            boolean scaleIsOutput, boolean residual, String function) {
        private Form(DataType weights, boolean zeroPoint, boolean perColumn, boolean scaleFirst, boolean bias,
                boolean scaleIsOutput) {
            this(weights, zeroPoint, perColumn, scaleFirst, bias, scaleIsOutput, false, "");
        }
    }

    private Graph graph(Form form) {
        GraphBuilder b = Graph.builder("dynamic", 20).input(ValueInfo.of("x", DataType.F32, Shape.of(2, 5, K)))
                .input(ValueInfo.of("r", DataType.F32, Shape.of(2, 5, N)));
        Tensor weights = Tensor.allocate(Arena.ofAuto(), form.weights, Shape.of(K, N));
        for (long i = 0; i < weights.shape().elements(); i++) {
            weights.setLong(i, (long) form.weights.min() + random.nextInt(256));
        }
        Shape parameters = form.perColumn ? Shape.of(N) : Shape.of();
        Tensor scales = Tensor.allocate(Arena.ofAuto(), DataType.F32, parameters);
        Tensor zeroPoints = Tensor.allocate(Arena.ofAuto(), form.weights, parameters);
        for (long i = 0; i < parameters.elements(); i++) {
            scales.set(i, 0.01 * (1 + random.nextDouble()));
            zeroPoints.setLong(i, (long) form.weights.min() + random.nextInt(256));
        }
        b.node(Node.of("q", "DynamicQuantizeLinear", List.of("x"), List.of("xq", "xs", "xz"), Attributes.NONE));
        String zero = form.zeroPoint ? b.constant("wz", zeroPoints) : "";
        String sums = b.add("MatMulInteger", "xq", b.constant("w", weights), "xz", zero);
        String scale = b.constant("ws", scales);
        String factors = form.scaleFirst ? b.add("Mul", scale, "xs") : b.add("Mul", "xs", scale);
        String real = b.add("Cast", List.of(sums), Attributes.NONE.with("to", 1));
        String y = form.scaleFirst ? b.add("Mul", factors, real) : b.add("Mul", real, factors);
        if (form.scaleIsOutput) {
            b.output(ValueInfo.of(factors, DataType.F32, parameters.rank() == 0 ? Shape.of() : Shape.of(N)));
        }
        y = form.bias ? b.add("Add", y, b.constant("b", TestGraphs.random(random, 1, N))) : y;
        y = form.residual ? b.add("Add", "r", y) : y;
        y = form.function.isEmpty() ? y : b.add(form.function, y);
        b.node(Node.of("last", "Identity", List.of(y), List.of("y"), Attributes.NONE));
        return b.output(ValueInfo.of("y", DataType.F32, Shape.of(2, 5, N))).build();
    }

    private Tensor run(Graph graph, Backend backend, boolean fused) {
        try (PreparedNetwork network = Network.of(graph).prepare(backend); Arena arena = Arena.ofConfined()) {
            List<String> operators = network.kernels().stream().map(StepInfo::operator).toList();
            assertEquals(fused, operators.contains("io.tersor.DynamicMatMul"), operators.toString());
            assertEquals(fused, !operators.contains("MatMulInteger"), operators.toString());
            if (fused) {
                assertTrue(operators.stream().noneMatch(List.of("Add", "Relu", "Gelu")::contains), operators.toString());
            }
            return network.run(Map.of("x", x, "r", residual), arena).get("y").copy(Arena.ofAuto());
        }
    }

    /** The chain with all of its values looked at, which nothing fuses. */
    private Tensor apart(Graph graph) {
        GraphBuilder b = graph.toBuilder();
        graph.nodes().stream().filter(node -> node.is("MatMulInteger")).forEach(node ->
                b.output(ValueInfo.of(node.output(), DataType.S32, Shape.of(2, 5, N))));
        return run(b.build(), Backend.SCALAR, false);
    }

    private static void assertClose(Tensor expected, Tensor actual) {
        assertEquals(expected.shape(), actual.shape());
        for (long i = 0; i < expected.shape().elements(); i++) {
            assertEquals(expected.get(i), actual.get(i), 1e-6 * Math.max(1, Math.abs(expected.get(i))), "element " + i);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void chainsAreOneStep(Backend backend) {
        for (int bits = 0; bits < 64; bits++) {
            Form form = new Form(bits % 2 == 0 ? DataType.S8 : DataType.U8, (bits & 2) != 0, (bits & 4) != 0,
                    (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0);
            Graph graph = graph(form);
            assertClose(apart(graph), run(graph, backend, true));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "VECTOR", "NATIVE"})
    void residualsAndActivationsJoin(Backend backend) {
        for (String function : List.of("", "Relu", "Gelu")) {
            for (int bits = 0; bits < 4; bits++) {
                Form form = new Form(DataType.S8, true, true, false, (bits & 1) != 0, false, (bits & 2) != 0, function);
                Graph graph = graph(form);
                assertClose(apart(graph), run(graph, backend, true));
            }
        }
    }

    @Test
    void productsShareOneQuantization() {
        Graph graph = graph(new Form(DataType.S8, true, false, false, true, false));
        GraphBuilder b = graph.toBuilder();
        graph.nodes().stream().filter(node -> node.is("MatMulInteger")).forEach(node -> {
            String sums = b.add("MatMulInteger", node.inputs().get(0), node.inputs().get(1), node.inputs().get(2));
            String real = b.add("Cast", List.of(sums), Attributes.NONE.with("to", 1));
            b.output(ValueInfo.of(b.add("Mul", real, b.add("Mul", "xs", "ws")), DataType.F32, Shape.of(2, 5, N)));
        });
        try (PreparedNetwork network = Network.of(b.build()).prepare()) {
            List<String> operators = network.kernels().stream().map(StepInfo::operator).toList();
            assertEquals(List.of("DynamicQuantizeLinear", "io.tersor.DynamicMatMul", "io.tersor.DynamicMatMul"),
                    operators.stream().filter(name -> name.contains("Dynamic")).toList());
        }
    }

    @Test
    void otherChainsStayApart() {
        GraphBuilder b = Graph.builder("dynamic", 17).input(ValueInfo.of("x", DataType.F32, Shape.of(2, 5, K)))
                .input(ValueInfo.of("s", DataType.F32, Shape.of()));
        Tensor weights = Tensor.allocate(Arena.ofAuto(), DataType.S8, Shape.of(K, N));
        b.node(Node.of("q", "DynamicQuantizeLinear", List.of("x"), List.of("xq", "xs", "xz"), Attributes.NONE));
        String sums = b.add("MatMulInteger", "xq", b.constant("w", weights), "xz");
        String real = b.add("Cast", List.of(sums), Attributes.NONE.with("to", 1));
        String y = b.add("Mul", real, b.add("Mul", "xs", "s"));
        Graph graph = b.output(ValueInfo.of(y, DataType.F32, Shape.of(2, 5, N))).build();
        assertTrue(new FuseDynamicProducts().apply(graph).nodes().stream().anyMatch(node -> node.is("MatMulInteger")));
    }
}
