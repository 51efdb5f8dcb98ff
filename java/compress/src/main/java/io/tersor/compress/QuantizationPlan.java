package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.pass.FuseAttention;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which nodes of a graph are to compute with integers, and which values carry integers between them.
 *
 * <p>Products with constant weights (Conv, Gemm, MatMul) always do. What lies between products follows them: sums,
 * pools, reshapes and concatenations whose inputs all come from integer nodes and whose result some integer node uses.
 * An activation after a product or a sum becomes part of it, so only its result is quantized. Values that only move or
 * are selected (MaxPool, Reshape, Concat and the like) share scale and zero point with what they came from, which keeps
 * those operators exact.
 *
 * <p>Recurrent layers with constant weights are products too, whose input is quantized, but not their states.
 *
 * <p>Attention that a kernel computes takes 8-bit queries, keys and values, quantized where they were made, before they
 * are split into heads; so are the probabilities that its softmax gives.
 */
final class QuantizationPlan {
    /** What a node is to quantization. */
    private enum Role { PRODUCT, SUM, AVERAGE, ACTIVATION, MOVE, CONCAT, NONE }

    /** What splits a value into heads, exact for integers. */
    private static final Set<String> SPLITTERS = Set.of("Reshape", "Transpose", "Squeeze", "Unsqueeze");

    /** Recurrent layers, whose weights are inputs 1 and 2. */
    private static final Set<String> RECURRENT = Set.of("RNN", "GRU", "LSTM");

    private final Graph graph;
    private final Set<String> integerNodes = new LinkedHashSet<>();
    private final Set<String> fusedValues = new LinkedHashSet<>();
    private final Map<String, String> representatives = new LinkedHashMap<>();

    private QuantizationPlan(Graph graph) {
        this.graph = graph;
    }

    /** Returns the plan for a graph whose batch normalizations are folded. */
    static QuantizationPlan of(Graph graph) {
        QuantizationPlan plan = new QuantizationPlan(graph);
        plan.chooseNodes();
        plan.dropUseless();
        plan.fuseActivations();
        plan.shareParameters();
        plan.quantizeAttention();
        return plan;
    }

    private void chooseNodes() {
        Set<String> productInputs = new LinkedHashSet<>();
        for (Node node : graph.nodes()) {
            if (role(node) == Role.PRODUCT) {
                productInputs.add(node.inputs().getFirst());
            }
        }
        for (Node node : graph.nodes()) {
            boolean follows = role(node) != Role.NONE && activations(node).stream().allMatch(
                    value -> productInputs.contains(value) || graph.producer(value).filter(this::isInteger).isPresent());
            if (role(node) == Role.PRODUCT || follows) {
                integerNodes.add(node.name());
            }
        }
    }

    /** An integer result that only real arithmetic uses would cost accuracy and save nothing. */
    private void dropUseless() {
        List<Node> backwards = new ArrayList<>(graph.nodes());
        Collections.reverse(backwards);
        for (Node node : backwards) {
            boolean used = graph.consumers(node.output()).stream()
                    .anyMatch(consumer -> isInteger(consumer) && activations(consumer).contains(node.output()));
            if (role(node) != Role.PRODUCT && !used) {
                integerNodes.remove(node.name());
            }
        }
    }

    private void fuseActivations() {
        for (Node node : graph.nodes()) {
            if (isInteger(node) && role(node) == Role.ACTIVATION) {
                String value = node.inputs().getFirst();
                boolean fits = graph.producer(value).filter(this::isInteger).map(this::role)
                        .filter(role -> role == Role.PRODUCT || role == Role.SUM).isPresent();
                if (fits && graph.consumers(value).size() == 1 && !graph.isOutput(value)) {
                    fusedValues.add(value);
                }
            }
        }
    }

    private void shareParameters() {
        for (Node node : graph.nodes()) {
            if (isInteger(node)) {
                activations(node).stream().filter(value -> !fusedValues.contains(value))
                        .forEach(value -> representatives.putIfAbsent(value, value));
            }
        }
        for (Node node : graph.nodes()) {
            if (isInteger(node) && (role(node) == Role.MOVE || role(node) == Role.CONCAT)) {
                for (String value : activations(node)) {
                    representatives.put(root(node.output()), root(value));
                }
            }
        }
    }

    private void quantizeAttention() {
        Graph fused = new FuseAttention().apply(graph);
        for (Node attention : fused.nodes()) {
            List<String> operands = attention.operator().equals(Node.INTERNAL + ".Attention")
                    ? attention.inputs().subList(0, 3).stream().map(this::source).toList() : List.of();
            // An operand that the pass itself computes has no name here.
            if (!operands.isEmpty() && operands.stream().allMatch(this::exists)) {
                operands.stream().filter(value -> !isConstant(value))
                        .forEach(value -> representatives.putIfAbsent(value, value));
                graph.nodes().stream().filter(node -> node.name().equals(attention.name()))
                        .map(softmax -> FuseAttention.weights(graph, softmax))
                        .forEach(shares -> representatives.put(shares, shares));
            }
        }
    }

