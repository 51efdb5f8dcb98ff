package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QuantizationPlanTest {
    private final Arena arena = Arena.ofAuto();
    private final GraphBuilder builder = Graph.builder("plan", 17)
            .input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(4), Dim.of(8), Dim.of(8)))
            .initializer("w", Tensor.allocate(arena, DataType.F32, Shape.of(4, 4, 1, 1)))
            .initializer("fc", Tensor.allocate(arena, DataType.F32, Shape.of(4, 10)));

    private void node(String operator, String output, String... inputs) {
        builder.node(Node.of(output + "_node", operator, List.of(inputs), List.of(output), Attributes.NONE));
    }

    private QuantizationPlan plan(String... outputs) {
        for (String output : outputs) {
            builder.output(ValueInfo.of(output, DataType.F32, Dim.UNKNOWN));
        }
        return QuantizationPlan.of(builder.build());
    }

    private static List<String> integerNodes(QuantizationPlan plan) {
        return plan.integerNodes().stream().map(Node::output).toList();
    }

    @Test
    void activationBelongsToTheProductBeforeIt() {
        node("Conv", "a", "x", "w");
        node("Relu", "b", "a");
        node("Conv", "c", "b", "w");
        QuantizationPlan plan = plan("c");
        assertEquals(List.of("a", "b", "c"), integerNodes(plan));
        assertEquals(Map.of("x", "x", "b", "b"), plan.quantizedValues());
    }

    @Test
    void valueUsedTwiceIsQuantizedBeforeItsActivation() {
        node("Conv", "a", "x", "w");
        node("Relu", "b", "a");
        node("Conv", "c", "b", "w");
        node("Add", "d", "a", "c");
        node("Conv", "e", "d", "w");
        assertEquals(Set.of("x", "a", "b", "c", "d"), plan("e").quantizedValues().keySet());
    }

    @Test
    void residualSumIsFusedWithItsActivation() {
        node("Conv", "a", "x", "w");
        node("Add", "b", "a", "x");
        node("Relu", "c", "b");
        node("Conv", "d", "c", "w");
        assertEquals(Set.of("x", "a", "c"), plan("d").quantizedValues().keySet());
    }

    @Test
    void valuesThatOnlyMoveShareTheirParameters() {
        node("Conv", "a", "x", "w");
        node("MaxPool", "b", "a");
        node("Flatten", "c", "b");
        node("Gemm", "d", "c", "fc");
        assertEquals(Map.of("x", "x", "a", "a", "b", "a", "c", "a"), plan("d").quantizedValues());
    }

    @Test
    void averageHasItsOwnRange() {
        node("Conv", "a", "x", "w");
        node("GlobalAveragePool", "b", "a");
        node("Conv", "c", "b", "w");
        assertEquals(Map.of("x", "x", "a", "a", "b", "b"), plan("c").quantizedValues());
    }

    @Test
    void concatenatedValuesShareOneRange() {
        node("Conv", "a", "x", "w");
        node("Conv", "b", "x", "w");
        node("MaxPool", "c", "b");
        node("Concat", "d", "a", "c");
        node("Conv", "e", "d", "w");
        Map<String, String> values = plan("e").quantizedValues();
        assertEquals(Set.of("x", "a", "b", "c", "d"), values.keySet());
        assertEquals("x", values.get("x"));
        assertEquals(1, Set.of("a", "b", "c", "d").stream().map(values::get).distinct().count(), values.toString());
    }

    @Test
    void resultsThatOnlyRealArithmeticUsesStayReal() {
        node("Conv", "a", "x", "w");
        node("Relu", "b", "a");
        node("MaxPool", "c", "b");
        node("Sigmoid", "d", "c");
        QuantizationPlan plan = plan("d");
        assertEquals(List.of("a"), integerNodes(plan));
        assertEquals(Map.of("x", "x"), plan.quantizedValues());
    }

    @Test
    void realResultsAreNotQuantizedForASumAlone() {
        node("Sigmoid", "a", "x");
        node("Conv", "b", "x", "w");
        node("Add", "c", "a", "b");
        node("Conv", "d", "c", "w");
        QuantizationPlan plan = plan("d");
        assertEquals(List.of("b", "d"), integerNodes(plan));
        assertEquals(Set.of("x", "c"), plan.quantizedValues().keySet());
    }

    @Test
    void outputThatIsAlsoUsedIsQuantizedForItsUsersOnly() {
        node("Conv", "a", "x", "w");
        node("Relu", "b", "a");
        node("Conv", "c", "b", "w");
        assertEquals(Set.of("x", "a", "b"), plan("a", "c").quantizedValues().keySet());
    }

    @Test
    void productsOfTwoActivationsStayReal() {
        node("MatMul", "a", "x", "x");
        node("Gemm", "b", "a", "fc", "x");
        QuantizationPlan plan = plan("b");
        assertTrue(integerNodes(plan).isEmpty());
        assertTrue(plan.quantizedValues().isEmpty());
    }

    /** Adds softmax(q k^T) v of "x" [n, 4, 8, 8], each projected, and returns the result's name. */
    private void attention() {
        builder.initializer("p", Tensor.allocate(arena, DataType.F32, Shape.of(8, 8)));
        for (String name : List.of("q", "k", "v")) {
            node("MatMul", name, "x", "p");
        }
        builder.node(Node.of("swap", "Transpose", List.of("k"), List.of("kt"),
                Attributes.NONE.with("perm", new long[] {0, 1, 3, 2})));
        node("MatMul", "scores", "q", "kt");
        builder.node(Node.of("shares_node", "Softmax", List.of("scores"), List.of("shares"),
                Attributes.NONE.with("axis", -1)));
        node("MatMul", "mixed", "shares", "v");
    }

    @Test
    void attentionTakesIntegersFromWhereTheyAreMade() {
        attention();
        node("MatMul", "y", "mixed", "p");
        QuantizationPlan plan = plan("y");
        assertEquals(List.of("q", "k", "v", "y"), integerNodes(plan));
        assertEquals(Set.of("x", "q", "k", "v", "shares", "mixed"), plan.quantizedValues().keySet());
    }

    @Test
    void sharesAreQuantizedBehindZerosForNan() {
        builder.initializer("zero", Tensor.allocate(arena, DataType.F32, Shape.of()));
        attention();
        node("IsNaN", "lost", "shares");
        node("Where", "certain", "lost", "zero", "shares");
        builder.replace(Node.of("mixed_node", "MatMul", List.of("certain", "v"), List.of("mixed"), Attributes.NONE));
        node("MatMul", "y", "mixed", "p");
        assertEquals(Set.of("x", "q", "k", "v", "certain", "mixed"), plan("y").quantizedValues().keySet());
    }

    @Test
    void attentionOfWhatThePassComputesStaysReal() {
        builder.initializer("half", Tensor.allocate(arena, DataType.F32, Shape.of()));
        attention();
        Attributes swap = Attributes.NONE.with("perm", new long[] {0, 2, 1, 3});
        builder.node(Node.of("to", "Transpose", List.of("v"), List.of("tokens"), swap));
        builder.node(Node.of("back", "Transpose", List.of("tokens"), List.of("heads"), swap));
        node("Mul", "less", "heads", "half");
        builder.replace(Node.of("mixed_node", "MatMul", List.of("shares", "less"), List.of("mixed"), Attributes.NONE));
        node("MatMul", "y", "mixed", "p");
        assertEquals(Set.of("x", "mixed"), plan("y").quantizedValues().keySet());
    }

    @Test
    void sharesThatAreUsedElsewhereStayReal() {
        attention();
        assertEquals(Set.of("x"), plan("mixed", "shares").quantizedValues().keySet());
    }

    @Test
    void gemmCountsOutputsAlongTheAxisThatTransBSays() {
        assertEquals(1, QuantizationPlan.outputAxis(Node.of("n", "Gemm", List.of(), List.of(), Attributes.NONE)));
        assertEquals(0, QuantizationPlan.outputAxis(
                Node.of("n", "Gemm", List.of(), List.of(), Attributes.NONE.with("transB", 1))));
        assertEquals(0, QuantizationPlan.outputAxis(Node.of("n", "Conv", List.of(), List.of(), Attributes.NONE)));
    }
}
