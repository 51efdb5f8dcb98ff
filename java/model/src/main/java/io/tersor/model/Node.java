package io.tersor.model;

import java.util.List;
import java.util.Optional;

/**
 * One operation of a graph.
 *
 * @param name unique in the graph
 * @param opType the operator, as ONNX spells it
 * @param domain the operator's domain, empty for ONNX's own, {@link #INTERNAL} for what our passes make
 * @param inputs names of values; an empty name is an optional input left out
 * @param outputs names of the values that this node defines; an empty name is an output that nobody wants
 */
public record Node(String name, String opType, String domain, List<String> inputs, List<String> outputs,
        Attributes attributes) {
    /** The domain of operators that only our own passes make. */
    public static final String INTERNAL = "io.tersor";

    /** Copies the lists; {@code ai.onnx} is the empty domain's other name. */
    public Node {
        domain = domain.equals("ai.onnx") ? "" : domain;
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /** Returns a node of ONNX's own domain. */
    public static Node of(String name, String opType, List<String> inputs, List<String> outputs,
            Attributes attributes) {
        return new Node(name, opType, "", inputs, outputs, attributes);
    }

    /** Returns the name of an input, empty if it is left out. */
    public Optional<String> input(int index) {
        return index < inputs.size() && !inputs.get(index).isEmpty() ? Optional.of(inputs.get(index))
                : Optional.empty();
    }

    /** Returns the name of the first output. */
    public String output() {
        return outputs.getFirst();
    }

    /** Returns whether this is the given operator of ONNX's own domain. */
    public boolean is(String operator) {
        return domain.isEmpty() && opType.equals(operator);
    }

    /** Returns the operator with its domain unless that is ONNX's own: {@code Conv}, {@code io.tersor.QConv}. */
    public String operator() {
        return domain.isEmpty() ? opType : domain + "." + opType;
    }

    /** Returns this node with other inputs. */
    public Node withInputs(List<String> other) {
        return new Node(name, opType, domain, other, outputs, attributes);
    }

    /** Returns this node with other outputs. */
    public Node withOutputs(List<String> other) {
        return new Node(name, opType, domain, inputs, other, attributes);
    }

    /** Returns this node with other attributes. */
    public Node withAttributes(Attributes other) {
        return new Node(name, opType, domain, inputs, outputs, other);
    }
}
