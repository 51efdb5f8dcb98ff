package io.tersor.model.flow;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which nodes have outputs whose shapes follow from the elements of values that are computed while the graph runs. An
 * engine would have to make a plan for all different elements; in a loop, {@code Slice(x, i, i + 1)}, one for each
 * iteration.
 */
final class ShapeDecisions {
    private static final int FIRST = 0;
    private static final int SECOND = 1;
    /** The first of the inputs whose elements decide; the ones behind it may decide as well. */
    private static final Map<String, Integer> DECIDING = table();

    private final Graph graph;
    private final Set<String> known;

    ShapeDecisions(Graph graph) {
        this.graph = graph;
        this.known = new HashSet<>(graph.initializers().keySet());
        known.add("");
        for (Node node : graph.nodes()) {
            if (node.is("Shape") || node.is("Size") || known.containsAll(node.inputs())) {
                known.addAll(node.outputs());
            }
        }
    }

    private static Map<String, Integer> table() {
        Map<String, Integer> table = new HashMap<>();
        for (String operator : new String[] {"NonZero", "Unique", "NonMaxSuppression", "Compress", "Range",
            "ConstantOfShape", "HannWindow", "HammingWindow", "BlackmanWindow"}) {
            table.put(operator, FIRST);
        }
        for (String operator : new String[] {"Reshape", "Expand", "Slice", "Tile", "Pad", "Resize", "Upsample", "TopK",
            "Squeeze", "Unsqueeze", "Split", "CenterCropPad", "OneHot", "ReduceSum", "ReduceMean", "ReduceMax",
            "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare"}) {
            table.put(operator, SECOND);
        }
        return Map.copyOf(table);
    }

    /** Returns whether a node has to be prepared with the elements of its inputs at hand. */
    boolean dependsOnElements(Node node) {
        Integer first = node.domain().isEmpty() ? DECIDING.get(node.opType()) : null;
        return first != null && first < node.inputs().size()
                && !known.containsAll(node.inputs().subList(first, node.inputs().size()));
    }
}
