package io.tersor.model.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds and runs graphs with control flow. */
final class FlowRuns {
    static final Arena ARENA = Arena.ofAuto();

    private FlowRuns() {}

    static Tensor scalar(float value) {
        return Tensor.ofFloats(ARENA, Shape.of(), value);
    }

    static Tensor floats(float... values) {
        return Tensor.ofFloats(ARENA, Shape.of(values.length), values);
    }

    static Tensor integer(long value) {
        return Tensor.ofLongs(ARENA, Shape.of(), value);
    }

    static Tensor flag(boolean value) {
        return Tensor.ofBytes(ARENA, DataType.BOOL, Shape.of(), (byte) (value ? 1 : 0));
    }

    static ValueInfo tensor(String name, DataType type) {
        return new ValueInfo(name, type, Optional.empty());
    }

    static ValueInfo sequence(String name, DataType type) {
        return new ValueInfo(name, ValueInfo.Kind.SEQUENCE, Optional.of(type), Optional.empty());
    }

    /** Starts a body: parameters of unknown types, then values from outside. */
    static GraphBuilder body(String... inputs) {
        GraphBuilder builder = Graph.builder("body", 18);
        for (String input : inputs) {
            builder.input(ValueInfo.unknown(input));
        }
        return builder;
    }

    static Graph build(GraphBuilder body, String... outputs) {
        for (String output : outputs) {
            body.output(ValueInfo.unknown(output));
        }
        return body.build();
    }

    static Node loop(List<String> inputs, List<String> outputs, Graph body, int parameters) {
        return Node.of("loop", "Loop", inputs, outputs, Attributes.NONE)
                .withBodies(Map.of("body", body), Map.of("body", parameters));
    }

    static Node branch(String condition, List<String> outputs, Graph then, Graph otherwise) {
        Map<String, Graph> bodies = new LinkedHashMap<>();
        bodies.put("then_branch", then);
        bodies.put("else_branch", otherwise);
        return Node.of("if", "If", List.of(condition), outputs, Attributes.NONE)
                .withBodies(bodies, Map.of("then_branch", 0, "else_branch", 0));
    }

    /** Runs a graph twice, and once more what a file brings back of it, and checks that all tell the same. */
    static Map<String, Value> evaluate(Graph graph, Map<String, Value> inputs) {
        Map<String, Value> first = evaluateTwice(graph, inputs);
        try {
            Path file = Files.createTempFile("flow", ".onnx");
            try {
                graph.save(file);
                assertSame(first, evaluateTwice(Graph.load(file), inputs));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return first;
    }

    private static Map<String, Value> evaluateTwice(Graph graph, Map<String, Value> inputs) {
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            Map<String, Value> first = network.evaluate(inputs, ARENA);
            assertSame(first, network.evaluate(inputs, ARENA));
            return first;
        }
    }

    static void assertSame(Map<String, Value> expected, Map<String, Value> actual) {
        assertEquals(describe(expected), describe(actual));
    }

    private static Map<String, String> describe(Map<String, Value> values) {
        Map<String, String> texts = new LinkedHashMap<>();
        values.forEach((name, value) -> texts.put(name, describe(value)));
        return texts;
    }

    /** Returns everything in a value as text. */
    static String describe(Value value) {
        return switch (value) {
            case Value.TensorValue(Tensor tensor) -> describe(tensor);
            case Value.SequenceValue(DataType type, var tensors) ->
                    type + "*" + tensors.stream().map(FlowRuns::describe).toList();
            case Value.OptionalValue(var inner) -> inner.map(some -> "?" + describe(some)).orElse("?");
        };
    }

    /** Returns type, shape and elements as text: {@code f32 [2] 1.0 2.0}. */
    static String describe(Tensor tensor) {
        StringBuilder text = new StringBuilder(tensor.type() + " "
                + Arrays.toString(tensor.shape().dims()));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            text.append(' ').append(tensor.get(i));
        }
        return text.toString();
    }

    /** Runs a graph of tensors and returns one output as text. */
    static String run(Graph graph, String output, Map<String, Tensor> inputs) {
        Map<String, Value> values = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> values.put(name, Value.of(tensor)));
        return describe(evaluate(graph, values).get(output));
    }
}
