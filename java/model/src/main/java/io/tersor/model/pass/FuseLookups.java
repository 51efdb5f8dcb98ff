package io.tersor.model.pass;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.TersorException;
import io.tersor.kernel.LookupSpec;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.exec.GraphValues;
import io.tersor.model.ops.MapNodes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes one {@code io.tersor.Lookup} of what happens to the elements of one tensor of bytes between a DequantizeLinear
 * and a QuantizeLinear: functions, operations with constants, and operations of several such functions, as in
 * x * sigmoid(x); also across further pairs of the two. The table holds what ONNX's operators make of each of the 256
 * values, so that this is exact. Clamps alone are left to {@link FuseQuantized}, changes of scale to
 * {@link FuseRequantize}.
 */
public final class FuseLookups implements GraphPass {
    private static final Set<String> CLAMPS = Set.of("Relu", "Clip", "Identity");
    private static final Set<String> FUNCTIONS = Stream.concat(MapNodes.NAMES.stream(), Stream.of("Gelu", "HardSwish"))
            .collect(Collectors.toUnmodifiableSet());
    private static final Set<String> OPERATIONS = Set.of("Add", "Sub", "Mul", "Div", "Min", "Max", "Pow");

    @Override
    public Graph apply(Graph graph) {
        boolean any = graph.nodes().stream().anyMatch(node -> node.is("DequantizeLinear"))
                && graph.nodes().stream().anyMatch(FuseLookups::computes);
        return any ? new Run(graph).apply() : graph;
    }

    private static boolean computes(Node node) {
        return FUNCTIONS.contains(node.operator()) || OPERATIONS.contains(node.operator());
    }

    /**
     * A value whose elements follow from those of a tensor of bytes.
     *
     * @param bytes the tensor
     * @param computed whether by more than clamps and changes of scale
     */
    private record Origin(String bytes, boolean computed) {}

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final Map<String, Origin> origins = new HashMap<>();
        // The nodes that make them, in their order, and what they make of all 256 values.
        private final List<Node> nodes = new ArrayList<>();
        private final Map<String, Tensor> results = new HashMap<>();

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
        }

        private Graph apply() {
            List<Node> ends = new ArrayList<>();
            for (Node node : graph.nodes()) {
                origin(node).ifPresent(found -> {
                    origins.put(node.output(), found);
                    nodes.add(node);
                    if (found.computed && node.is("QuantizeLinear")) {
                        ends.add(node);
                    }
                });
            }
            if (ends.isEmpty()) {
                return graph;
            }
            compute();
            GraphBuilder builder = graph.toBuilder();
            for (Node end : ends) {
                Tensor table = results.get(end.output());
                if (table != null) {
                    String entries = builder.constant(end.output() + ".table", table);
                    builder.replace(new Node(end.name(), "Lookup", Node.INTERNAL,
                            List.of(origins.get(end.output()).bytes, entries), List.of(end.output()),
                            Attributes.NONE));
                }
            }
            return builder.build();
        }

        private Optional<Origin> origin(Node node) {
            if (node.outputs().size() != 1) {
                return Optional.empty();
            }
            String first = node.inputs().isEmpty() ? "" : node.inputs().getFirst();
            if (node.is("DequantizeLinear")) {
                boolean plain = graph.initializer(first).isEmpty()
                        && Dequantized.of(graph, types, node, first).filter(Dequantized::isPlain).isPresent();
                return plain ? Optional.of(origins.getOrDefault(first, new Origin(first, false))) : Optional.empty();
            }
            if (node.is("QuantizeLinear")) {
                return Optional.ofNullable(origins.get(first)).filter(_ -> Dequantized.of(graph, types, node,
                        node.output()).filter(Dequantized::isPlain).isPresent());
            }
            return computes(node) || CLAMPS.contains(node.operator()) ? combined(node) : Optional.empty();
        }

        /** One tensor of bytes, and constants of one element that leave it its shape. */
        private Optional<Origin> combined(Node node) {
            Set<String> bytes = new HashSet<>();
            boolean computed = computes(node);
            for (String input : node.inputs()) {
                Origin found = origins.get(input);
                if (found != null) {
                    bytes.add(found.bytes);
                    computed |= found.computed;
                }
            }
            if (bytes.size() != 1) {
                return Optional.empty();
            }
            String tensor = bytes.iterator().next();
            int rank = types.of(tensor).flatMap(ValueInfo::dims).map(List::size).orElse(0);
            for (String input : node.inputs()) {
                boolean fits = input.isEmpty() || origins.containsKey(input) || constant(input)
                        .filter(value -> value.shape().elements() == 1 && value.shape().rank() <= rank).isPresent();
                if (!fits) {
                    return Optional.empty();
                }
            }
            return Optional.of(new Origin(tensor, computed));
        }

        /** Returns a constant, also one that is dequantized on its way. */
        private Optional<Tensor> constant(String value) {
            return graph.initializer(value).or(() -> graph.producer(value)
                    .filter(node -> node.is("DequantizeLinear")
                            && node.inputs().stream().allMatch(input -> input.isEmpty()
                                    || graph.initializer(input).isPresent()))
                    .flatMap(node -> evaluate(node, Map.of())));
        }

        private void compute() {
            for (Node node : nodes) {
                Map<String, Tensor> inputs = new HashMap<>();
                boolean known = true;
                for (String input : node.inputs()) {
                    Origin origin = origins.get(input);
                    if (input.isEmpty() || graph.initializer(input).isPresent()) {
                        continue;
                    }
                    Tensor operand = origin != null ? results.get(input)
                            : node.is("DequantizeLinear") ? values(input) : constant(input).orElse(null);
                    known &= operand != null;
                    inputs.put(input, operand);
                }
                if (known) {
                    evaluate(node, inputs).ifPresent(result -> results.put(node.output(), result));
                }
            }
        }

        /** Returns all values of a type of 8 bits, by their bits. */
        private Tensor values(String bytes) {
            DataType type = types.of(bytes).orElseThrow().type();
            Tensor all = Tensor.allocate(Arena.ofAuto(), type, Shape.of(LookupSpec.ENTRIES));
            for (int i = 0; i < LookupSpec.ENTRIES; i++) {
                all.data().set(JAVA_BYTE, i, (byte) i);
            }
            return all;
        }

        /** Returns what a node makes of constants; empty if it objects, which its own preparation reports. */
        private Optional<Tensor> evaluate(Node node, Map<String, Tensor> inputs) {
            GraphBuilder alone = Graph.builder("table", graph.opset());
            graph.opsets().forEach(alone::opset);
            for (String input : new HashSet<>(node.inputs())) {
                if (!input.isEmpty()) {
                    alone.initializer(input, inputs.containsKey(input) ? inputs.get(input)
                            : graph.initializer(input).orElseThrow());
                }
            }
            Graph one = alone.node(node).build();
            try {
                GraphValues values = new GraphValues(one, Map.of(), Map.of());
                values.visit(one.nodes().getFirst());
                return Optional.of(values.elements(node.output()));
            } catch (TersorException | ArithmeticException e) {
                return Optional.empty();
            }
        }
    }
}
