package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import java.util.HashSet;
import java.util.Set;

/** Removes nodes and constants that no output depends on. */
public final class RemoveDeadNodes implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        Set<String> needed = new HashSet<>();
        graph.outputs().stream().map(ValueInfo::name).forEach(needed::add);
        GraphBuilder builder = graph.toBuilder();
        for (Node node : graph.nodes().reversed()) {
            if (node.outputs().stream().anyMatch(needed::contains)) {
                needed.addAll(node.inputs());
            } else {
                builder.remove(node);
            }
        }
        graph.initializers().keySet().stream().filter(name -> !needed.contains(name))
                .forEach(builder::removeInitializer);
        return builder.build();
    }
}
