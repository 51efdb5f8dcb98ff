package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.sparse.SparseFormat;
import java.util.Optional;

/**
 * Changes no weight, but marks those that have been pruned before with the format that their zeros show, see {@link
 * SparsityReport.Layer#detected()}. Depthwise convolutions are not marked.
 *
 * @param single the format of zeros that are arranged in no other way
 */
public record ExistingZeros(SparseFormat single) implements Reduction {
    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        boolean found = false;
        for (WeightLayer layer : WeightLayer.of(graph)) {
            Optional<SparseFormat> format = layer.isDepthwise() ? Optional.empty()
                    : SparsityReport.of(graph, layer).detected();
            if (format.isPresent()) {
                boolean entries = format.get().equals(SparseFormat.CSR) || format.get().equals(SparseFormat.BITMASK);
                builder.sparsity(layer.weights(), entries ? single : format.get());
                found = true;
            }
        }
        if (!found) {
            throw new CompressException("network " + graph.name() + ": expected weights with many zeros, got none");
        }
        return builder.build();
    }

    /** Returns the options of the recipe. */
    @Override
    public String toString() {
        return "format=keep";
    }
}
