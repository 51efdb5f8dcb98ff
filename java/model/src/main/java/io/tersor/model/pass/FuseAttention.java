package io.tersor.model.pass;

import io.tersor.kernel.AttentionSpec;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.pass.AttentionOperands.Operand;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds attention that is written out, softmax(q k^T * number + mask) v over [n, heads, length, size] or [heads,
 * length, size], and makes it {@code io.tersor.Attention}: inputs q, k, v, the mask if there is one, then scale and
 * zero point of q, k, v, of the result and of the probabilities where they are quantized, and the number where it
 * follows from shapes; else it is an attribute. Transposes from and to [n, length, heads, size] become attributes. The
 * mask may be added, or chosen by Where with a number so low that adding it is the same. Probabilities may be
 * quantized, to u8 with zero point 0, where q, k and v are; zeros may be put in the place of NaN, as kernels give them.
 */
public final class FuseAttention implements GraphPass {
    /** Added to any usual score, a number at most this one leaves nothing of it in binary32. */
    private static final double LOW = -1e30;
    /** The input that is the scale of the probabilities; then their zero point. */
    private static final int PROBABILITIES = 12;
    /** The input that is the number which scores are multiplied by. */
    private static final int NUMBER = 14;

    @Override
    public Graph apply(Graph graph) {
        return new Run(graph).apply();
    }

    /** Returns what v is multiplied by: the result of a softmax, or that with zeros in the place of NaN. */
    public static String weights(Graph graph, Node softmax) {
        List<Node> guard = guard(graph, softmax);
        return guard.isEmpty() ? softmax.output() : guard.getLast().output();
    }

