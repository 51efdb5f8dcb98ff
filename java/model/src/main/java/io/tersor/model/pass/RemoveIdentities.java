package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;

/** Removes Identity and, in inference, Dropout, unless they connect an input or a constant with an output. */
public final class RemoveIdentities implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        Graph result = graph;
        for (Node node : graph.nodes()) {
            boolean identity = node.is("Identity") || node.is("Dropout") && node.input(2).isEmpty()
                    && (node.outputs().size() == 1 || graph.consumers(node.outputs().get(1)).isEmpty()
                            && !graph.isOutput(node.outputs().get(1)));
            if (identity) {
                result = remove(result, node.name());
            }
        }
        return result;
    }

    private static Graph remove(Graph graph, String name) {
        Node node = graph.nodes().stream().filter(other -> other.name().equals(name)).findFirst().orElseThrow();
        String from = node.inputs().getFirst();
        String to = node.output();
        GraphBuilder builder = graph.toBuilder().remove(node);
        if (!graph.isOutput(to)) {
            return builder.rename(to, from).build();
        }
        if (graph.producer(from).isEmpty() || graph.isOutput(from)) {
            return graph;
        }
        // The output keeps its name: what made the input makes the output instead.
        Node producer = graph.producer(from).orElseThrow();
        builder.replace(producer.withOutputs(producer.outputs().stream().map(o -> o.equals(from) ? to : o).toList()));
        return builder.rename(from, to).build();
    }
}
