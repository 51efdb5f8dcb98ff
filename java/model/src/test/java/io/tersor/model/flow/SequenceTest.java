package io.tersor.model.flow;

import static io.tersor.model.flow.FlowRuns.ARENA;
import static io.tersor.model.flow.FlowRuns.body;
import static io.tersor.model.flow.FlowRuns.build;
import static io.tersor.model.flow.FlowRuns.describe;
import static io.tersor.model.flow.FlowRuns.evaluate;
import static io.tersor.model.flow.FlowRuns.floats;
import static io.tersor.model.flow.FlowRuns.integer;
import static io.tersor.model.flow.FlowRuns.loop;
import static io.tersor.model.flow.FlowRuns.sequence;
import static io.tersor.model.flow.FlowRuns.tensor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sequences and optionals. */
class SequenceTest {
    private static final Value SEQUENCE = Value.of(DataType.F32, List.of(floats(1), floats(2, 3), floats()));

    /** Runs one operator on inputs of the graph, and returns its output as text. */
    private static String run(String opType, Attributes attributes, ValueInfo output, Value... inputs) {
        GraphBuilder b = Graph.builder(opType, 18);
        Map<String, Value> given = new LinkedHashMap<>();
        for (int i = 0; i < inputs.length; i++) {
            ValueInfo info = switch (inputs[i]) {
                case Value.TensorValue(Tensor tensor) -> tensor("x" + i, tensor.type());
                case Value.SequenceValue(DataType type, var _) -> sequence("x" + i, type);
                case Value.OptionalValue(var inner) -> new ValueInfo("x" + i,
                        inner.orElse(null) instanceof Value.SequenceValue ? ValueInfo.Kind.OPTIONAL_SEQUENCE
                                : ValueInfo.Kind.OPTIONAL_TENSOR, Optional.of(DataType.F32), Optional.empty());
            };
            b.input(info);
            given.put("x" + i, inputs[i]);
        }
        b.node(Node.of("node", opType, List.copyOf(given.keySet()), List.of("y"), attributes));
        return describe(evaluate(b.output(output).build(), given).get("y"));
    }

    private static final ValueInfo FLOATS = sequence("y", DataType.F32);
    private static final ValueInfo FLOAT = tensor("y", DataType.F32);

    @Test
    void sequencesAreMadeAndRead() {
        assertEquals("f32*[f32 [1] 1.0, f32 [2] 2.0 3.0]",
                run("SequenceConstruct", Attributes.NONE, FLOATS, Value.of(floats(1)), Value.of(floats(2, 3))));
        assertEquals("s64 [] 3.0", run("SequenceLength", Attributes.NONE, tensor("y", DataType.S64), SEQUENCE));
        assertEquals("f32 [2] 2.0 3.0", run("SequenceAt", Attributes.NONE, FLOAT, SEQUENCE, Value.of(integer(1))));
        assertEquals("f32 [1] 1.0", run("SequenceAt", Attributes.NONE, FLOAT, SEQUENCE, Value.of(integer(-3))));
        assertEquals("f32*[f32 [1] 1.0, f32 [2] 2.0 3.0]", run("SequenceErase", Attributes.NONE, FLOATS, SEQUENCE));
        assertEquals("f32*[f32 [2] 2.0 3.0, f32 [0]]",
                run("SequenceErase", Attributes.NONE, FLOATS, SEQUENCE, Value.of(integer(0))));
        assertEquals("f32*[f32 [1] 1.0, f32 [2] 2.0 3.0, f32 [0], f32 [1] 9.0]",
                run("SequenceInsert", Attributes.NONE, FLOATS, SEQUENCE, Value.of(floats(9))));
        assertEquals("f32*[f32 [1] 1.0, f32 [2] 2.0 3.0, f32 [1] 9.0, f32 [0]]",
                run("SequenceInsert", Attributes.NONE, FLOATS, SEQUENCE, Value.of(floats(9)), Value.of(integer(-1))));
        assertEquals(describe(SEQUENCE), run("Identity", Attributes.NONE, FLOATS, SEQUENCE));
    }