    /** Returns the IsNaN and Where that put zeros in the place of NaN, as exporters do for rows without any key. */
    private static List<Node> guard(Graph graph, Node softmax) {
        List<Node> consumers = graph.consumers(softmax.output());
        Optional<Node> isNan = consumers.stream().filter(node -> node.is("IsNaN")).findFirst();
        Optional<Node> where = isNan.flatMap(node -> Patterns.onlyConsumer(graph, node.output()))
                .filter(node -> node.is("Where") && node.inputs().get(0).equals(isNan.get().output())
                        && Factors.number(graph, node.inputs().get(1)).filter(number -> number == 0).isPresent()
                        && node.inputs().get(2).equals(softmax.output()));
        return where.isPresent() && consumers.size() == 2 && consumers.contains(where.get())
                && !graph.isOutput(softmax.output()) ? List.of(isNan.get(), where.get()) : List.of();
    }

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final AttentionOperands operands;
        private final ShapeNumbers numbers;
        private final GraphBuilder builder;
        private final Set<String> gone = new HashSet<>();

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
            this.numbers = new ShapeNumbers(graph, types);
            this.operands = new AttentionOperands(graph, types, numbers);
            this.builder = graph.toBuilder();
        }

        private Graph apply() {
            for (Node node : graph.nodes()) {
                if (node.is("Softmax") && isLastAxis(node)) {
                    softmax(node);
                }
            }
            return gone.isEmpty() ? graph : builder.build();
        }

        private boolean isLastAxis(Node node) {
            int rank = dims(node.output()).size();
            long axis = node.attributes().integer("axis", graph.opset() >= 13 ? -1 : 1);
            return (rank == 3 || rank == 4) && (axis == -1 || axis == rank - 1);
        }

        private List<Dim> dims(String value) {
            return types.of(value).filter(info -> info.type() == DataType.F32)
                    .flatMap(ValueInfo::dims).orElse(List.of());
        }

        private void softmax(Node softmax) {
            List<Node> guard = guard(graph, softmax);
            String certain = weights(graph, softmax);
            Optional<Probabilities> quantized = probabilities(certain);
            String weights = quantized.map(pair -> pair.dequantize.output()).orElse(certain);
            Optional<Node> weighted = Patterns.onlyConsumer(graph, weights).filter(node -> node.is("MatMul")
                    && node.inputs().get(0).equals(weights));
            Optional<Scores> scores = scores(softmax.inputs().getFirst(), Optional.empty(), new ArrayList<>());
            if (weighted.isEmpty() || scores.isEmpty()) {
                return;
            }
            List<String> sources = List.of(scores.get().product.inputs().get(0),
                    scores.get().product.inputs().get(1), weighted.get().inputs().get(1));
            Operand q = operands.heads(sources.get(0));
            Optional<Operand> k = operands.transposedHeads(sources.get(1));
            Operand v = operands.heads(sources.get(2));
            int rank = dims(softmax.output()).size();
            boolean fits = k.isPresent() && sources.stream().allMatch(source -> dims(source).size() == rank)
                    && fits(q, k.get(), v) && fits(scores.get().mask, q, k.get());
            if (fits && (quantized.isEmpty() || sources.stream().allMatch(source ->
                    SinkDequantize.isDequantized(graph, types, source)))) {
                List<Node> all = new ArrayList<>(scores.get().nodes);
                all.add(softmax);
                all.addAll(guard);
                quantized.ifPresent(pair -> all.addAll(List.of(pair.quantize, pair.dequantize)));
                all.add(weighted.get());
                fuse(softmax, all, scores.get(), q, k.get(), v, quantized);
            }
        }

        /** The pair of nodes that quantizes probabilities. */
        private record Probabilities(Node quantize, Node dequantize, Dequantized params) {}

        /** Returns what quantizes probabilities as kernels do. */
        private Optional<Probabilities> probabilities(String value) {
            return Dequantized.after(graph, types, value).filter(found -> found.isPerTensor()
                    && found.type() == DataType.U8 && found.isSymmetric()
                    && found.oneScale(0) >= AttentionSpec.LEAST_PROBABILITY_SCALE)
                    .flatMap(found -> Patterns.onlyConsumer(graph, found.value())
                            .filter(node -> node.is("DequantizeLinear"))
                            .filter(node -> Dequantized.of(graph, types, node, found.value())
                                    .filter(found::sameAs).isPresent())
                            .map(node -> new Probabilities(graph.producer(found.value()).orElseThrow(), node, found)));
        }

        /**
         * What leads to a softmax.
         *
         * @param product q k^T
         * @param nodes all of its nodes
         * @param number what the product is multiplied by
         * @param open values that it is multiplied by too
         * @param mask the value that is added
         * @param where the Where that sets scores, in the mask's place
         */
        private record Scores(Node product, List<Node> nodes, double number, List<String> open, Optional<String> mask,
                Optional<Node> where) {}

        private Optional<Scores> scores(String value, Optional<String> mask, List<Node> nodes) {
            Optional<Node> node = graph.producer(value)
                    .filter(_ -> Patterns.onlyConsumer(graph, value).isPresent() && dims(value).size() >= 3);
            if (node.isEmpty()) {
                return Optional.empty();
            }
            List<Node> all = new ArrayList<>(nodes);
            all.add(node.get());
            List<String> inputs = node.get().inputs();
            switch (node.get().operator()) {
                case "Add" -> {
                    for (int i = 0; mask.isEmpty() && i < 2; i++) {
                        Optional<Scores> found = scores(inputs.get(i), Optional.of(inputs.get(1 - i)), all);
                        if (found.isPresent()) {
                            return found;
                        }
                    }
                    return Optional.empty();
                }
                case "Where" -> {
                    for (int i = 1; mask.isEmpty() && i < 3; i++) {
                        boolean low = Factors.number(graph, inputs.get(3 - i)).filter(number -> number <= LOW)
                                .isPresent();
                        Optional<Scores> found = low ? scores(inputs.get(i), Optional.of(inputs.get(0)), all)
                                : Optional.empty();
                        if (found.isPresent()) {
                            Scores one = found.get();
                            return Optional.of(new Scores(one.product, one.nodes, one.number, one.open, one.mask,
                                    node));
                        }
                    }
                    return Optional.empty();
                }
                case "Div", "Mul", "MatMul" -> {
                    return product(node.get(), mask, all, 1, List.of());
                }
                default -> {
                    return Optional.empty();
                }
            }
        }

        private Optional<Scores> product(Node node, Optional<String> mask, List<Node> nodes, double number,
                List<String> open) {
            if (node.is("MatMul")) {
                return Optional.of(new Scores(node, nodes, number, open, mask, Optional.empty()));
            }
            Optional<ShapeNumbers.Scaled> scaled = numbers.scaled(node);
            Optional<Node> before = scaled.flatMap(found -> graph.producer(found.value()))
                    .filter(_ -> Patterns.onlyConsumer(graph, scaled.get().value()).isPresent());
            if (before.isEmpty()) {
                return Optional.empty();
            }
            Optional<Double> fixed = Factors.number(graph, scaled.get().number());
            if (fixed.isEmpty() && scaled.get().over()) {
                return Optional.empty();
            }
            List<Node> all = new ArrayList<>(nodes);
            all.add(before.get());
            List<String> factors = new ArrayList<>(open);
            if (fixed.isEmpty()) {
                factors.add(scaled.get().number());
            }
            double factor = fixed.orElse(1.0);
            return product(before.get(), mask, all, scaled.get().over() ? number / factor : number * factor, factors);
        }

        private Dim dim(Operand operand, int axis) {
            return operands.extent(operand, axis);
        }

        /** Whether batches and heads are the same, or keys and values have one head. */
        private boolean fits(Operand q, Operand k, Operand v) {
            return !dim(q, 0).equals(Dim.UNKNOWN) && dim(q, 0).equals(dim(k, 0)) && dim(q, 0).equals(dim(v, 0))
                    && !dim(q, 1).equals(Dim.UNKNOWN) && dim(v, 1).equals(dim(k, 1))
                    && (dim(q, 1).equals(dim(k, 1)) || dim(k, 1).equals(Dim.of(1)))
                    && dim(q, 3) instanceof Dim.Known && dim(v, 3) instanceof Dim.Known;
        }

        /** Whether every extent of the mask is that of the scores or 1, and the last one that of the scores. */
        private boolean fits(Optional<String> mask, Operand q, Operand k) {
            if (mask.isEmpty()) {
                return true;
            }
            List<Dim> dims = types.of(mask.get()).flatMap(ValueInfo::dims).orElse(List.of());
            Dim[] expected = {dim(q, 0), dim(q, 1), dim(q, 2), dim(k, 2)};
            boolean fits = !dims.isEmpty() && dims.size() <= 4 && !dims.contains(Dim.UNKNOWN)
                    && dims.getLast().equals(expected[3]);
            for (int i = 0; fits && i < dims.size() - 1; i++) {
                Dim one = dims.get(i);
                fits = one.equals(Dim.of(1)) || one.equals(expected[4 - dims.size() + i]);
            }
            return fits;
        }

        /** Puts one node in the place of all of them, the last of which is the product with v. */
        private void fuse(Node softmax, List<Node> all, Scores scores, Operand q, Operand k, Operand v,
                Optional<Probabilities> quantized) {
            Node weighted = all.getLast();
            Optional<Node> back = operands.back(weighted.output());
            back.ifPresent(all::add);
            all.forEach(node -> {
                builder.remove(node);
                gone.add(node.name());
            });
            List<String> inputs = new ArrayList<>(List.of(AttentionOperands.complete(builder, q),
                    AttentionOperands.complete(builder, k), AttentionOperands.complete(builder, v),
                    scores.where.map(where -> additive(where, scores)).or(() -> scores.mask).orElse("")));
            if (quantized.isPresent()) {
                inputs.addAll(Collections.nCopies(PROBABILITIES - inputs.size(), ""));
                inputs.add(quantized.get().params.scale());
                inputs.add(quantized.get().params.zeroPoint(builder));
            }
            if (!scores.open.isEmpty()) {
                inputs.addAll(Collections.nCopies(NUMBER - inputs.size(), ""));
                inputs.add(scores.open.stream().reduce((one, other) -> builder.add("Mul", one, other)).orElseThrow());
            }
            Attributes attributes = Attributes.NONE.with("scale", (float) scores.number)
                    .with("q_tokens", q.tokens() ? 1 : 0).with("k_tokens", k.tokens() ? 1 : 0)
                    .with("v_tokens", v.tokens() ? 1 : 0).with("out_tokens", back.isPresent() ? 1 : 0);
            builder.node(new Node(softmax.name(), "Attention", Node.INTERNAL, inputs,
                    List.of(back.orElse(weighted).output()), attributes));
        }

        /** Returns what a Where makes of zeros in the place of the scores. */
        private String additive(Node where, Scores scores) {
            List<String> inputs = new ArrayList<>(where.inputs());
            int score = scores.nodes.stream().anyMatch(node -> node.output().equals(where.inputs().get(1))) ? 1 : 2;
            inputs.set(score, builder.constant(where.name() + ".zero",
                    Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 0f)));
            return builder.add("Where", inputs, Attributes.NONE);
        }
    }
}
