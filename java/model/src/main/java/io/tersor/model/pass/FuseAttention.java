package io.tersor.model.pass;

import io.tersor.kernel.AttentionSpec;
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
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Finds attention that is written out, softmax(q k^T * number + mask) v over [n, heads, length, size], and makes it
 * {@code io.tersor.Attention}: inputs q, k, v, the mask if there is one, then scale and zero point of q, k, v, of the
 * result and of the probabilities where they are quantized. Transposes from and to [n, length, heads, size] become
 * attributes. The mask may be added, or chosen by Where with a number so low that adding it is the same. Probabilities
 * may be quantized, to u8 with zero point 0, where q, k and v are.
 */
public final class FuseAttention implements GraphPass {
    /** Added to any usual score, a number at most this one leaves nothing of it in binary32. */
    private static final double LOW = -1e30;
    /** The input that is the scale of the probabilities; then their zero point. */
    private static final int PROBABILITIES = 12;
    private static final long[] SWAP_TOKENS = {0, 2, 1, 3};
    private static final long[] TRANSPOSE_HEADS = {0, 1, 3, 2};
    private static final long[] TRANSPOSE_TOKENS = {0, 2, 3, 1};

    @Override
    public Graph apply(Graph graph) {
        return new Run(graph).apply();
    }

    /** An operand before it was transposed. */
    private record Operand(String value, boolean tokens) {}

    private static final class Run {
        private final Graph graph;
        private final Types types;
        private final GraphBuilder builder;
        private final Set<String> gone = new HashSet<>();

        private Run(Graph graph) {
            this.graph = graph;
            this.types = new Types(graph);
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
            return rank == 4 && (axis == -1 || axis == rank - 1);
        }

        private List<Dim> dims(String value) {
            return types.of(value).filter(info -> info.type() == DataType.F32)
                    .flatMap(ValueInfo::dims).orElse(List.of());
        }

