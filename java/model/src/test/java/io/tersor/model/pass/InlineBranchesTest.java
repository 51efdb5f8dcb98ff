package io.tersor.model.pass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InlineBranchesTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor flag(boolean value) {
        return Tensor.ofBytes(ARENA, DataType.BOOL, Shape.of(), (byte) (value ? 1 : 0));
    }

    private static Tensor floats(float... values) {
        return Tensor.ofFloats(ARENA, Shape.of(values.length), values);
    }

    private static Graph body(GraphBuilder body, String output) {
        return body.output(ValueInfo.unknown(output)).build();
    }

    private static GraphBuilder reading(String... values) {
        GraphBuilder body = Graph.builder("body", 18);
        for (String value : values) {
            body.input(ValueInfo.unknown(value));
        }
        return body;
    }

    private static void branch(GraphBuilder b, String name, String condition, String output, Graph then,
            Graph otherwise) {
        Map<String, Graph> bodies = new LinkedHashMap<>();
        bodies.put("then_branch", then);
        bodies.put("else_branch", otherwise);
        b.node(Node.of(name, "If", List.of(condition), List.of(output), Attributes.NONE)
                .withBodies(bodies, Map.of("then_branch", 0, "else_branch", 0)));
    }

    /** Values of the bodies have names of the graph; one branch lies in the other. */
    private static Graph nested(boolean outer, Optional<Boolean> inner) {
        GraphBuilder deep = reading("x", "two");
        Graph product = body(deep, deep.add("Mul", "x", "two"));
        GraphBuilder same = reading("x");
        Graph negative = body(same, same.add("Neg", "x"));
        GraphBuilder then = reading("x", "two", "go");
        then.constant("y", floats(100));
        String sum = then.add("Add", "x", "y");
        branch(then, "if", "go", "z", product, negative);
        Graph first = body(then, then.add("Sub", sum, "z"));
        GraphBuilder b = Graph.builder("nested", 18).input(ValueInfo.of("x", DataType.F32, Dim.of(2)));
        b.initializer("two", floats(2)).initializer("cond", flag(outer));
        inner.ifPresentOrElse(value -> b.initializer("go", flag(value)),
                () -> b.input(ValueInfo.of("go", DataType.BOOL)));
        branch(b, "if", "cond", "y", first, body(reading("two"), "two"));
        return b.output(new ValueInfo("y", DataType.F32, Optional.empty())).build();
    }

    private static long branches(Graph graph) {
        return graph.nodes().stream().filter(node -> node.is("If")).count();
    }

    @ParameterizedTest
    @CsvSource({"true, true, 99 98", "true, false, 102 104", "false, true, 2"})
    void theSideOfAConstantConditionIsPutInPlace(boolean outer, boolean inner, String expected) {
        Graph graph = Passes.simplify(nested(outer, Optional.of(inner)));
        assertEquals(0, branches(graph));
        assertArrayEquals(values(expected), run(graph, Map.of("x", floats(1, 2))));
        assertArrayEquals(values(expected), run(nested(outer, Optional.of(inner)), Map.of("x", floats(1, 2))));
    }

    @ParameterizedTest
    @CsvSource({"true, 99 98", "false, 102 104"})
    void whatIsKnownLaterStays(boolean inner, String expected) {
        Graph graph = nested(true, Optional.empty());
        assertEquals(1, branches(Passes.simplify(graph)));
        assertArrayEquals(values(expected), run(graph, Map.of("x", floats(1, 2), "go", flag(inner))));
    }

    @ParameterizedTest
    @CsvSource({"3, 0", "4, 0", "-1, 1"})
    void shapesDecideWhereTheyAreFixed(long extent, long left) {
        GraphBuilder then = reading("x");
        GraphBuilder otherwise = reading("x");
        GraphBuilder b = Graph.builder("shapes", 18).input(ValueInfo.of("x", DataType.F32, Dim.of(2),
                extent < 0 ? Dim.of("n") : Dim.of(extent)));
        String three = b.constant("three", Tensor.ofLongs(ARENA, Shape.of(), 3));
        String one = b.constant("one", Tensor.ofLongs(ARENA, Shape.of(), 1));
        branch(b, "if", b.add("Equal", b.add("Gather", b.add("Shape", "x"), one), three), "y",
                body(then, then.add("Neg", "x")), body(otherwise, otherwise.add("Abs", "x")));
        Graph graph = b.output(new ValueInfo("y", DataType.F32, Optional.empty())).build();
        assertEquals(left, branches(Passes.simplify(graph)));
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(2, 3), 1, -2, 3, -4, 5, -6);
        if (extent != 4) {
            assertArrayEquals(new float[] {-1, 2, -3, 4, -5, 6}, run(graph, Map.of("x", x)));
        }
    }

    @Test
    void aBranchWithoutTheSideStaysForItsError() {
        GraphBuilder b = Graph.builder("half", 18).input(ValueInfo.of("x", DataType.F32, Dim.of(2)));
        b.initializer("cond", flag(false));
        GraphBuilder then = reading("x");
        b.node(Node.of("if", "If", List.of("cond"), List.of("y"), Attributes.NONE).withBodies(
                Map.of("then_branch", body(then, then.add("Neg", "x"))), Map.of("then_branch", 0)));
        b.output(new ValueInfo("y", DataType.F32, Optional.empty()));
        assertEquals(1, branches(Passes.simplify(b.build())));
    }

    private static float[] values(String text) {
        String[] parts = text.split(" ");
        float[] values = new float[parts.length];
        for (int i = 0; i < parts.length; i++) {
            values[i] = Float.parseFloat(parts[i]);
        }
        return values;
    }

    private static float[] run(Graph graph, Map<String, Tensor> inputs) {
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            return network.run(inputs, ARENA).get("y").toFloats();
        }
    }
}
