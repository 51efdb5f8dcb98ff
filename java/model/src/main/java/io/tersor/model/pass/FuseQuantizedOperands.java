package io.tersor.model.pass;

import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lets {@code io.tersor.Attention} read what its operands were before DequantizeLinear, and it and LayerNormalization
 * or RMSNormalization write what the QuantizeLinear that alone uses their result makes of it.
 */
public final class FuseQuantizedOperands implements GraphPass {
    private static final int RESULT_INPUTS = 12;
    private static final int RESULT = 10;

    @Override
    public Graph apply(Graph graph) {
        Types types = new Types(graph);
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            if (node.operator().equals(Node.INTERNAL + ".Attention")) {
                changed |= attention(graph, types, builder, node);
            } else if (node.is("LayerNormalization") || node.is("RMSNormalization")) {
                changed |= normalization(graph, types, builder, node);
            }
        }
        return changed ? builder.build() : graph;
    }

    private static boolean attention(Graph graph, Types types, GraphBuilder builder, Node node) {
        List<String> inputs = new ArrayList<>(node.inputs());
        while (inputs.size() < RESULT_INPUTS) {
            inputs.add("");
        }
        for (int i = 0; i < 3; i++) {
            Optional<Dequantized> before = Dequantized.of(graph, types, inputs.get(i)).filter(Dequantized::isPlain);
            if (before.isPresent()) {
                inputs.set(i, before.get().value());
                inputs.set(4 + 2 * i, before.get().scale());
                inputs.set(5 + 2 * i, before.get().zeroPoint(builder));
            }
        }
        // Joining the heads moves nothing, so that it may be done to the quantized result as well.
        Optional<Node> view = Patterns.onlyConsumer(graph, node.output()).filter(next ->
                (next.is("Reshape") || next.is("Flatten")) && next.inputs().getFirst().equals(node.output()));
        Optional<Dequantized> after = Dequantized.after(graph, types, view.orElse(node).output())
                .filter(Dequantized::isPlain);
        boolean changed = after.isPresent() || !inputs.subList(0, 3).equals(node.inputs().subList(0, 3));
        String output = node.output();
        if (after.isPresent()) {
            inputs.set(RESULT, after.get().scale());
            inputs.set(RESULT + 1, after.get().zeroPoint(builder));
            builder.remove(Patterns.onlyConsumer(graph, view.orElse(node).output()).orElseThrow());
            output = view.isEmpty() ? after.get().value() : builder.freshName(node.output() + ".quantized");
        }
        if (changed) {
            builder.replace(node.withInputs(inputs).withOutputs(List.of(output)));
        }
        if (after.isPresent() && view.isPresent()) {
            List<String> viewed = new ArrayList<>(view.get().inputs());
            viewed.set(0, output);
            builder.replace(view.get().withInputs(viewed).withOutputs(List.of(after.get().value())));
        }
        return changed;
    }

    /** Inputs of QLayerNormalization: x, scale, bias, then scale and zero point of the result. */
    private static boolean normalization(Graph graph, Types types, GraphBuilder builder, Node node) {
        Optional<Dequantized> after = Dequantized.after(graph, types, node.output()).filter(Dequantized::isPlain);
        int rank = types.of(node.inputs().getFirst()).flatMap(ValueInfo::dims).map(List::size)
                .orElse(0);
        long axis = node.attributes().integer("axis", -1);
        boolean rows = rank > 0 && (axis == -1 || axis == rank - 1) && Patterns.constantOrAbsent(graph, node, 1)
                && Patterns.constantOrAbsent(graph, node, 2) && node.outputs().size() == 1
                && isRow(graph, types, node, 1) && isRow(graph, types, node, 2);
        if (after.isEmpty() || !rows) {
            return false;
        }
        builder.remove(Patterns.onlyConsumer(graph, node.output()).orElseThrow());
        builder.remove(node);
        builder.node(new Node(node.name(), "QLayerNormalization", Node.INTERNAL, List.of(node.inputs().get(0),
                node.inputs().get(1), node.input(2).orElse(""), after.get().scale(), after.get().zeroPoint(builder)),
                List.of(after.get().value()),
                node.attributes().with("centered", node.is("LayerNormalization") ? 1 : 0)));
        return true;
    }

    private static boolean isRow(Graph graph, Types types, Node node, int input) {
        Optional<List<Dim>> dims = types.of(node.inputs().getFirst()).orElseThrow().dims();
        return node.input(input).flatMap(graph::initializer).map(tensor -> tensor.shape().rank() == 1
                && dims.get().getLast().equals(Dim.of(tensor.shape().dim(0)))
                && tensor.type() == DataType.F32).orElse(node.input(input).isEmpty());
    }
}