    private boolean exists(String value) {
        return isConstant(value) || graph.producer(value).isPresent()
                || graph.inputs().stream().anyMatch(input -> input.name().equals(value));
    }

    /** Returns what a value was before nodes that only move elements and nobody else looks at. */
    private String source(String value) {
        Optional<Node> mover = graph.producer(value).filter(node -> SPLITTERS.contains(node.operator())
                && graph.consumers(value).size() == 1 && !graph.isOutput(value));
        return mover.map(node -> source(node.inputs().getFirst())).orElse(value);
    }

    private String root(String value) {
        String parent = representatives.get(value);
        return parent.equals(value) ? value : root(parent);
    }

    /** Returns the nodes that compute with integers, in the graph's order. */
    List<Node> integerNodes() {
        return graph.nodes().stream().filter(this::isInteger).toList();
    }

    /** Returns whether a node computes with integers. */
    boolean isInteger(Node node) {
        return integerNodes.contains(node.name());
    }

    /** Returns whether a node multiplies with constant weights. */
    boolean isProduct(Node node) {
        return role(node) == Role.PRODUCT;
    }

    /** Returns the values that carry integers, in the graph's order, each with the one whose parameters it takes. */
    Map<String, String> quantizedValues() {
        Map<String, String> values = new LinkedHashMap<>();
        representatives.keySet().forEach(value -> values.put(value, root(value)));
        return values;
    }

    private List<String> activations(Node node) {
        return switch (role(node)) {
            case NONE -> List.of();
            case SUM, CONCAT -> node.inputs();
            default -> node.inputs().subList(0, 1);
        };
    }

    /** Returns whether a node is a recurrent layer with constant weights, of its input and of its states. */
    boolean isRecurrent(Node node) {
        return node.domain().isEmpty() && RECURRENT.contains(node.opType()) && !isConstant(node.inputs().getFirst())
                && isRealConstant(node.inputs().get(1)) && isRealConstant(node.inputs().get(2));
    }

    private boolean isRealConstant(String value) {
        return graph.initializer(value).filter(tensor -> tensor.type() == DataType.F32 && tensor.shape().elements() > 0)
                .isPresent();
    }

    private Role role(Node node) {
        if (isRecurrent(node)) {
            return Role.PRODUCT;
        }
        if (!node.domain().isEmpty() || node.outputs().size() != 1) {
            return Role.NONE;
        }
        return switch (node.opType()) {
            case "Conv", "Gemm", "MatMul" -> isWeighted(node) ? Role.PRODUCT : Role.NONE;
            case "Add" -> node.inputs().stream().noneMatch(this::isConstant) ? Role.SUM : Role.NONE;
            case "AveragePool", "GlobalAveragePool" -> Role.AVERAGE;
            case "Relu" -> Role.ACTIVATION;
            case "Clip" -> node.inputs().stream().skip(1).allMatch(bound -> bound.isEmpty() || isConstant(bound))
                    ? Role.ACTIVATION : Role.NONE;
            case "MaxPool", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Identity" -> Role.MOVE;
            case "Concat" -> Role.CONCAT;
            default -> Role.NONE;
        };
    }

    private boolean isWeighted(Node node) {
        Optional<Tensor> weights = node.input(1).filter(this::isRealConstant).flatMap(graph::initializer);
        if (weights.isEmpty() || isConstant(node.inputs().getFirst())) {
            return false;
        }
        Optional<Tensor> bias = node.input(2).flatMap(graph::initializer);
        boolean biasFits = node.input(2).isEmpty() || bias.isPresent();
        return switch (node.opType()) {
            case "Gemm" -> biasFits && weights.get().shape().rank() == 2 && node.attributes().integer("transA", 0) == 0
                    && bias.map(tensor -> isPerOutput(tensor, outputs(node, weights.get()))).orElse(true);
            case "MatMul" -> weights.get().shape().rank() == 2;
            default -> biasFits;
        };
    }

    /** Returns whether a Gemm's C is one number for each column, or one for all. */
    private static boolean isPerOutput(Tensor bias, long outputs) {
        int rank = bias.shape().rank();
        long elements = bias.shape().elements();
        return elements == 1 || elements == outputs && bias.shape().dim(rank - 1) == outputs;
    }

    /** Returns the axis of a product's weights that counts its outputs. */
    static int outputAxis(Node node) {
        return switch (node.opType()) {
            case "Conv" -> 0;
            case "Gemm" -> node.attributes().integer("transB", 0) == 0 ? 1 : 0;
            default -> 1;
        };
    }

    private static long outputs(Node node, Tensor weights) {
        return weights.shape().dim(outputAxis(node));
    }

    private boolean isConstant(String value) {
        return graph.initializer(value).isPresent();
    }
}
