package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * Changes no weight, but marks those that have been pruned before with the format that their zeros show, see {@link
 * SparsityReport.Layer#detected()}. Depthwise convolutions are not marked.
 *
 * @param type of the weights that the network is going to have: f32, or s8 where quantization follows
 */
public record ExistingZeros(DataType type) implements Reduction {
    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        boolean found = false;
        for (WeightLayer layer : WeightLayer.of(graph)) {
            Optional<SparseFormat> format = layer.isDepthwise() ? Optional.empty()
                    : SparsityReport.of(graph, layer).detected(type);
            if (format.isPresent()) {
                builder.sparsity(layer.weights(), format.get());
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
