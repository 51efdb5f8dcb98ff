package io.tersor.compress;

import io.tersor.model.Graph;

/** What takes parts of an FP32 network away. Immutable and thread-safe; the same graph gives the same result. */
public sealed interface Reduction permits MagnitudePruning, ExistingZeros, ChannelPruning {
    /**
     * Returns the smaller network.
     *
     * @param graph simplified: without batch normalizations behind convolutions
     * @throws CompressException if there is nothing to take away
     */
    Graph apply(Graph graph);
}
