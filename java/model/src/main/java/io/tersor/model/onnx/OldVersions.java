package io.tersor.model.onnx;

import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import java.util.HashMap;
import java.util.Map;

/**
 * Which operators meant something else in old opsets. All others have meant the same since they exist, apart from
 * inputs that were attributes, which the operators themselves take, and {@code consumed_inputs}, which never had a
 * meaning.
 */
final class OldVersions {
    /** The first opset whose version of the operator is implemented, where that is not the operator's first. */
    private static final Map<String, Integer> SINCE = table();

    private OldVersions() {}

    private static Map<String, Integer> table() {
        Map<String, Integer> table = new HashMap<>();
        // Broadcasting in one direction, along an attribute's axis.
        since(table, 7, "Add", "Sub", "Mul", "Div", "Pow", "And", "Or", "Xor", "Equal", "Greater", "Less", "Gemm",
                "PRelu");
        // Training unless an attribute says otherwise.
        since(table, 7, "BatchNormalization", "Dropout");
        // Outputs, padding and scales that other attributes decided about.
        since(table, 7, "RNN", "GRU", "LSTM", "AveragePool", "Upsample");
        // Attributes of other types, names or defaults.
        since(table, 6, "Cast", "Selu", "Tile");
        since(table, 5, "Reshape");
        since(table, 2, "Pad", "Split", "LpPool", "GlobalLpPool");
        // Experimental before, with other attributes.
        since(table, 9, "MeanVarianceNormalization");
        return Map.copyOf(table);
    }

    private static void since(Map<String, Integer> table, int opset, String... operators) {
        for (String operator : operators) {
            table.put(operator, opset);
        }
    }

    /**
     * Checks that a node of ONNX's own domain means what is implemented.
     *
     * @throws UnsupportedOperatorException if it did not yet in that opset
     */
    static void check(Node node, int opset) {
        int since = node.domain().isEmpty() ? SINCE.getOrDefault(node.opType(), 1) : 1;
        if (opset < since) {
            throw new UnsupportedOperatorException(node, opset, "only as it is since opset " + since);
        }
    }
}
