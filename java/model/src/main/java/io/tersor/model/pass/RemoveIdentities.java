package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Removes Identity and, in inference, Dropout, unless they connect an input or a constant with an output. */
public final class RemoveIdentities implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        Names names = new Names();
        List<Node> removed = new ArrayList<>();
        for (Node node : graph.nodes()) {
            if (isIdentity(graph, node) && names.join(graph, node)) {
                removed.add(node);
            }
        }
        if (removed.isEmpty()) {
            return graph;
        }
        GraphBuilder builder = graph.toBuilder();
        removed.forEach(builder::remove);
        for (Node node : builder.nodes()) {
            builder.replace(node.withInputs(names.of(node.inputs())).withOutputs(names.of(node.outputs())));
        }
        names.known.keySet().forEach(value -> builder.sparsityLike(names.of(value), value));
        return builder.build();
    }

    private static boolean isIdentity(Graph graph, Node node) {
        boolean identity = node.is("Identity") || node.is("Dropout") && node.input(2).isEmpty()
                && (node.outputs().size() == 1 || graph.consumers(node.outputs().get(1)).isEmpty()
                        && !graph.isOutput(node.outputs().get(1)));
        return identity && !node.inputs().getFirst().isEmpty();
    }

    /** What values are called when the nodes between them are gone; others keep their names. */
    private static final class Names {
        private final Map<String, String> known = new HashMap<>();

        /** Gives a node's input and output one name, if that may be. */
        boolean join(Graph graph, Node node) {
            String from = of(node.inputs().getFirst());
            String to = node.output();
            if (!graph.isOutput(to)) {
                known.put(to, from);
                return true;
            }
            if (graph.producer(from).isEmpty() || graph.isOutput(from)) {
                return false;
            }
            // The output keeps its name: what made the input makes the output instead.
            known.put(from, to);
            return true;
        }

        String of(String value) {
            String name = value;
            for (String next = known.get(name); next != null; next = known.get(name)) {
                name = next;
            }
            return name;
        }

        List<String> of(List<String> values) {
            return values.stream().map(this::of).toList();
        }
    }
}
