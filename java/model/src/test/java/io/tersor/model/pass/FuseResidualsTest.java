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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sums behind products: where the product takes them in, where it must not, and that the results stay. */
class FuseResidualsTest {
    private static final Arena ARENA = Arena.ofAuto();

    private final Random random = new Random(8);
    private final GraphBuilder b = Graph.builder("residual", 20);
    private Tensor x;

    private String start(long... dims) {
        x = TestGraphs.random(random, 1, dims);
        List<Dim> open = new ArrayList<>(List.of(Dim.of("n")));
        for (int axis = 1; axis < dims.length; axis++) {
            open.add(Dim.of(dims[axis]));
        }
        b.input(new ValueInfo("x", DataType.F32, Optional.of(open)));
        return "x";
    }

    private String conv(String value, int ic, int oc) {
        return b.add("Conv", value, b.constant("w", TestGraphs.random(random, 0.5, oc, ic, 1, 1)),
                b.constant("b", TestGraphs.random(random, 0.5, oc)));
    }

    private String pair(String value, float scale, int zeroPoint) {
        String s = b.constant("s", Tensor.ofFloats(ARENA, Shape.of(), scale));
        String z = b.constant("z", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) zeroPoint));
        return b.add("DequantizeLinear", b.add("QuantizeLinear", value, s, z), s, z);
    }

    private String weights(long... dims) {
        Tensor values = Tensor.allocate(ARENA, DataType.S8, Shape.of(dims));
        for (long i = 0; i < values.shape().elements(); i++) {
            values.setLong(i, random.nextInt(255) - 127);
        }
        return b.add("DequantizeLinear", b.constant("w", values),
                b.constant("ws", Tensor.ofFloats(ARENA, Shape.of(), 0.01f)));
    }

    /** Runs the graph fused and as it is, on two backends, and compares steps and results. */
    private void check(String result, float tolerance, String... operators) {
        b.node(Node.of("y", "Identity", List.of(result), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        List<float[]> expected = new ArrayList<>();
        try (ObservedNetwork network = Network.of(graph).observed(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            network.run(Map.of("x", x), (value, tensor) -> {
                if (value.equals("y")) {
                    expected.add(tensor.toFloats());
                }
            });
        }
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            try (PreparedNetwork network = Network.of(graph).prepare(backend); Arena arena = Arena.ofConfined()) {
                assertEquals(List.of(operators), network.kernels().stream()
                        .map(step -> step.operator().replace("io.tersor.", ""))
                        .filter(operator -> !operator.equals("Transpose") && !operator.equals("QuantizeLinear"))
                        .toList());
                assertTrue(network.kernels().stream().noneMatch(step -> step.operator().startsWith("io.tersor")
                        && !step.kernel().startsWith(backend.label())), () -> network.kernels().toString());
                assertArrayEquals(expected.getFirst(), network.run(Map.of("x", x), arena).get("y").toFloats(),
                        tolerance);
            }
        }
    }

    @Test
    void convolutionTakesSumAndActivation() {
        String first = conv(start(2, 4, 5, 3), 4, 4);
        check(b.add("Relu", b.add("Add", "x", conv(first, 4, 4))), 1e-5f, "Conv", "Conv");
    }

    @Test
    void ofTwoConvolutionsTheLaterOneTakesIt() {
        start(2, 4, 5, 3);
        String shortcut = conv("x", 4, 6);
        String main = conv(b.add("Relu", conv("x", 4, 8)), 8, 6);
        check(b.add("Add", main, shortcut), 1e-5f, "Conv", "Conv", "Conv");
    }

    @Test
    void matMulTakesBiasSumAndFunction() {
        start(2, 3, 6);
        String product = b.add("Add", b.constant("b", TestGraphs.random(random, 1, 6)),
                b.add("MatMul", "x", b.constant("w", TestGraphs.random(random, 0.4, 6, 6))));
        check(b.add("Gelu", b.add("Add", product, "x")), 1e-5f, "MatMul");
    }

    @Test
    void gemmTakesASum() {
        start(4, 6);
        String product = b.add("Gemm", List.of("x", b.constant("w", TestGraphs.random(random, 0.4, 6, 6)),
                b.constant("b", TestGraphs.random(random, 1, 6))), Attributes.NONE.with("transB", 1));
        check(b.add("Add", "x", product), 1e-5f, "MatMul");
    }

    @Test
    void quantizedConvolutionTakesASum() {
        String real = pair(start(2, 4, 5, 3), 0.025f, 117);
        String conv = pair(b.add("Conv", real, weights(4, 4, 1, 1)), 0.05f, 120);
        check(pair(b.add("Relu", b.add("Add", conv, real)), 0.03f, 3), 0.0601f, "QConv", "DequantizeLinear");
    }

    /** Where levels begin or end at zero, rounding to them is a Relu or its mirror image. */
    @Test
    void notWhereLevelsHaveOneSign() {
        String real = pair(start(2, 4, 5, 3), 0.025f, 117);
        String first = b.add("Add", pair(b.add("Conv", real, weights(4, 4, 1, 1)), 0.05f, 0), real);
        String again = pair(first, 0.03f, 100);
        String second = b.add("Add", again, pair(b.add("Conv", again, weights(4, 4, 1, 1)), 0.05f, 255));
        check(pair(second, 0.05f, 120), 0.1501f, "QConv", "QAdd", "QConv", "QAdd", "DequantizeLinear");
    }

    @Test
    void quantizedProductTakesARealSum() {
        String real = pair(start(2, 3, 6), 0.025f, 117);
        check(b.add("Add", "x", b.add("MatMul", real, weights(6, 6))), 1e-4f, "QMatMul");
    }

    @Test
    void productOfRealResultTakesQuantizedSumAndQuantizes() {
        String real = pair(start(2, 3, 6), 0.025f, 117);
        String sum = b.add("Add", real, b.add("MatMul", real, weights(6, 6)));
        check(pair(b.add("HardSwish", sum), 0.04f, 60), 0.0401f, "QMatMul", "DequantizeLinear");
    }

    @Test
    void notWhatIsSeenFromOutside() {
        String conv = conv(start(2, 4, 5, 3), 4, 4);
        b.output(conv);
        check(b.add("Add", "x", conv), 1e-5f, "Conv", "Add");
    }

    @Test
    void notWhatIsUsedTwice() {
        String conv = conv(start(2, 4, 5, 3), 4, 4);
        check(b.add("Mul", b.add("Add", "x", conv), conv), 1e-5f, "Conv", "Add", "Mul");
        assertEquals(1, b.build().consumers(conv).stream().filter(node -> node.is("Add")).count());
    }

    @Test
    void notASumOfAProductWithItself() {
        String conv = conv(start(2, 4, 5, 3), 4, 4);
        check(b.add("Add", conv, conv), 1e-5f, "Conv", "Add");
    }

    @Test
    void notBehindAnActivation() {
        String conv = b.add("Relu", conv(start(2, 4, 5, 3), 4, 4));
        check(b.add("Add", conv, "x"), 1e-5f, "Conv", "Add");
    }

    @Test
    void notASumThatBroadcasts() {
        String conv = conv(start(2, 4, 5, 3), 4, 4);
        check(b.add("Add", conv, b.add("GlobalAveragePool", "x")), 1e-5f, "Conv", "GlobalAveragePool", "Add");
    }

    @Test
    void notAResidualThatIsLarger() {
        String mean = conv(b.add("GlobalAveragePool", start(2, 4, 5, 3)), 4, 4);
        check(b.add("Add", "x", mean), 1e-5f, "GlobalAveragePool", "Conv", "Add");
    }

    @Test
    void resultTakesTheResidualsMemoryOver() {
        start(2, 64, 16, 16);
        String at = conv("x", 64, 64);
        for (int block = 0; block < 4; block++) {
            at = b.add("Relu", b.add("Add", at, conv(b.add("Relu", conv(at, 64, 8)), 8, 64)));
        }
        b.node(Node.of("y", "GlobalAveragePool", List.of(at), List.of("y"), Attributes.NONE));
        try (PreparedNetwork network = Network.of(b.output("y").build()).prepare(Backend.SCALAR)) {
            network.kernels(Map.of("x", x.shape()));
            long wide = 2 * 64 * 256 * Float.BYTES;
            assertEquals(9, network.kernels().stream().filter(step -> step.operator().contains("Conv")).count());
            // The input as NHWC and the first result; then one wide value and one narrow one.
            assertTrue(network.activationBytes() <= 2 * wide, () -> network.activationBytes() + " of " + 2 * wide);
        }
    }
}
