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

/**
 * Finds normalizations of the last axis that exporters write out, and makes them ONNX's own operators:
 * LayerNormalization, (x - mean) / sqrt(mean((x - mean)^2) + epsilon), and RMSNormalization, x / sqrt(mean(x^2) +
 * epsilon), each times a constant row and, the former, plus another. The nodes are those of the newest opset.
 */
public final class FuseNormalizations implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        return new Run(graph).apply();
    }

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final GraphBuilder builder;

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
            this.builder = graph.toBuilder();
        }

        private Graph apply() {
            boolean changed = false;
            for (Node node : graph.nodes()) {
                Optional<Quotient> found = node.is("Div") || node.is("Mul") ? quotient(node) : Optional.empty();
                Optional<Long> columns = found.flatMap(quotient -> columns(quotient.x));
                if (columns.isPresent()) {
                    fuse(node, found.get(), columns.get());
                    changed = true;
                }
            }
            return changed ? builder.build() : graph;
        }

        /**
         * A normalized value before it is scaled.
         *
         * @param centered whether the mean was subtracted
         */
        private record Quotient(String x, boolean centered, double epsilon) {}

        private Optional<Long> columns(String value) {
            return types.of(value).filter(info -> info.type() == DataType.F32)
                    .flatMap(ValueInfo::dims).filter(dims -> !dims.isEmpty())
                    .flatMap(dims -> dims.getLast() instanceof Dim.Known(long extent) ? Optional.of(extent)
                            : Optional.empty());
        }

        /** Returns what d / sqrt(mean(d^2) + epsilon) normalizes, or d * (1 / sqrt(...)). */
        private Optional<Quotient> quotient(Node node) {
            String numerator = node.inputs().get(0);
            String divisor = node.inputs().get(1);
            if (node.is("Mul")) {
                Optional<Node> reciprocal = graph.producer(divisor).filter(found -> found.is("Reciprocal"));
                if (reciprocal.isEmpty()) {
                    return Optional.empty();
                }
                divisor = reciprocal.get().inputs().getFirst();
            }
            Optional<Node> root = graph.producer(divisor).filter(found -> found.is("Sqrt"));
            Optional<Node> sum = root.flatMap(found -> graph.producer(found.inputs().getFirst()))
                    .filter(found -> found.is("Add") && found.inputs().size() == 2);
            for (int i = 0; sum.isPresent() && i < 2; i++) {
                Optional<Double> epsilon = Factors.number(graph, sum.get().inputs().get(i))
                        .filter(number -> number >= 0);
                Optional<String> square = mean(sum.get().inputs().get(1 - i));
                if (epsilon.isEmpty() || square.isEmpty()) {
                    continue;
                }
                Optional<String> centered = centered(numerator);
                if (centered.isPresent() && isSquare(square.get(), centered.get(), true)) {
                    return Optional.of(new Quotient(centered.get(), true, epsilon.get()));
                }
                if (isSquare(square.get(), numerator, false)) {
                    return Optional.of(new Quotient(numerator, false, epsilon.get()));
                }
            }
            return Optional.empty();
        }

        /** Returns what a value is the mean of along the last axis, which is kept with extent 1. */
        private Optional<String> mean(String value) {
            return graph.producer(value).filter(node -> node.is("ReduceMean")
                    && node.attributes().integer("keepdims", 1) == 1 && isLast(node))
                    .map(node -> node.inputs().getFirst());
        }

        private boolean isLast(Node node) {
            Optional<Tensor> given = node.input(1).flatMap(graph::initializer);
            long[] axes = given.isPresent() && given.get().type() == DataType.S64 ? given.get().toLongs()
                    : node.attributes().integers("axes");
            return axes.length == 1 && axes[0] == -1 || axes.length == 1 && axes[0] == rank(node) - 1;
        }

        private int rank(Node node) {
            return types.of(node.inputs().getFirst()).flatMap(ValueInfo::dims)
                    .map(List::size).orElse(0);
        }

        /** Returns x of x - mean(x). */
        private Optional<String> centered(String value) {
            return graph.producer(value).filter(node -> node.is("Sub")
                    && mean(node.inputs().get(1)).filter(node.inputs().getFirst()::equals).isPresent())
                    .map(node -> node.inputs().getFirst());
        }

        /** Returns whether a value is the square of x, or of x - mean(x). */
        private boolean isSquare(String value, String x, boolean centered) {
            Optional<Node> node = graph.producer(value);
            boolean power = node.filter(found -> found.is("Pow")
                    && Factors.number(graph, found.inputs().get(1)).filter(number -> number == 2).isPresent())
                    .isPresent();
            boolean product = node.filter(found -> found.is("Mul")
                    && found.inputs().get(0).equals(found.inputs().get(1))).isPresent();
            if (!power && !product) {
                return false;
            }
            String base = node.get().inputs().getFirst();
            return centered ? centered(base).filter(x::equals).isPresent() : base.equals(x);
        }

        /** Replaces the last node of the pattern by the operator. */
        private void fuse(Node quotient, Quotient found, long columns) {
            List<Node> nodes = new ArrayList<>(List.of(quotient));
            Optional<String> scale = row(nodes, "Mul", columns);
            Optional<String> bias = found.centered ? row(nodes, "Add", columns) : Optional.empty();
            List<String> inputs = new ArrayList<>(List.of(found.x,
                    scale.orElseGet(() -> builder.constant(quotient.name() + ".ones", ones(columns)))));
            bias.ifPresent(inputs::add);
            nodes.forEach(builder::remove);
            Attributes attributes = Attributes.NONE.with("axis", -1).with("epsilon", (float) found.epsilon);
            builder.node(Node.of(quotient.name(), found.centered ? "LayerNormalization" : "RMSNormalization", inputs,
                    List.of(nodes.getLast().output()), attributes));
        }

        /** Takes in the node that alone uses what is there and applies a constant row. */
        private Optional<String> row(List<Node> nodes, String operator, long columns) {
            String value = nodes.getLast().output();
            Optional<Node> next = Patterns.onlyConsumer(graph, value)
                    .filter(node -> node.is(operator) && node.inputs().size() == 2);
            for (int i = 0; next.isPresent() && i < 2; i++) {
                String other = next.get().inputs().get(1 - i);
                boolean fits = next.get().inputs().get(i).equals(value) && graph.initializer(other)
                        .filter(tensor -> tensor.type() == DataType.F32 && tensor.shape().equals(Shape.of(columns)))
                        .isPresent();
                if (fits) {
                    nodes.add(next.get());
                    return Optional.of(other);
                }
            }
            return Optional.empty();
        }

        private static Tensor ones(long columns) {
            Tensor ones = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(columns));
            for (long i = 0; i < columns; i++) {
                ones.set(i, 1);
            }
            return ones;
        }
    }
}
