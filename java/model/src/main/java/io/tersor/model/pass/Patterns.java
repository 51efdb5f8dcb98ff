package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.exec.FunctionNodes;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Questions that several passes ask about a graph. */
final class Patterns {
    private Patterns() {}

    /** Returns the node that alone uses a value, unless the value is an output too. */
    static Optional<Node> onlyConsumer(Graph graph, String value) {
        List<Node> consumers = graph.consumers(value);
        return consumers.size() == 1 && !graph.isOutput(value) ? Optional.of(consumers.getFirst()) : Optional.empty();
    }

    /** Returns whether an input is left out or one of the graph's constants. */
    static boolean constantOrAbsent(Graph graph, Node node, int input) {
        return node.input(input).map(name -> graph.initializer(name).isPresent()).orElse(true);
    }

    /** A node that bounds values or applies a function, and what it does. */
    record Activated(Node node, Activation activation) {}

    /** Returns the Relu or Clip with constant bounds that alone uses a value. */
    static Optional<Activated> clamp(Graph graph, String value) {
        return onlyConsumer(graph, value).filter(node -> node.inputs().getFirst().equals(value))
                .flatMap(node -> clamp(graph, node).map(activation -> new Activated(node, activation)));
    }

    /** Returns the Relu, Clip with constant bounds, or function known to kernels that alone uses a value. */
    static Optional<Activated> activation(Graph graph, String value) {
        return clamp(graph, value).or(() -> onlyConsumer(graph, value)
                .flatMap(node -> FunctionNodes.of(node).map(function -> new Activated(node, Activation.of(function)))));
    }

    /** Returns attributes that tell the activation that was fused into a node. */
    static Attributes with(Attributes attributes, Activation activation) {
        Attributes all = attributes;
        if (!activation.isClip()) {
            all = all.with("function", activation.function().name());
        }
        return activation.isBounded() ? all.with("lo", activation.lo()).with("hi", activation.hi()) : all;
    }

    /** Returns the activation that was fused into a node. */
    static Activation activation(Node node) {
        ActivationFunction function = ActivationFunction.valueOf(node.attributes().text("function", "IDENTITY"));
        return new Activation(function, node.attributes().real("lo", Float.NEGATIVE_INFINITY),
                node.attributes().real("hi", Float.POSITIVE_INFINITY));
    }

    /** Returns whether an activation was fused into a node. */
    static boolean isActivated(Node node) {
        return node.attributes().has("lo") || node.attributes().has("function");
    }

    /** Returns what a Relu or Clip with constant bounds does. */
    static Optional<Activation> clamp(Graph graph, Node node) {
        if (node.is("Relu")) {
            return Optional.of(Activation.RELU);
        }
        if (!node.is("Clip") || !constantOrAbsent(graph, node, 1) || !constantOrAbsent(graph, node, 2)) {
            return Optional.empty();
        }
        float lo = bound(graph, node, 1, node.attributes().real("min", Float.NEGATIVE_INFINITY));
        float hi = bound(graph, node, 2, node.attributes().real("max", Float.POSITIVE_INFINITY));
        return lo <= hi ? Optional.of(Activation.clip(lo, hi)) : Optional.empty();
    }

    private static float bound(Graph graph, Node node, int input, float otherwise) {
        Optional<Tensor> bound = node.input(input).flatMap(graph::initializer);
        return bound.map(tensor -> (float) tensor.get(0)).orElse(otherwise);
    }
}
