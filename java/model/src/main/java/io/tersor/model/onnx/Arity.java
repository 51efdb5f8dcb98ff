package io.tersor.model.onnx;

import io.tersor.model.ModelFormatException;
import io.tersor.model.Node;
import io.tersor.model.contrib.ContribOperators;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** How many inputs operators cannot do without, so that nobody after the reader has to ask. */
final class Arity {
    private static final Map<String, Integer> REQUIRED = table();

    private Arity() {}

    private static Map<String, Integer> table() {
        Map<String, Integer> table = new HashMap<>();
        require(table, 0, "Constant", "Loop", "Scan", "SequenceEmpty", "Optional", "OptionalHasElement",
                "RandomUniform", "RandomNormal");
        require(table, 2, "Add", "Sub", "Mul", "Div", "Pow", "Mod", "PRelu", "And", "Or", "Xor", "Equal", "Greater",
                "Less", "GreaterOrEqual", "LessOrEqual", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "SwiGLU",
                "Conv", "ConvTranspose", "ConvInteger", "MatMul", "MatMulInteger", "Gemm", "QuantizeLinear",
                "DequantizeLinear", "Expand", "Tile", "Gather", "GatherElements", "GatherND", "LayerNormalization",
                "RMSNormalization", "GridSample", "CastLike", "SequenceInsert", "SequenceAt");
        require(table, 3, "Where", "Range", "ScatterElements", "ScatterND", "OneHot", "InstanceNormalization",
                "GroupNormalization", "RNN", "GRU", "LSTM", "Attention", "RotaryEmbedding", "DeformConv");
        require(table, 5, "BatchNormalization");
        require(table, 8, "QLinearConv", "QLinearMatMul");
        return Map.copyOf(table);
    }

    private static void require(Map<String, Integer> table, int inputs, String... operators) {
        for (String operator : operators) {
            table.put(operator, inputs);
        }
    }

    /**
     * Checks that a node has the inputs that its operator requires; those of ONNX's own domain must not be left out.
     *
     * @throws ModelFormatException if there are too few
     */
    static void check(Node node, Path file) {
        int required = ContribOperators.required(node)
                .orElseGet(() -> REQUIRED.getOrDefault(node.operator(), node.domain().isEmpty() ? 1 : 0));
        boolean optional = !node.domain().isEmpty();
        for (int i = 0; i < required; i++) {
            if (i >= node.inputs().size() || !optional && node.inputs().get(i).isEmpty()) {
                throw new ModelFormatException(file, "node " + node.name() + " (" + node.operator() + "): input " + i
                        + " of " + required + " is missing");
            }
        }
    }
}
