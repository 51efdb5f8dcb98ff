package io.tersor.model.contrib;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * One node of another domain while it is written in other operators. Nothing is changed before {@link #commit}. Not
 * thread-safe.
 */
public final class Expansion {
    private final Graph graph;
    private final GraphBuilder builder;
    private final Function<String, Optional<ValueInfo>> types;
    private final Shared shared;
    private final Node node;
    private final List<Node> made = new ArrayList<>();
    private final Map<String, Tensor> constants = new LinkedHashMap<>();
    private final Map<Node, String> steps = new HashMap<>();
    private final boolean[] given;

    /** What the expansions of a graph have made already, so that for instance all layers share a mask. */
    public static final class Shared {
        private final Map<Node, String> steps = new HashMap<>();
        private final Map<List<Object>, String> constants = new HashMap<>();
    }

    /** @param types what is known of the graph's values */
    public Expansion(Graph graph, GraphBuilder builder, Function<String, Optional<ValueInfo>> types, Shared shared,
            Node node) {
        this.graph = graph;
        this.builder = builder;
        this.types = types;
        this.shared = shared;
        this.node = node;
        this.given = new boolean[node.outputs().size()];
    }

    Node node() {
        return node;
    }

    Attributes attributes() {
        return node.attributes();
    }

    /** Returns the version of ONNX's own operators that the graph imports. */
    int opset() {
        return graph.opset();
    }

    /** Returns the node that makes a value. */
    Optional<Node> producer(String value) {
        return graph.producer(value);
    }

    boolean has(int input) {
        return node.input(input).isPresent();
    }

    /** Returns the name of an input that must be given. */
    String input(int input) {
        return node.input(input).orElseThrow(() -> new OperandException(operand(input), "an input", "none"));
    }

    /** Returns the name of an input, empty if it is left out. */
    String inputOrNone(int input) {
        return node.input(input).orElse("");
    }

    private String operand(int input) {
        return "node " + node.name() + " (" + node.operator() + ") input " + input;
    }

    /** Returns the elements of an input that must be a constant of the graph. */
    Tensor constant(int input) {
        return graph.initializer(input(input))
                .orElseThrow(() -> unsupported("input " + input + " only as a constant"));
    }

    /** Returns the elements of an input if it is a constant of the graph. */
    Optional<Tensor> constantIfGiven(int input) {
        return node.input(input).flatMap(graph::initializer);
    }

    /** Checks an input or attribute; the description is only built on failure. */
    void check(boolean fits, String what, Object expected, Object actual) {
        if (!fits) {
            throw new OperandException("node " + node.name() + " (" + node.operator() + ") " + what, expected, actual);
        }
    }

    UnsupportedOperatorException unsupported(String reason) {
        return new UnsupportedOperatorException(node, graph.opset(node), reason);
    }

    /** Checks that an input of a variant that is not implemented is left out. */
    void refuse(int input, String what) {
        if (has(input)) {
            throw unsupported(what + " is not implemented");
        }
    }

    /** Returns an attribute that must be given and positive. */
    long positive(String attribute) {
        long value = attributes().integer(attribute, 0);
        check(value > 0 && value <= Integer.MAX_VALUE, attribute, "1 to 2^31 - 1", value);
        return value;
    }

    private Optional<ValueInfo> info(int input) {
        return graph.initializer(input(input)).map(tensor -> ValueInfo.of(input(input), tensor.type(), tensor.shape()))
                .or(() -> types.apply(input(input)));
    }

    /** Returns the element type of an input. */
    DataType type(int input) {
        return info(input).map(ValueInfo::type).orElseThrow(() -> new RankUnknownException(node, input, "its type"));
    }

    /** Returns the extents of an input, some of which may be symbols or unknown. */
    List<Dim> dims(int input) {
        return info(input).flatMap(ValueInfo::dims)
                .orElseThrow(() -> new RankUnknownException(node, input, "its rank"));
    }

    /** Returns the rank of an input. */
    int rank(int input) {
        return dims(input).size();
    }

    /** Returns one extent of an input. */
    long extent(int input, int axis) {
        List<Dim> dims = dims(input);
        int at = axis < 0 ? axis + dims.size() : axis;
        check(at >= 0 && at < dims.size(), "input " + input, "an axis " + axis, dims);
        if (dims.get(at) instanceof Dim.Known(long extent)) {
            return extent;
        }
        throw new RankUnknownException(node, input, "the extent of axis " + axis);
    }

    /** Returns whether an output is used: somebody reads it, or it is the graph's. */
    boolean wants(int output) {
        if (output >= node.outputs().size() || node.outputs().get(output).isEmpty()) {
            return false;
        }
        String value = node.outputs().get(output);
        return graph.isOutput(value) || !graph.consumers(value).isEmpty();
    }

    /** Adds a step of one output, or finds the same one made before, and returns its output. */
    String add(String opType, Attributes attributes, String... inputs) {
        return add("", opType, attributes, inputs);
    }

    /** Adds a step without attributes; see {@link #add(String, Attributes, String...)}. */
    String add(String opType, String... inputs) {
        return add("", opType, Attributes.NONE, inputs);
    }

    private String add(String domain, String opType, Attributes attributes, String... inputs) {
        Node key = new Node("", opType, domain, present(inputs), List.of(), attributes);
        String known = steps.getOrDefault(key, shared.steps.get(key));
        if (known != null) {
            return known;
        }
        String output = builder.freshName(node.name() + "/" + opType);
        made.add(new Node(output, opType, domain, key.inputs(), List.of(output), attributes));
        steps.put(key, output);
        return output;
    }

    /** Adds a step of several outputs, and returns them. */
    List<String> split(String opType, int outputs, Attributes attributes, String... inputs) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < outputs; i++) {
            names.add(builder.freshName(node.name() + "/" + opType));
        }
        made.add(new Node(names.getFirst(), opType, "", present(inputs), names, attributes));
        return names;
    }

    /** Makes an output of the node by a step; the first one's step has the node's name. */
    void give(int output, String opType, Attributes attributes, String... inputs) {
        give(List.of(output), "", opType, attributes, inputs);
    }

    /** Makes the first output by a step without attributes. */
    void give(String opType, String... inputs) {
        give(List.of(0), "", opType, Attributes.NONE, inputs);
    }

    /** Makes some outputs of the node, -1 standing for one that nobody wants, by one step. */
    void give(List<Integer> outputs, String domain, String opType, Attributes attributes, String... inputs) {
        List<String> names = new ArrayList<>();
        for (int output : outputs) {
            boolean named = output >= 0 && output < given.length && !node.outputs().get(output).isEmpty();
            names.add(named ? node.outputs().get(output) : "");
            if (named) {
                given[output] = true;
            }
        }
        while (names.size() > 1 && names.getLast().isEmpty()) {
            names.removeLast();
        }
        boolean main = outputs.contains(0);
        if (!names.stream().allMatch(String::isEmpty)) {
            made.add(new Node(main ? node.name() : builder.freshName(node.name() + "/" + opType), opType, domain,
                    present(inputs), names, attributes));
        }
    }

    private static List<String> present(String... inputs) {
        int count = inputs.length;
        while (count > 0 && inputs[count - 1].isEmpty()) {
            count--;
        }
        return Arrays.asList(inputs).subList(0, count);
    }

    /** Adds a constant under a fresh name. */
    String constant(String hint, Tensor tensor) {
        String name = builder.freshName(node.name() + "/" + hint);
        constants.put(name, tensor);
        return name;
    }

    /** Returns a vector of s64. */
    String longs(long... values) {
        return small(DataType.S64, Shape.of(values.length), Arrays.stream(values).asDoubleStream().toArray());
    }

    /** Returns a number of a type. */
    String number(DataType type, double value) {
        return small(type, Shape.of(), value);
    }

    /** Returns an f32 number. */
    String number(float value) {
        return number(DataType.F32, value);
    }

    private String small(DataType type, Shape shape, double... values) {
        return shared.constants.computeIfAbsent(List.of(type, shape, Arrays.hashCode(values), Arrays.toString(values)),
                _ -> {
                    Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, shape);
                    for (int i = 0; i < values.length; i++) {
                        tensor.set(i, values[i]);
                    }
                    return builder.constant("contrib/" + type, tensor);
                });
    }

    /** Puts what was made in the node's place. */
    public void commit() {
        for (int output = 0; output < given.length; output++) {
            if (!given[output] && wants(output)) {
                throw unsupported("output " + output + " is not implemented");
            }
        }
        builder.remove(node);
        constants.forEach(builder::initializer);
        made.forEach(builder::node);
        shared.steps.putAll(steps);
    }
}
