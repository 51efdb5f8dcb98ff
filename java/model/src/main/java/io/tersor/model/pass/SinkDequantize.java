package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Moves DequantizeLinear of activations behind operators that only move or choose elements: op(dequantize(x)) becomes
 * dequantize(op(x)), which is exact because dequantization is elementwise and increasing. What follows then sees the
 * quantized values.
 */
public final class SinkDequantize implements GraphPass {
    private static final Set<String> MOVERS = Set.of("Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze",
            "MaxPool", "Slice", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Gather", "Concat");

    private static boolean moves(Node node) {
        boolean nearest = (node.is("Resize") || node.is("Upsample"))
                && node.attributes().text("mode", "nearest").equals("nearest")
                && !node.attributes().text("coordinate_transformation_mode", "").equals("tf_crop_and_resize");
        return nearest || MOVERS.contains(node.operator());
    }

    @Override
    public Graph apply(Graph graph) {
        Types types = new Types(graph);
        Map<String, Dequantized> quantized = new HashMap<>();
        Map<String, Node> dequantizers = new HashMap<>();
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            if (node.is("DequantizeLinear") && graph.initializer(node.inputs().getFirst()).isEmpty()) {
                Dequantized.of(graph, types, node, node.inputs().getFirst())
                        .filter(found -> found.isPerTensor() && found.isByte())
                        .ifPresent(found -> {
                            quantized.put(node.output(), found);
                            dequantizers.put(node.output(), node);
                        });
            } else if (moves(node) && node.outputs().size() == 1) {
                Optional<List<String>> inputs = quantizedInputs(node, quantized);
                if (inputs.isPresent()) {
                    sink(builder, node, inputs.get(), quantized, dequantizers);
                    changed = true;
                }
            }
        }
        return changed ? builder.build() : graph;
    }

    /** Returns whether a value is what DequantizeLinear makes of bytes, or that moved: then this pass dequantizes it last. */
    static boolean isDequantized(Graph graph, Types types, String value) {
        Optional<Node> producer = graph.producer(value);
        if (producer.filter(node -> moves(node) && !node.is("Concat")
                && node.outputs().size() == 1).isPresent()) {
            return isDequantized(graph, types, producer.get().inputs().getFirst());
        }
        return Dequantized.of(graph, types, value).filter(Dequantized::isPlain).isPresent()
                && graph.initializer(producer.orElseThrow().inputs().getFirst()).isEmpty();
    }

    /** Returns the inputs with the dequantized ones replaced by what they are made from; empty if that is not exact. */
    private static Optional<List<String>> quantizedInputs(Node node, Map<String, Dequantized> quantized) {
        Dequantized first = quantized.get(node.inputs().getFirst());
        if (first == null) {
            return Optional.empty();
        }
        List<String> inputs = new ArrayList<>(node.inputs());
        int data = node.is("Concat") ? inputs.size() : 1;
        for (int i = 0; i < data; i++) {
            Dequantized one = quantized.get(inputs.get(i));
            if (one == null || !one.sameAs(first)) {
                return Optional.empty();
            }
            inputs.set(i, one.value());
        }
        return Optional.of(inputs);
    }

    private static void sink(GraphBuilder builder, Node node, List<String> inputs, Map<String, Dequantized> quantized,
            Map<String, Node> dequantizers) {
        String real = node.output();
        Dequantized before = quantized.get(node.inputs().getFirst());
        String moved = builder.freshName(real + ".quantized");
        builder.replace(node.withInputs(inputs).withOutputs(List.of(moved)));
        Node dequantize = dequantizers.get(node.inputs().getFirst());
        List<String> parameters = new ArrayList<>(dequantize.inputs());
        parameters.set(0, moved);
        Node behind = new Node(builder.freshName(real + ".dequantize"), "DequantizeLinear", "", parameters,
                List.of(real), dequantize.attributes());
        builder.node(behind);
        quantized.put(real, new Dequantized(moved, before.type(), before.scale(), before.scales(), before.zeroPoint(),
                before.zeroPoints(), before.axis()));
        dequantizers.put(real, behind);
    }
}
