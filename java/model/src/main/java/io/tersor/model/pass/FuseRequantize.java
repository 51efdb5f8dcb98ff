package io.tersor.model.pass;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns QuantizeLinear(DequantizeLinear(x)) into nothing where the parameters are the same, because x comes back
 * exactly, and into {@code io.tersor.Requantize} otherwise. A concatenation of differently quantized values is made of
 * values brought to the result's parameters first.
 */
public final class FuseRequantize implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        Map<String, ValueInfo> types = TypeInference.infer(graph);
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            changed |= node.is("QuantizeLinear") && requantize(graph, types, builder, node)
                    || node.is("Concat") && concat(graph, types, builder, node);
        }
        return changed ? builder.build() : graph;
    }

    private static boolean requantize(Graph graph, Map<String, ValueInfo> types, GraphBuilder builder, Node node) {
        Optional<Dequantized> from = Dequantized.of(graph, types, node.inputs().getFirst()).filter(Dequantized::isPlain);
        Optional<Dequantized> to = Dequantized.of(graph, types, node, node.output()).filter(Dequantized::isPlain);
        if (from.isEmpty() || to.isEmpty()) {
            return false;
        }
        builder.remove(node);
        if (!from.get().sameAs(to.get())) {
            builder.node(requantize(builder, from.get(), to.get(), node.name(), node.output()));
        } else if (graph.isOutput(node.output())) {
            builder.node(Node.of(node.name(), "Identity", List.of(from.get().value()), node.outputs(), Attributes.NONE));
        } else {
            builder.rename(node.output(), from.get().value());
        }
        return true;
    }

    private static Node requantize(GraphBuilder builder, Dequantized from, Dequantized to, String name, String output) {
        return new Node(name, "Requantize", Node.INTERNAL, List.of(from.value(), from.scale(), from.zeroPoint(builder),
                to.scale(), to.zeroPoint(builder)), List.of(output), Attributes.NONE);
    }

    private static boolean concat(Graph graph, Map<String, ValueInfo> types, GraphBuilder builder, Node node) {
        Optional<Dequantized> to = Dequantized.after(graph, types, node.output()).filter(Dequantized::isPlain);
        List<Dequantized> parts = new ArrayList<>();
        for (String input : node.inputs()) {
            Dequantized.of(graph, types, input).filter(Dequantized::isPlain).ifPresent(parts::add);
        }
        if (to.isEmpty() || parts.size() != node.inputs().size()) {
            return false;
        }
        List<String> inputs = new ArrayList<>();
        for (Dequantized part : parts) {
            if (part.sameAs(to.get())) {
                inputs.add(part.value());
            } else {
                String name = builder.freshName(part.value() + ".requantized");
                builder.node(requantize(builder, part, to.get(), name, name));
                inputs.add(name);
            }
        }
        builder.remove(Patterns.onlyConsumer(graph, node.output()).orElseThrow());
        builder.replace(node.withInputs(inputs).withOutputs(List.of(to.get().value())));
        return true;
    }
}
