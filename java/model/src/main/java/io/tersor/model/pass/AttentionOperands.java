package io.tersor.model.pass;

import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds queries, keys and values behind the transpositions that bring them to [n, heads, length, size]. Three extents
 * are those of one image: [heads, length, size].
 */
record AttentionOperands(Graph graph, Types types, ShapeNumbers numbers) {
    private static final long[] SWAP_TOKENS = {0, 2, 1, 3};
    private static final long[] TRANSPOSE_HEADS = {0, 1, 3, 2};
    private static final long[] TRANSPOSE_TOKENS = {0, 2, 3, 1};

    /**
     * An operand before it was transposed.
     *
     * @param tokens whether it is [n, length, heads, size], else [n, heads, length, size]
     * @param after what is done to each element behind the transposition, in this order
     */
    record Operand(String value, boolean tokens, List<Elementwise> after) {}

    /** A node whose elements are those of one of its inputs, quantized, dequantized or scaled. */
    private record Elementwise(Node node, int input) {
        private String value() {
            return node.inputs().get(input);
        }
    }

    /** Returns the operand whose heads are a value. */
    Operand heads(String value) {
        return transposed(value, SWAP_TOKENS, true).orElse(new Operand(value, false, List.of()));
    }

    /** Returns the operand whose heads, each transposed, are a value. */
    Optional<Operand> transposedHeads(String value) {
        Optional<Operand> keys = transposed(value, TRANSPOSE_HEADS, false).or(() -> reshaped(value));
        return keys.map(found -> {
            Operand inner = heads(found.value);
            List<Elementwise> after = new ArrayList<>(inner.after);
            after.addAll(found.after);
            return new Operand(inner.value, inner.tokens, after);
        }).or(() -> transposed(value, TRANSPOSE_TOKENS, true));
    }

    /** Returns the Transpose of results of heads back to tokens that alone uses a value. */
    Optional<Node> back(String value) {
        return Patterns.onlyConsumer(graph, value).filter(node -> isTranspose(node, SWAP_TOKENS));
    }

    private Optional<Operand> transposed(String value, long[] order, boolean tokens) {
        List<Elementwise> after = new ArrayList<>();
        String at = value;
        while (true) {
            Optional<Node> node = graph.producer(at);
            boolean alone = Patterns.onlyConsumer(graph, at).isPresent();
            if (node.filter(found -> isTranspose(found, order)).isPresent()) {
                return Optional.of(new Operand(node.get().inputs().getFirst(), tokens, after.reversed()));
            }
            Optional<Elementwise> one = node.filter(_ -> alone).flatMap(this::elementwise);
            if (one.isEmpty()) {
                return Optional.empty();
            }
            after.add(one.get());
            at = one.get().value();
        }
    }

    private Optional<Elementwise> elementwise(Node node) {
        if (node.is("QuantizeLinear") || node.is("DequantizeLinear")) {
            boolean perTensor = graph.initializer(node.inputs().get(1)).map(Tensor::shape)
                    .filter(scale -> scale.elements() == 1).isPresent();
            return perTensor ? Optional.of(new Elementwise(node, 0)) : Optional.empty();
        }
        return numbers.scaled(node)
                .map(scaled -> new Elementwise(node, node.inputs().indexOf(scaled.value())));
    }

    /** Returns the keys of which a reshape to three extents, a transposition and a reshape to four make a value. */
    private Optional<Operand> reshaped(String value) {
        Optional<Node> last = reshape(value);
        Optional<Node> transpose = last.flatMap(node -> graph.producer(node.inputs().getFirst()))
                .filter(node -> isTranspose(node, TRANSPOSE_HEADS));
        Optional<Node> first = transpose.flatMap(node -> reshape(node.inputs().getFirst()));
        if (first.isEmpty()) {
            return Optional.empty();
        }
        String keys = first.get().inputs().getFirst();
        List<Dim> from = dims(keys);
        List<Dim> between = dims(transpose.get().output());
        List<Dim> to = dims(value);
        boolean same = from.size() == 4 && between.size() == 3 && to.size() == 4 && !from.contains(Dim.UNKNOWN)
                && to.equals(List.of(from.get(0), from.get(1), from.get(3), from.get(2)))
                && between.subList(1, 3).equals(to.subList(2, 4));
        return same ? Optional.of(new Operand(keys, false, List.of())) : Optional.empty();
    }

    private Optional<Node> reshape(String value) {
        return graph.producer(value).filter(node -> node.is("Reshape"));
    }

    private List<Dim> dims(String value) {
        return types.of(value).filter(info -> info.type() == DataType.F32).flatMap(ValueInfo::dims).orElse(List.of());
    }

    /** Whether a node permutes four extents like this, or three of one image. */
    private static boolean isTranspose(Node node, long[] order) {
        if (!node.is("Transpose")) {
            return false;
        }
        long[] permutation = node.attributes().integers("perm");
        return Arrays.equals(permutation, order) || permutation.length == 3 && permutation[0] == order[1] - 1
                && permutation[1] == order[2] - 1 && permutation[2] == order[3] - 1;
    }

    /** Returns the four extents of a value, an image being added to three; empty for others. */
    List<Dim> extents(String value) {
        List<Dim> dims = dims(value);
        List<Dim> four = new ArrayList<>(dims);
        if (dims.size() == 3) {
            four.addFirst(Dim.of(1));
        }
        return four.size() == 4 ? four : List.of();
    }

    /** Returns extent {@code axis} of [n, heads, length, size]. */
    Dim extent(Operand operand, int axis) {
        List<Dim> dims = extents(operand.value);
        boolean swapped = operand.tokens && (axis == 1 || axis == 2);
        return dims.isEmpty() ? Dim.UNKNOWN : dims.get(swapped ? 3 - axis : axis);
    }

    /** Returns the name of an operand to which has been done what was done behind the transposition. */
    static String complete(GraphBuilder builder, Operand operand) {
        String value = operand.value;
        for (Elementwise one : operand.after) {
            List<String> inputs = new ArrayList<>(one.node.inputs());
            inputs.set(one.input, value);
            value = builder.add(one.node.opType(), inputs, one.node.attributes());
        }
        return value;
    }
}
