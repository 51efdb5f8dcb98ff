package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import java.util.Set;

/** Raises the version of a graph's operators as far as the quantized form needs it. */
final class Opset {
    /** The first version whose DequantizeLinear takes one scale for each channel. */
    private static final int PER_CHANNEL = 13;

    /** The first version whose operators broadcast as they do today. */
    private static final int BROADCASTING = 7;

    /** Operators whose form and meaning in inference are the same from opset 7 to 13, but for attributes. */
    private static final Set<String> UNCHANGED = Set.of("Abs", "Add", "AveragePool", "BatchNormalization", "Concat",
            "Constant", "Conv", "ConvTranspose", "DepthToSpace", "Div", "Dropout", "Exp", "Flatten", "Gather", "Gemm",
            "GRU", "GlobalAveragePool", "GlobalMaxPool", "Identity", "InstanceNormalization", "LRN", "LSTM",
            "LeakyRelu", "MatMul", "MaxPool", "Mul", "PRelu", "RNN", "Relu", "Reshape", "Shape", "Sigmoid",
            "SpaceToDepth", "Sub", "Sum", "Tanh", "Transpose");

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
        GraphBuilder builder = graph.toBuilder().opset("", PER_CHANNEL);
        for (Node node : graph.nodes()) {
            boolean raised = node.domain().isEmpty() && graph.opset() >= BROADCASTING
                    && UNCHANGED.contains(node.opType()) && means(node);
            if (node.domain().isEmpty() && !raised) {
                throw new CompressException("node " + node.name() + ": " + node.opType() + " of opset " + graph.opset()
                        + " cannot be raised to " + PER_CHANNEL + "; export the network with opset " + PER_CHANNEL
                        + " or later");
            }
            if (node.is("Dropout") || node.is("BatchNormalization")) {
                builder.replace(node.withAttributes(node.attributes().without("ratio").without("spatial")));
            }
        }
        return builder.build();
    }

    /** Returns whether a node means the same without the attributes that there are no more. */
    private static boolean means(Node node) {
        return node.is("Dropout") ? node.outputs().size() == 1 : node.attributes().integer("spatial", 1) != 0;
    }
}
