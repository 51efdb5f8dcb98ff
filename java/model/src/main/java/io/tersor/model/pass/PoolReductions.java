package io.tersor.model.pass;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Turns ReduceMean over both axes of f32 images, as exporters write global pooling, into GlobalAveragePool, with a
 * Flatten behind it where the axes are not kept.
 */
public final class PoolReductions implements GraphPass {
    private static final int RANK = 4;

    @Override
    public Graph apply(Graph graph) {
        Types types = new Types(graph);
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            if (node.is("ReduceMean") && isOverImages(graph, types, node)) {
                replace(builder, node);
                changed = true;
            }
        }
        return changed ? builder.build() : graph;
    }

    private static boolean isOverImages(Graph graph, Types types, Node node) {
        Optional<Tensor> given = node.input(1).flatMap(graph::initializer)
                .filter(tensor -> tensor.type() == DataType.S64);
        if (given.isPresent() != node.input(1).isPresent()) {
            return false;
        }
        long[] axes = given.map(Tensor::toLongs).orElse(node.attributes().integers("axes"));
        long[] sorted = Arrays.stream(axes).map(axis -> axis < 0 ? axis + RANK : axis).sorted().toArray();
        Optional<ValueInfo> info = types.of(node.inputs().getFirst());
        return Arrays.equals(sorted, new long[] {2, 3}) && info.filter(found -> found.type() == DataType.F32
                && found.dims().map(List::size).orElse(0) == RANK).isPresent();
    }

    private static void replace(GraphBuilder builder, Node node) {
        boolean keeps = node.attributes().integer("keepdims", 1) != 0;
        String pooled = keeps ? node.output() : builder.freshName(node.output() + ".pooled");
        builder.replace(Node.of(node.name(), "GlobalAveragePool", node.inputs().subList(0, 1), List.of(pooled),
                Attributes.NONE));
        if (!keeps) {
            builder.node(Node.of(builder.freshName(node.name() + ".flatten"), "Flatten", List.of(pooled),
                    List.of(node.output()), Attributes.NONE));
        }
    }
}
