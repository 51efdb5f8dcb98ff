package io.tersor.bench.product;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A convolution as ONNX Runtime has it within a network: src and dst have their channels in blocks (NCHWc), and are
 * brought there from NCHW and back only at the network's ends. The three parts of the graph that it makes of a single
 * convolution; each has the input {@code x} and the output {@code y}.
 *
 * @param before what reorders src, unless the convolution reads NCHW
 * @param core the convolution
 * @param after what reorders dst
 * @param src as the convolution reads it
 * @param dst as the convolution writes it, with as many channels as blocks need
 */
record BlockedConv(Optional<Graph> before, Graph core, Graph after, Shape src, Shape dst) {
    private static final String REORDER_SRC = "ReorderInput";
    private static final String REORDER_DST = "ReorderOutput";
    /** Channels in a block with AVX-512; otherwise they are fewer. */
    private static final int LARGEST_BLOCK = 16;

    /**
     * Takes apart what ONNX Runtime made of Conv and Relu.
     *
     * @return empty if it has no blocks, or src has channels that fill none, whose padding it does not tell
     */
    static Optional<BlockedConv> of(Graph optimized) {
        Optional<Node> last = node(optimized, REORDER_DST);
        Optional<Node> first = node(optimized, REORDER_SRC);
        Shape src = optimized.inputs().getFirst().shape().orElseThrow();
        Shape dst = optimized.outputs().getFirst().shape().orElseThrow();
        if (last.isEmpty() || first.isPresent() && src.dim(1) % LARGEST_BLOCK != 0) {
            return Optional.empty();
        }
        Node conv = optimized.producer(last.get().inputs().getFirst()).orElseThrow();
        long channels = optimized.initializer(conv.inputs().get(1)).orElseThrow().shape().dim(0);
        Shape blocked = Shape.of(dst.dim(0), channels, dst.dim(2), dst.dim(3));
        return Optional.of(new BlockedConv(first.map(node -> part(optimized, node, src, src)),
                part(optimized, conv, src, blocked), part(optimized, last.get(), blocked, dst), src, blocked));
    }

    private static Optional<Node> node(Graph graph, String opType) {
        return graph.nodes().stream().filter(node -> node.opType().equals(opType)).findFirst();
    }

    private static Graph part(Graph whole, Node node, Shape src, Shape dst) {
        GraphBuilder part = Graph.builder(node.opType(), whole.opset());
        whole.opsets().forEach(part::opset);
        List<String> inputs = new ArrayList<>(node.inputs());
        inputs.set(0, OnnxGraphs.SRC);
        inputs.stream().skip(1).forEach(name -> whole.initializer(name)
                .ifPresent(tensor -> part.initializer(name, tensor)));
        return part.input(ValueInfo.of(OnnxGraphs.SRC, DataType.F32, src))
                .output(ValueInfo.of(OnnxGraphs.DST, DataType.F32, dst))
                .node(node.withInputs(inputs).withOutputs(List.of(OnnxGraphs.DST))).build();
    }
}
