package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Functions and normalizations that exporters write out: what they become, and what only looks like them. */
class FuseFunctionsTest {
    private static final int WIDTH = 24;

    private final Random random = new Random(2);
    private final GraphBuilder b = Graph.builder("functions", 17);
    private final Tensor x = TestGraphs.random(random, 2, 3, 5, WIDTH);

    @BeforeEach
    void start() {
        b.input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of("t"), Dim.of(WIDTH)));
    }

    private String number(double value) {
        return b.constant("c", Tensor.ofFloats(Arena.ofAuto(), Shape.of(), (float) value));
    }

    private String weights(int n) {
        return b.constant("w", TestGraphs.random(random, 0.3, WIDTH, n));
    }

    private void check(String result, String... operators) {
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
                assertArrayEquals(expected.getFirst(), network.run(Map.of("x", x), arena).get("y").toFloats(), 1e-5f);
                assertEquals(List.of(operators),
                        network.kernels().stream().map(step -> step.operator().replace("io.tersor.", "")).toList());
                assertTrue(network.kernels().stream().filter(step -> !step.kernel().startsWith("java/"))
                        .allMatch(step -> step.kernel().startsWith(backend.label())),
                        () -> network.kernels().toString());
            }
        }
    }

    /** Returns whether a graph's passes make the given operator of it. */
    private boolean becomes(String result, String operator) {
        Graph graph = Passes.forExecution(b.output(result).build());
        return graph.nodes().stream().anyMatch(node -> node.operator().equals(operator));
    }

    private String erf(String value) {
        return b.add("Add", b.add("Erf", b.add("Div", value, number(Math.sqrt(2)))), number(1));
    }

    @Test
    void geluOfTheOrderHalfLast() {
        check(b.add("Mul", b.add("Mul", "x", erf("x")), number(0.5)), "Gelu");
    }

    @Test
    void geluOfTheOrderHalfFirst() {
        check(b.add("Mul", b.add("Mul", number(0.5), "x"), erf("x")), "Gelu");
    }

    @Test
    void geluOfTheOrderHalfInside() {
        String erf = b.add("Erf", b.add("Mul", number(Math.sqrt(0.5)), "x"));
        check(b.add("Mul", b.add("Mul", b.add("Add", number(1), erf), number(0.5)), "x"), "Gelu");
    }

    @Test
    void geluGoesIntoTheProductBefore() {
        String product = b.add("Add", b.add("MatMul", "x", weights(16)),
                b.constant("b", TestGraphs.random(random, 1, 16)));
        check(b.add("Mul", b.add("Mul", product, erf(product)), number(0.5)), "MatMul");
    }

    @Test
    void geluWithTanhAndPower() {
        String cube = b.add("Mul", number(0.044715), b.add("Pow", "x", number(3)));
        String tanh = b.add("Tanh", b.add("Mul", number(Math.sqrt(2 / Math.PI)), b.add("Add", "x", cube)));
        check(b.add("Mul", b.add("Mul", number(0.5), "x"), b.add("Add", number(1), tanh)), "Gelu");
    }

    @Test
    void geluWithTanhAndProducts() {
        String square = b.add("Mul", b.add("Mul", "x", number(0.044715)), "x");
        String tanh = b.add("Tanh", b.add("Mul", b.add("Mul", "x", number(0.7978845608)),
                b.add("Add", square, number(1))));
        check(b.add("Mul", "x", b.add("Mul", b.add("Add", tanh, number(1)), number(0.5))), "Gelu");
    }

    @Test
    void swishIsFoundAndGoesIntoTheProduct() {
        String product = b.add("MatMul", "x", weights(16));
        check(b.add("Mul", b.add("Sigmoid", product), product), "MatMul");
    }

    @Test
    void hardSwishOfBothForms() {
        String first = b.add("Mul", "x", b.add("HardSigmoid", List.of("x"),
                Attributes.NONE.with("alpha", 1 / 6f).with("beta", 0.5f)));
        String clip = b.add("Clip", b.add("Add", first, number(3)), number(0), number(6));
        check(b.add("Div", b.add("Mul", first, clip), number(6)), "HardSwish", "HardSwish");
    }

    @Test
    void otherNumbersAreOtherFunctions() {
        assertFalse(becomes(b.add("Mul", b.add("Mul", "x", erf("x")), number(0.4)), "Gelu"));
        String shifted = b.add("Add", b.add("Erf", b.add("Div", "x", number(1.5))), number(1));
        assertFalse(becomes(b.add("Mul", b.add("Mul", "x", shifted), number(0.5)), "Gelu"));
        String clip = b.add("Clip", b.add("Add", "x", number(3)), number(0), number(5));
        assertFalse(becomes(b.add("Div", b.add("Mul", "x", clip), number(6)), "HardSwish"));
    }

    @Test
    void otherOperandsAreOtherFunctions() {
        String other = b.add("Exp", "x");
        assertFalse(becomes(b.add("Mul", b.add("Mul", other, erf("x")), number(0.5)), "Gelu"));
        assertFalse(becomes(b.add("Mul", b.add("Sigmoid", "x"), other), "Swish"));
    }

    private String mean(String value) {
        return b.add("ReduceMean", List.of(value), Attributes.NONE.with("axes", new long[] {-1}));
    }

    private String normalized(String value, boolean centered) {
        String d = centered ? b.add("Sub", value, mean(value)) : value;
        String variance = mean(b.add("Pow", d, number(2)));
        return b.add("Div", d, b.add("Sqrt", b.add("Add", variance, number(1e-5))));
    }

    private String row() {
        return b.constant("row", TestGraphs.random(random, 1, WIDTH));
    }

    @Test
    void layerNormalizationIsFound() {
        check(b.add("Add", b.add("Mul", row(), normalized("x", true)), row()), "LayerNormalization");
    }

    @Test
    void layerNormalizationWithoutScale() {
        check(normalized("x", true), "LayerNormalization");
    }

    @Test
    void rmsNormalizationIsFound() {
        String square = mean(b.add("Mul", "x", "x"));
        String root = b.add("Sqrt", b.add("Add", number(1e-6), square));
        check(b.add("Mul", row(), b.add("Mul", "x", b.add("Reciprocal", root))), "RMSNormalization");
    }

    @Test
    void normalizationOfAnotherAxisIsNone() {
        String m = b.add("ReduceMean", List.of("x"), Attributes.NONE.with("axes", new long[] {1}));
        String d = b.add("Sub", "x", m);
        String variance = b.add("ReduceMean", List.of(b.add("Mul", d, d)),
                Attributes.NONE.with("axes", new long[] {1}));
        String y = b.add("Div", d, b.add("Sqrt", b.add("Add", variance, number(1e-5))));
        assertFalse(becomes(y, "LayerNormalization"));
    }

    @Test
    void scaleThatIsUsedElsewhereStaysOutside() {
        String scaled = b.add("Mul", normalized("x", true), row());
        b.output(scaled);
        check(b.add("Add", scaled, row()), "LayerNormalization", "Add");
    }
}
