package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import java.util.HashSet;
import java.util.Set;

/** Constants that nothing reads any more once a graph has been rewritten. */
final class UnusedConstants {
    private UnusedConstants() {}

    /** Takes those away that a graph had and that neither a node nor an output of its rewritten form uses. */
    static void remove(Graph graph, GraphBuilder builder) {
        Set<String> used = new HashSet<>();
        builder.nodes().forEach(node -> used.addAll(node.inputs()));
        graph.outputs().forEach(output -> used.add(output.name()));
        graph.initializers().keySet().stream().filter(name -> !used.contains(name)).forEach(builder::removeInitializer);
    }
}
