package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import java.util.Set;

/** Raises the version of a graph's operators as far as the quantized form needs it. */
final class Opset {
    /** The first version whose DequantizeLinear takes one scale for each channel. */
    private static final int PER_CHANNEL = 13;

    /** Operators whose form and meaning, as inference uses them, are the same from opset 9 to 13. */
    private static final Set<String> UNCHANGED = Set.of("Abs", "Add", "AveragePool", "BatchNormalization", "Concat",
            "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Div", "Exp", "Flatten", "Gather", "Gemm",
            "GlobalAveragePool", "GlobalMaxPool", "Identity", "InstanceNormalization", "LRN", "LeakyRelu", "MatMul",
            "MaxPool", "Mul", "PRelu", "Relu", "Reshape", "Shape", "Sigmoid", "SpaceToDepth", "Sub", "Sum", "Tanh",
            "Transpose");

    private Opset() {}

    /**
     * Returns the graph with ONNX's own operators of at least opset 13.
     *
     * @throws CompressException if an operator changed between the graph's opset and that
     */
    static Graph forQuantization(Graph graph) {
        if (graph.opset() >= PER_CHANNEL) {
            return graph;
        }
        for (Node node : graph.nodes()) {
            if (node.domain().isEmpty() && !UNCHANGED.contains(node.opType())) {
                throw new CompressException("node " + node.name() + ": " + node.opType() + " of opset " + graph.opset()
                        + " cannot be raised to " + PER_CHANNEL + "; export the network with opset " + PER_CHANNEL
                        + " or later");
            }
        }
        return graph.toBuilder().opset("", PER_CHANNEL).build();
    }
}
