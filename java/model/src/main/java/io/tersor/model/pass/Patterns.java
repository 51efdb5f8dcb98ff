package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.model.Graph;
import io.tersor.model.Node;
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

    /** A clamping node and what it does. */
    record Clamp(Node node, Activation activation) {}

    /** Returns the Relu or Clip with constant bounds that alone uses a value. */
    static Optional<Clamp> clamp(Graph graph, String value) {
        return onlyConsumer(graph, value).filter(node -> node.inputs().getFirst().equals(value))
                .flatMap(node -> activation(graph, node).map(activation -> new Clamp(node, activation)));
    }

    /** Returns what a Relu or Clip with constant bounds does. */
    static Optional<Activation> activation(Graph graph, Node node) {
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
