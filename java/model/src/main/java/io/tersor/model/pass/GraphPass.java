package io.tersor.model.pass;

import io.tersor.model.Graph;

/** Turns a graph into an equivalent one. Stateless. */
@FunctionalInterface
public interface GraphPass {
    /** Returns the changed graph, or the same one if there is nothing to change. */
    Graph apply(Graph graph);
}