    @ParameterizedTest
    @CsvSource({"SequenceAt, 3", "SequenceAt, -4", "SequenceErase, 3", "SequenceErase, -9"})
    void positionsOutsideAreRefused(String opType, long position) {
        OperandException e = assertThrows(OperandException.class,
                () -> run(opType, Attributes.NONE, opType.equals("SequenceAt") ? FLOAT : FLOATS, SEQUENCE,
                        Value.of(integer(position))));
        assertEquals("node node (" + opType + ") position: expected -3 to 2, got " + position, e.getMessage());
    }

    @Test
    void typesDoNotMix() {
        assertThrows(OperandException.class, () -> run("SequenceInsert", Attributes.NONE, FLOATS, SEQUENCE,
                Value.of(integer(1))));
        assertThrows(OperandException.class, () -> run("SequenceConstruct", Attributes.NONE, FLOATS,
                Value.of(floats(1)), Value.of(integer(1))));
        OperandException e = assertThrows(OperandException.class, () -> run("SequenceLength", Attributes.NONE,
                tensor("y", DataType.S64), Value.of(floats(1))));
        assertTrue(e.getMessage().contains("expected a sequence, got f32 1"), e.getMessage());
    }

    @Test
    void tensorsAreSplitAndJoined() {
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
        Attributes last = Attributes.NONE.with("axis", 1);
        assertEquals("f32*[f32 [2, 1] 1.0 4.0, f32 [2, 1] 2.0 5.0, f32 [2, 1] 3.0 6.0]",
                run("SplitToSequence", last, FLOATS, Value.of(x)));
        assertEquals("f32*[f32 [2] 1.0 4.0, f32 [2] 2.0 5.0, f32 [2] 3.0 6.0]",
                run("SplitToSequence", last.with("keepdims", 0), FLOATS, Value.of(x)));
        assertEquals("f32*[f32 [2, 2] 1.0 2.0 4.0 5.0, f32 [2, 1] 3.0 6.0]",
                run("SplitToSequence", last, FLOATS, Value.of(x), Value.of(integer(2))));
        assertEquals("f32*[f32 [2, 0], f32 [2, 3] 1.0 2.0 3.0 4.0 5.0 6.0]",
                run("SplitToSequence", last, FLOATS, Value.of(x), Value.of(Tensor.ofLongs(ARENA, Shape.of(2), 0, 3))));
        Value rows = Value.of(DataType.F32, List.of(floats(1, 2), floats(3, 4), floats(5, 6)));
        assertEquals("f32 [6] 1.0 2.0 3.0 4.0 5.0 6.0", run("ConcatFromSequence", Attributes.NONE.with("axis", 0),
                FLOAT, rows));
        assertEquals("f32 [2, 3] 1.0 3.0 5.0 2.0 4.0 6.0", run("ConcatFromSequence",
                Attributes.NONE.with("axis", -1).with("new_axis", 1), FLOAT, rows));
        assertThrows(OperandException.class, () -> run("ConcatFromSequence",
                Attributes.NONE.with("axis", 0).with("new_axis", 1), FLOAT, SEQUENCE));
        assertThrows(OperandException.class, () -> run("SplitToSequence", last, FLOATS, Value.of(x),
                Value.of(integer(0))));
    }

