package io.tersor.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One operation of a graph.
 *
 * @param name unique in the graph
 * @param opType the operator, as ONNX spells it
 * @param domain the operator's domain, empty for ONNX's own, {@link #INTERNAL} for what our passes make
 * @param inputs names of values; an empty name is an optional input left out. Behind the operator's own inputs come the
 *     values that its bodies read from outside, see {@link Attribute.Body}
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

    /** Returns how many of the inputs are the operator's own: values that only bodies read come behind them. */
    public int ownInputs() {
        return attributes.bodies().values().stream().mapToInt(Attribute.Body::firstOutside).min()
                .orElse(inputs.size());
    }

    /**
     * Returns this node with bodies: what they read from outside becomes inputs behind the node's own.
     *
     * @param bodies by attribute; the inputs of each are its parameters and then values of this name outside
     * @param parameters how many of a body's inputs are its parameters, for each attribute
     */
    public Node withBodies(Map<String, Graph> bodies, Map<String, Integer> parameters) {
        List<String> all = new ArrayList<>(inputs);
        Attributes changed = attributes;
        for (Map.Entry<String, Graph> entry : bodies.entrySet()) {
            int own = parameters.get(entry.getKey());
            changed = changed.with(entry.getKey(), new Attribute.Body(entry.getValue(), own, all.size()));
            entry.getValue().inputs().stream().skip(own).map(ValueInfo::name).forEach(all::add);
        }
        return withInputs(all).withAttributes(changed);
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
