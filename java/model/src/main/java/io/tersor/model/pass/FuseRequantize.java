package io.tersor.model.pass;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import java.util.ArrayList;
import java.util.HashMap;
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
        return new Run(graph).apply();
    }

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final GraphBuilder builder;
        // What stands for a value whose node is gone.
        private final Map<String, String> renamed = new HashMap<>();

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
            this.builder = graph.toBuilder();
        }

        private Graph apply() {
            boolean changed = false;
            for (Node node : graph.nodes()) {
                changed |= node.is("QuantizeLinear") && requantize(node) || node.is("Concat") && concat(node);
            }
            return changed ? builder.build() : graph;
        }

        private String current(String value) {
            return renamed.getOrDefault(value, value);
        }

        private boolean requantize(Node node) {
            Optional<Dequantized> from = Dequantized.of(graph, types, node.inputs().getFirst())
                    .filter(Dequantized::isPlain);
            Optional<Dequantized> to = from.flatMap(_ -> Dequantized.of(graph, types, node, node.output()))
                    .filter(Dequantized::isPlain);
            if (from.isEmpty() || to.isEmpty()) {
                return false;
            }
            builder.remove(node);
            if (!from.get().sameAs(to.get())) {
                builder.node(requantize(from.get(), to.get(), node.name(), node.output()));
            } else if (graph.isOutput(node.output())) {
                builder.node(Node.of(node.name(), "Identity", List.of(current(from.get().value())), node.outputs(),
                        Attributes.NONE));
            } else {
                renamed.put(node.output(), current(from.get().value()));
                builder.rename(node.output(), current(from.get().value()));
            }
            return true;
        }

        private Node requantize(Dequantized from, Dequantized to, String name, String output) {
            return new Node(name, "Requantize", Node.INTERNAL, List.of(current(from.value()), from.scale(),
                    from.zeroPoint(builder),
                    to.scale(), to.zeroPoint(builder)), List.of(output), Attributes.NONE);
        }

        private boolean concat(Node node) {
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
                    inputs.add(current(part.value()));
                } else {
                    String name = builder.freshName(part.value() + ".requantized");
                    builder.node(requantize(part, to.get(), name, name));
                    inputs.add(name);
                }
            }
            builder.remove(Patterns.onlyConsumer(graph, node.output()).orElseThrow());
            builder.replace(node.withInputs(inputs).withOutputs(List.of(to.get().value())));
            return true;
        }
    }
}
