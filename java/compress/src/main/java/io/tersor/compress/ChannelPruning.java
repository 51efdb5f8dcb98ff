package io.tersor.compress;

import io.tersor.model.Graph;
import java.util.Locale;

/**
 * Takes whole channels and neurons away and rewrites the graph to smaller shapes: of each set of channels that depend
 * on each other the given share, those of least norm, the first ones of equals. Channels are those of Conv, Gemm and
 * MatMul with constant weights; they go through functions, pools, depthwise convolutions, normalizations, sums and
 * Flatten to the products that read them. Channels that a sum ties together go together; those that reach an output of
 * the network, or an operator that this does not understand, stay. What is left computes exactly what the network would if all
 * weights that make and read the channels taken were zero.
 *
 * @param share of the channels of each set, above 0 and below 1, rounded down; one always stays
 * @param kept the products whose channels stay; the network's outputs always do
 */
public record ChannelPruning(double share, Kept kept) implements Reduction {
    /** Checks the share. */
    public ChannelPruning {
        if (!(share > 0 && share < 1)) {
            throw new CompressException("channels: expected above 0 and below 1, got " + share);
        }
    }

    static ChannelPruning of(RecipeText text) {
        double share = text.number("channels").orElseThrow(
                () -> new CompressException("recipe " + text + ": channels=S: expected a share of the channels"));
        return new ChannelPruning(share, text.word("keep").map(Kept::parse).orElse(Kept.ENDS));
    }

    @Override
    public Graph apply(Graph graph) {
        ChannelSets sets = ChannelSets.of(graph, kept.nodes(graph));
        ChannelRemoval removal = new ChannelRemoval(graph, sets, share);
        if (removal.count() == 0) {
            throw new CompressException("network " + graph.name() + String.format(Locale.ROOT,
                    ": expected channels to take %.3g of, got none", share));
        }
        return removal.apply();
    }

    /** Returns the options of the recipe. */
    @Override
    public String toString() {
        return "channels=" + share + (kept == Kept.ENDS ? "" : ",keep=" + kept);
    }
}