    @Test
    void optionalsAreMadeAndRead() {
        ValueInfo bool = tensor("y", DataType.BOOL);
        Value some = Value.some(Value.of(floats(7)));
        ValueInfo optional = new ValueInfo("y", ValueInfo.Kind.OPTIONAL_TENSOR, Optional.of(DataType.F32),
                Optional.empty());
        assertEquals("?f32 [1] 7.0", run("Optional", Attributes.NONE, optional, Value.of(floats(7))));
        assertEquals("?", run("Optional", Attributes.NONE.with("type", new io.tersor.model.Attribute.TypeValue(
                tensor("", DataType.F32))), optional));
        assertEquals("bool [] 1.0", run("OptionalHasElement", Attributes.NONE, bool, some));
        assertEquals("bool [] 0.0", run("OptionalHasElement", Attributes.NONE, bool, Value.empty()));
        assertEquals("bool [] 0.0", run("OptionalHasElement", Attributes.NONE, bool));
        assertEquals("bool [] 1.0", run("OptionalHasElement", Attributes.NONE, bool, Value.of(floats(7))));
        assertEquals("f32 [1] 7.0", run("OptionalGetElement", Attributes.NONE, FLOAT, some));
        assertEquals(describe(SEQUENCE), run("OptionalGetElement", Attributes.NONE, FLOATS, Value.some(SEQUENCE)));
        assertThrows(OperandException.class, () -> run("OptionalGetElement", Attributes.NONE, FLOAT, Value.empty()));
    }

    /** A sequence that grows in a loop, whose elements depend on each other, and a map over it. */
    @Test
    void sequencesGoThroughLoops() {
        GraphBuilder loop = body("i", "go", "s", "x");
        String last = loop.add("SequenceAt", "s", loop.constant("end", integer(-1)));
        String next = loop.add("Concat", List.of(last, "x"), Attributes.NONE.with("axis", 0));
        String longer = loop.add("SequenceInsert", "s", next);
        GraphBuilder map = body("one", "x");
        Graph mapped = build(map, map.add("Add", "one", "x"));
        GraphBuilder b = Graph.builder("sequences", 18);
        b.input(ValueInfo.of("n", DataType.S64)).input(tensor("x", DataType.F32));
        String start = b.add("SequenceConstruct", "x");
        b.node(loop(List.of("n", "", start), List.of("all"), build(loop, "go", longer), 3));
        b.node(Node.of("map", "SequenceMap", List.of("all"), List.of("y"), Attributes.NONE)
                .withBodies(Map.of("body", mapped), Map.of("body", 1)));
        b.node(Node.of("join", "ConcatFromSequence", List.of("y"), List.of("z"), Attributes.NONE.with("axis", 0)));
        String doubled = b.add("Add", "z", "z");
        Graph graph = b.output(FLOATS).output(tensor(doubled, DataType.F32)).build();
        Map<String, Value> outputs = evaluate(graph, Map.of("n", Value.of(integer(2)), "x", Value.of(floats(3))));
        assertEquals("f32*[f32 [1] 6.0, f32 [2] 6.0 6.0, f32 [3] 6.0 6.0 6.0]", describe(outputs.get("y")));
        assertEquals("f32 [6] 12.0 12.0 12.0 12.0 12.0 12.0", describe(outputs.get(doubled)));
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            OperandException e = assertThrows(OperandException.class,
                    () -> network.run(Map.of("n", integer(2), "x", floats(3)), ARENA));
            assertTrue(e.getMessage().startsWith("output y: expected a tensor, got sequence of 3"), e.getMessage());
            assertThrows(OperandException.class, () -> network.evaluate(Map.of("n", SEQUENCE, "x",
                    Value.of(floats(3))), ARENA));
            assertThrows(OperandException.class, () -> network.evaluate(Map.of("x", Value.of(floats(3))), ARENA));
        }
    }

    @Test
    void inputsOfTheWrongKindAreRefused() {
        Graph graph = Graph.builder("identity", 18).input(sequence("x", DataType.F32))
                .node(Node.of("node", "Identity", List.of("x"), List.of("y"), Attributes.NONE)).output(FLOATS).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            assertEquals("input x: expected sequence of f32 of any shape, got f32 1", assertThrows(
                    OperandException.class, () -> network.run(Map.of("x", floats(1)), ARENA)).getMessage());
            assertThrows(OperandException.class, () -> network.evaluate(Map.of("x", Value.of(floats(1))), ARENA));
            assertThrows(OperandException.class, () -> network.evaluate(Map.of("x", Value.of(DataType.S64,
                    List.of())), ARENA));
            assertThrows(OperandException.class, () -> network.evaluate(Map.of("x", SEQUENCE, "z", SEQUENCE), ARENA));
        }
    }
}
