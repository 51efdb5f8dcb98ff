package io.tersor.model.pass;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Scales scores instead of queries and keys: softmax((a q) (b k)^T + mask) becomes softmax(q k^T * (a b) + mask) for
 * numbers a and b, which is how attention and its quantization are found. Exporters put the square root of the scale
 * on both sides.
 */
public final class HoistScales implements GraphPass {
    private static final Set<String> MOVERS = Set.of("Reshape", "Squeeze", "Transpose", "Unsqueeze");
    /** Operators between a softmax and its product, or between a product and what scales its operand. */
    private static final int MAX_STEPS = 6;

    @Override
    public Graph apply(Graph graph) {
        Run run = new Run(graph);
        graph.nodes().stream().filter(node -> node.is("Softmax")).forEach(run::softmax);
        return run.changed ? run.builder.build() : graph;
    }

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final ShapeNumbers numbers;
        private final GraphBuilder builder;
        private boolean changed;

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
            this.numbers = new ShapeNumbers(graph, types);
            this.builder = graph.toBuilder();
        }

        private void softmax(Node softmax) {
            product(softmax.inputs().getFirst(), MAX_STEPS).filter(this::isAttention).ifPresent(product -> {
                List<String> found = new ArrayList<>();
                Node left = stripped(product, 0, found);
                Node both = stripped(left, 1, found);
                if (!found.isEmpty()) {
                    scale(both, found);
                    changed = true;
                }
            });
        }

        /** Returns the one product that scores are made of, behind masks and scales. */
        private Optional<Node> product(String value, int steps) {
            Optional<Node> node = graph.producer(value)
                    .filter(_ -> steps > 0 && Patterns.onlyConsumer(graph, value).isPresent());
            if (node.isEmpty() || node.get().is("MatMul")) {
                return node;
            }
            int first = node.get().is("Where") ? 1 : 0;
            return !Set.of("Add", "Div", "Mul", "Where").contains(node.get().operator()) ? Optional.empty()
                    : node.get().inputs().stream().skip(first)
                            .flatMap(input -> product(input, steps - 1).stream()).findFirst();
        }

        /** Whether this may be q k^T of heads, and no layer with weights, whose bias has to stay behind it. */
        private boolean isAttention(Node product) {
            List<Dim> dims = types.of(product.output()).filter(info -> info.type() == DataType.F32)
                    .flatMap(ValueInfo::dims).orElse(List.of());
            return (dims.size() == 3 || dims.size() == 4)
                    && product.inputs().stream().noneMatch(input -> graph.initializer(input).isPresent());
        }

        /** Returns a node that reads what its input is a multiple of, and adds the numbers to {@code found}. */
        private Node stripped(Node reader, int input, List<String> found) {
            Node first = reader;
            Node at = reader;
            int from = input;
            for (int i = 0; i < MAX_STEPS; i++) {
                String value = at.inputs().get(from);
                Optional<Node> node = graph.producer(value)
                        .filter(_ -> Patterns.onlyConsumer(graph, value).isPresent());
                Optional<ShapeNumbers.Scaled> scaled = node.flatMap(numbers::scaled).filter(one -> !one.over()
                        && sameRank(one.value(), value));
                if (scaled.isPresent()) {
                    found.add(scaled.get().number());
                    List<String> inputs = new ArrayList<>(at.inputs());
                    inputs.set(from, scaled.get().value());
                    Node changed = at.withInputs(inputs);
                    builder.replace(changed);
                    builder.remove(node.get());
                    first = at.name().equals(first.name()) ? changed : first;
                    at = changed;
                } else if (node.filter(one -> MOVERS.contains(one.operator())).isPresent()) {
                    at = node.get();
                    from = 0;
                } else {
                    return first;
                }
            }
            return first;
        }

        private boolean sameRank(String one, String other) {
            Optional<Integer> rank = types.of(one).flatMap(ValueInfo::dims).map(List::size);
            return rank.isPresent() && rank.equals(types.of(other).flatMap(ValueInfo::dims).map(List::size));
        }

        private void scale(Node product, List<String> found) {
            double fixed = 1;
            Optional<String> factor = Optional.empty();
            for (String name : found) {
                Optional<Double> number = Factors.number(graph, name);
                fixed *= number.orElse(1.0);
                if (number.isEmpty()) {
                    factor = Optional.of(times(factor, name));
                }
            }
            if (fixed != 1) {
                factor = Optional.of(times(factor, builder.constant(product.name() + ".factor",
                        Tensor.ofFloats(Arena.ofAuto(), Shape.of(), (float) fixed))));
            }
            if (factor.isPresent()) {
                String plain = builder.freshName(product.output() + ".unscaled");
                builder.replace(product.withOutputs(List.of(plain)));
                builder.node(new Node(builder.freshName(product.name() + ".scale"), "Mul", "",
                        List.of(plain, factor.get()), List.of(product.output()), Attributes.NONE));
            }
        }

        private String times(Optional<String> one, String other) {
            return one.map(before -> builder.add("Mul", before, other)).orElse(other);
        }
    }
}
