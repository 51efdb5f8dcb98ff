package io.tersor.model.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ShapeDecisionsTest {
    private final GraphBuilder builder = Graph.builder("shapes", 18)
            .input(new ValueInfo("x", DataType.F32, Optional.empty()))
            .input(new ValueInfo("i", DataType.S64, Optional.empty()));

    private String constant(long... values) {
        return builder.constant("c", Tensor.ofLongs(Arena.ofAuto(), Shape.of(values.length), values));
    }

    /** Whether each of the graph's nodes of the operator has to be prepared with elements at hand. */
    private List<Boolean> decisions(String operator) {
        String last = builder.nodes().stream().toList().getLast().output();
        Graph graph = builder.output(ValueInfo.unknown(last)).build();
        ShapeDecisions decisions = new ShapeDecisions(graph);
        return graph.nodes().stream().filter(node -> node.is(operator)).map(decisions::dependsOnElements).toList();
    }

    @Test
    void elementsThatAreComputedDecide() {
        builder.add("Slice", "x", constant(0), constant(1), constant(0));
        builder.add("Slice", "x", "i", builder.add("Add", "i", constant(1)), constant(0));
        builder.add("Slice", "x", constant(0), builder.add("Mul", constant(2), constant(3)), constant(0));
        builder.add("Slice", "x", "i", constant(5), constant(0));
        assertEquals(List.of(false, true, false, true), decisions("Slice"));
    }

    @Test
    void shapesAreKnownToPlans() {
        builder.add("Reshape", "x", builder.add("Shape", "x"));
        builder.add("Reshape", "x", builder.add("Concat", builder.add("Shape", "i"), constant(-1)));
        builder.add("Reshape", "x", builder.add("Concat", "i", constant(-1)));
        assertEquals(List.of(false, false, true), decisions("Reshape"));
    }

    @Test
    void someOperatorsAlwaysDependOnElements() {
        builder.add("NonZero", "x");
        builder.add("Relu", "x");
        builder.node(Node.of("mine", "NonZero", List.of(constant(1, 0)), List.of("y"),
                Attributes.NONE));
        assertEquals(List.of(true, false), decisions("NonZero"));
        assertEquals(List.of(false), decisions("Relu"));
    }
}
