package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns operators between DequantizeLinear and QuantizeLinear into integer ones: Conv, MatMul, Gemm (with bias and
 * activation or function, and without the QuantizeLinear behind them into ones with f32 results), Add, Mul,
 * AveragePool, GlobalAveragePool, Relu and Clip; RNN, GRU and LSTM into ones that read integers.
 *
 * <p>A bias of s32 whose scale is that of source times weights is added exactly, as integers; any other is f32.
 */
public final class FuseQuantized implements GraphPass {
    /** How far a bias's scale may be from srcScale * weightsScale, which was rounded to f32 when it was written. */
    private static final double SCALE_TOLERANCE = 1e-5;
    private static final int RECURRENT_INPUTS = 8;

    @Override
    public Graph apply(Graph graph) {
        return new Run(graph).apply();
    }

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
                if (!gone.contains(node.name())) {
                    switch (node.operator()) {
                        case "Conv" -> conv(node);
                        case "MatMul" -> matMul(node);
                        case "Gemm" -> gemm(node);
                        case "Add" -> combine(node, "QAdd", Patterns.clamp(graph, node.output()));
                        case "Mul" -> combine(node, "QMul", Optional.empty());
                        case "AveragePool" -> pool(node, "QAveragePool");
                        case "GlobalAveragePool" -> pool(node, "QGlobalAveragePool");
                        case "Relu", "Clip" -> clamp(node);
                        case "RNN", "GRU", "LSTM" -> recurrent(node);
                        default -> { }
                    }
                }
            }
            return gone.isEmpty() ? graph : builder.build();
        }

        /** What follows a product. */
        private Tail tail(String value) {
            return Tail.of(graph, types, value, Patterns.activation(graph, value));
        }

        private Optional<Dequantized> activation(String value) {
            return Dequantized.of(graph, types, value).filter(Dequantized::isPlain);
        }

        private void replace(List<Node> nodes, Tail tail, String opType, List<String> inputs, Attributes attributes) {
            List<Node> all = new ArrayList<>(nodes);
            all.addAll(tail.nodes());
            all.forEach(node -> {
                builder.remove(node);
                gone.add(node.name());
            });
            builder.node(new Node(nodes.getFirst().name(), opType, Node.INTERNAL, inputs, List.of(tail.output()),
                    Patterns.with(attributes, tail.activation())));
        }

        private void conv(Node node) {
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> weights = weights(node.inputs().get(1), 0);
            if (src.isEmpty() || weights.isEmpty()) {
                return;
            }
            int rank = graph.initializer(weights.get().value()).orElseThrow().shape().rank();
            Optional<Optional<String>> bias = bias(node.input(2), src.get(), weights.get());
            if (bias.isPresent() && (rank == 3 || rank == 4)) {
                Tail tail = tail(node.output());
                replace(List.of(node), tail, "QConv", product(src.get(), weights.get(), tail, bias.get()),
                        node.attributes());
            }
        }

        private List<String> product(Dequantized src, Dequantized weights, Tail tail, Optional<String> bias) {
            List<String> inputs = new ArrayList<>(List.of(src.value(), src.scale(), src.zeroPoint(builder),
                    weights.value(), weights.scale(), weights.zeroPoint().orElse("")));
            inputs.add(tail.quantized().map(Dequantized::scale).orElse(""));
            inputs.add(tail.quantized().map(found -> found.zeroPoint(builder)).orElse(""));
            bias.ifPresent(inputs::add);
            return inputs;
        }

        /** Returns constant byte weights with one scale, or with one for each output along {@code axis}. */
        private Optional<Dequantized> weights(String value, int axis) {
            return Dequantized.of(graph, types, value).filter(found -> {
                Optional<Tensor> tensor = graph.initializer(found.value());
                boolean usable = tensor.isPresent() && found.isByte() && tensor.get().shape().rank() > axis;
                return usable && (found.isPerTensor() || found.axis() == axis
                        && found.scales().shape().elements() == tensor.get().shape().dim(axis));
            });
        }

        /**
         * Returns the name of the bias to use, s32 or f32; an empty inner value for none, an empty outer for no
         * match.
         */
        private Optional<Optional<String>> bias(Optional<String> value, Dequantized src, Dequantized weights) {
            if (value.isEmpty()) {
                return Optional.of(Optional.empty());
            }
            Optional<Tensor> real = graph.initializer(value.get());
            if (real.isPresent()) {
                return real.get().type() == DataType.F32 ? Optional.of(value) : Optional.empty();
            }
            Optional<Dequantized> quantized = Dequantized.of(graph, types, value.get());
            Optional<Tensor> integers = quantized.flatMap(found -> graph.initializer(found.value()));
            if (integers.isEmpty()) {
                return Optional.empty();
            }
            boolean exact = integers.get().type() == DataType.S32 && quantized.get().isSymmetric();
            long count = integers.get().shape().elements();
            for (long i = 0; exact && i < count; i++) {
                double expected = (double) src.oneScale(0) * weights.oneScale(i);
                exact = Math.abs(quantized.get().oneScale(i) - expected) <= SCALE_TOLERANCE * expected;
            }
            if (exact) {
                return Optional.of(Optional.of(quantized.get().value()));
            }
            Tensor floats = Tensor.allocate(Arena.ofAuto(), DataType.F32, integers.get().shape());
            for (long i = 0; i < count; i++) {
                floats.set(i, (float) (integers.get().getLong(i) - quantized.get().oneZeroPoint(i))
                        * quantized.get().oneScale(i));
            }
            return Optional.of(Optional.of(builder.constant(value.get() + ".real", floats)));
        }

        private void matMul(Node node) {
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> weights = weights(node.inputs().get(1), 1);
            int rank = types.of(node.inputs().getFirst()).flatMap(ValueInfo::dims)
                    .map(List::size).orElse(0);
            if (src.isEmpty() || weights.isEmpty() || rank < 2) {
                return;
            }
            Tensor matrix = graph.initializer(weights.get().value()).orElseThrow();
            if (!MatrixPatterns.isMatrix(matrix)) {
                return;
            }
            Optional<MatrixPatterns.Bias> added = MatrixPatterns.bias(graph, node, matrix.shape().dim(1));
            Optional<Optional<String>> bias = bias(added.map(MatrixPatterns.Bias::value), src.get(), weights.get());
            List<Node> nodes = new ArrayList<>(List.of(node));
            if (added.isPresent() && bias.isPresent()) {
                nodes.add(added.get().node());
            }
            Tail tail = tail(nodes.getLast().output());
            replace(nodes, tail, "QMatMul", product(src.get(), weights.get(), tail, bias.orElse(Optional.empty())),
                    Attributes.NONE);
        }

        private void gemm(Node node) {
            long transposed = node.attributes().integer("transB", 0);
            int outputs = transposed != 0 ? 0 : 1;
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> weights = weights(node.inputs().get(1), outputs);
            if (src.isEmpty() || weights.isEmpty() || !MatrixPatterns.isPlainGemm(node)) {
                return;
            }
            Tensor matrix = graph.initializer(weights.get().value()).orElseThrow();
            Optional<Optional<String>> bias = bias(node.input(2), src.get(), weights.get());
            boolean row = node.input(2).map(this::constantShape).map(tensor -> tensor.isPresent()
                    && MatrixPatterns.isRow(tensor.get().shape(), matrix.shape().dim(outputs))).orElse(true);
            if (bias.isPresent() && row && MatrixPatterns.isMatrix(matrix)) {
                Tail tail = tail(node.output());
                replace(List.of(node), tail, "QMatMul", product(src.get(), weights.get(), tail, bias.get()),
                        Attributes.NONE.with("transB", transposed));
            }
        }

        private Optional<Tensor> constantShape(String value) {
            return graph.initializer(value).or(() -> Dequantized.of(graph, types, value)
                    .flatMap(found -> graph.initializer(found.value())));
        }

        private void combine(Node node, String opType, Optional<Patterns.Activated> activated) {
            Optional<Dequantized> a = activation(node.inputs().get(0));
            Optional<Dequantized> b = activation(node.inputs().get(1));
            Tail tail = Tail.of(graph, types, node.output(), activated);
            if (a.isPresent() && b.isPresent() && tail.quantized().isPresent()) {
                replace(List.of(node), tail, opType, List.of(a.get().value(), a.get().scale(),
                        a.get().zeroPoint(builder), b.get().value(), b.get().scale(), b.get().zeroPoint(builder),
                        tail.quantized().get().scale(), tail.quantized().get().zeroPoint(builder)), Attributes.NONE);
            }
        }

        private void pool(Node node, String opType) {
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> dst = Dequantized.after(graph, types, node.output()).filter(Dequantized::isPlain);
            int rank = types.of(node.inputs().getFirst()).flatMap(ValueInfo::dims)
                    .map(List::size).orElse(0);
            if (src.isEmpty() || dst.isEmpty() || src.get().type() != dst.get().type() || rank < 3 || rank > 4) {
                return;
            }
            Tail tail = new Tail(List.of(Patterns.onlyConsumer(graph, node.output()).orElseThrow()), Activation.NONE,
                    dst,
                    dst.get().value());
            replace(List.of(node), tail, opType, List.of(src.get().value(), src.get().scale(),
                    src.get().zeroPoint(builder), dst.get().scale(), dst.get().zeroPoint(builder)), node.attributes());
        }

        /** The weights stay behind their DequantizeLinear: whoever computes decides which of them to take as bytes. */
        private void recurrent(Node node) {
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> weights = Dequantized.of(graph, types, node.inputs().get(1))
                    .filter(found -> found.isByte() && graph.initializer(found.value()).isPresent()
                            && (found.isPerTensor() || found.axis() <= 1));
            if (src.isEmpty() || weights.isEmpty()) {
                return;
            }
            List<String> inputs = new ArrayList<>(node.inputs());
            inputs.set(0, src.get().value());
            while (inputs.size() < RECURRENT_INPUTS) {
                inputs.add("");
            }
            inputs.addAll(List.of(src.get().scale(), src.get().zeroPoint(builder)));
            gone.add(node.name());
            builder.replace(new Node(node.name(), "Q" + node.opType(), Node.INTERNAL, inputs, node.outputs(),
                    node.attributes()));
        }

        private void clamp(Node node) {
            Optional<Activation> activation = Patterns.clamp(graph, node);
            Optional<Dequantized> src = activation(node.inputs().getFirst());
            Optional<Dequantized> dst = Dequantized.after(graph, types, node.output()).filter(Dequantized::isPlain);
            if (activation.isEmpty() || src.isEmpty() || dst.isEmpty()) {
                return;
            }
            Tail tail = new Tail(List.of(Patterns.onlyConsumer(graph, node.output()).orElseThrow()), activation.get(),
                    dst,
                    dst.get().value());
            replace(List.of(node), tail, "QClip", List.of(src.get().value(), src.get().scale(),
                    src.get().zeroPoint(builder), dst.get().scale(), dst.get().zeroPoint(builder)), Attributes.NONE);
        }
    }
}