        private void softmax(Node softmax) {
            Optional<Probabilities> quantized = probabilities(softmax.output());
            String weights = quantized.map(pair -> pair.dequantize.output()).orElse(softmax.output());
            Optional<Node> weighted = Patterns.onlyConsumer(graph, weights).filter(node -> node.is("MatMul")
                    && node.inputs().get(0).equals(weights));
            Optional<Scores> scores = scores(softmax.inputs().getFirst(), Optional.empty(), new ArrayList<>());
            if (weighted.isEmpty() || scores.isEmpty()) {
                return;
            }
            Operand q = operand(scores.get().product.inputs().get(0));
            String transposed = scores.get().product.inputs().get(1);
            Optional<Operand> k = swapped(transposed, TRANSPOSE_HEADS).map(this::operand)
                    .or(() -> swapped(transposed, TRANSPOSE_TOKENS).map(value -> new Operand(value, true)));
            Operand v = operand(weighted.get().inputs().get(1));
            boolean fits = k.isPresent() && fits(q, k.get(), v) && fits(scores.get().mask, q, k.get());
            if (fits && (quantized.isEmpty() || Stream.of(q, k.get(), v).allMatch(operand ->
                    SinkDequantize.isDequantized(graph, types, operand.value)))) {
                fuse(softmax, weighted.get(), scores.get(), q, k.get(), v, quantized);
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

        private Operand operand(String value) {
            return swapped(value, SWAP_TOKENS).map(before -> new Operand(before, true))
                    .orElse(new Operand(value, false));
        }

        /**
         * What leads to a softmax.
         *
         * @param product q k^T
         * @param nodes all of its nodes
         * @param mask the value that is added
         * @param where the Where that sets scores, in the mask's place
         */
        private record Scores(Node product, List<Node> nodes, double number, Optional<String> mask,
                Optional<Node> where) {}

        private Optional<Scores> scores(String value, Optional<String> mask, List<Node> nodes) {
            Optional<Node> node = graph.producer(value)
                    .filter(_ -> Patterns.onlyConsumer(graph, value).isPresent() && dims(value).size() == 4);
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
                            return Optional.of(new Scores(one.product, one.nodes, one.number, one.mask, node));
                        }
                    }
                    return Optional.empty();
                }
                case "Div", "Mul", "MatMul" -> {
                    return product(node.get(), mask, all);
                }
                default -> {
                    return Optional.empty();
                }
            }
        }

        private Optional<Scores> product(Node node, Optional<String> mask, List<Node> nodes) {
            if (node.is("MatMul")) {
                return Optional.of(new Scores(node, nodes, 1, mask, Optional.empty()));
            }
            for (int i = 0; i < (node.is("Div") ? 1 : 2); i++) {
                Optional<Double> number = Factors.number(graph, node.inputs().get(1 - i));
                Optional<Node> product = graph.producer(node.inputs().get(i)).filter(found -> found.is("MatMul")
                        && Patterns.onlyConsumer(graph, found.output()).isPresent());
                if (number.isPresent() && product.isPresent()) {
                    List<Node> all = new ArrayList<>(nodes);
                    all.add(product.get());
                    return Optional.of(new Scores(product.get(), all, node.is("Div") ? 1 / number.get() : number.get(),
                            mask, Optional.empty()));
                }
            }
            return Optional.empty();
        }

        private Optional<String> swapped(String value, long[] order) {
            return graph.producer(value).filter(node -> node.is("Transpose")
                    && Arrays.equals(node.attributes().integers("perm"), order)).map(node -> node.inputs().getFirst());
        }

        private Dim dim(Operand operand, int axis) {
            List<Dim> dims = dims(operand.value);
            boolean swapped = operand.tokens && (axis == 1 || axis == 2);
            return dims.size() != 4 ? Dim.UNKNOWN : dims.get(swapped ? 3 - axis : axis);
        }

        /** Whether batches are the same, heads fixed, and those of keys and values a divisor of those of queries. */
        private boolean fits(Operand q, Operand k, Operand v) {
            return !dim(q, 0).equals(Dim.UNKNOWN) && dim(q, 0).equals(dim(k, 0)) && dim(q, 0).equals(dim(v, 0))
                    && dim(q, 1) instanceof Dim.Known(long heads) && dim(k, 1) instanceof Dim.Known(long kvHeads)
                    && dim(v, 1).equals(dim(k, 1)) && kvHeads > 0 && (heads == kvHeads || kvHeads == 1)
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

        private void fuse(Node softmax, Node weighted, Scores scores, Operand q, Operand k, Operand v,
                Optional<Probabilities> quantized) {
            List<Node> all = new ArrayList<>(scores.nodes);
            all.addAll(List.of(softmax, weighted));
            quantized.ifPresent(pair -> all.addAll(List.of(pair.quantize, pair.dequantize)));
            Optional<Node> back = Patterns.onlyConsumer(graph, weighted.output()).filter(node -> node.is("Transpose")
                    && Arrays.equals(node.attributes().integers("perm"), SWAP_TOKENS));
            back.ifPresent(all::add);
            all.forEach(node -> {
                builder.remove(node);
                gone.add(node.name());
            });
            List<String> inputs = new ArrayList<>(List.of(q.value, k.value, v.value,
                    scores.where.map(where -> additive(where, scores)).or(() -> scores.mask).orElse("")));
            if (quantized.isPresent()) {
                inputs.addAll(Collections.nCopies(PROBABILITIES - inputs.size(), ""));
                inputs.add(quantized.get().params.scale());
                inputs.add(quantized.get().params.zeroPoint(builder));
            }
            Attributes attributes = Attributes.NONE.with("scale", (float) scores.number)
                    .with("q_tokens", q.tokens ? 1 : 0).with("k_tokens", k.tokens ? 1 : 0)
                    .with("v_tokens", v.tokens ? 1 : 0).with("out_tokens", back.isPresent() ? 1 : 0);
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
