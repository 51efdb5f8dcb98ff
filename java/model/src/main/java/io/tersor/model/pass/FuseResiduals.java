package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Gives the sum behind a product to the product: Conv, MatMul and Gemm, real or quantized, whose result nothing but an
 * Add of another tensor of the same shape uses, add that tensor themselves before the activation. Of two products that
 * are added the later one takes the sum.
 *
 * <p>In a quantized graph the product's result would be rounded to 8 bits before it is added. The fused one adds it as
 * it is, as other runtimes do, so that its result may be a step away from that of the two operators one by one, and is
 * the more exact one, unless the product leaves the range of its type. A range that begins or ends at zero is meant to
 * be left, as it stands for a Relu: such a product stays apart.
 *
 * <p>The residual is input 3 of {@code io.tersor.Conv} and {@code .MatMul}, or input 9 of {@code .QConv} and
 * {@code .QMatMul}, followed by scale and zero point if it is quantized; inputs 12 and 13 of the latter are scale and
 * zero point of the value that was between, for where the two run one by one. That of {@code .DynamicMatMul} is input 7.
 */
public final class FuseResiduals implements GraphPass {
    /** Where a product's residual is among its inputs. */
    private static final int REAL = 3;
    private static final int QUANTIZED = 9;
    private static final int DYNAMIC = 7;

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
            List<Node> order = graph.nodes();
            for (Node node : order) {
                boolean quantized = node.operator().equals(Node.INTERNAL + ".QAdd");
                boolean sum = node.is("Add") || node.operator().equals(Node.INTERNAL + ".Add");
                if (quantized || sum && isReal(node.inputs().get(0)) && isReal(node.inputs().get(1))) {
                    int second = quantized ? 3 : 1;
                    Optional<Node> left = product(node, 0, second, quantized);
                    Optional<Node> right = product(node, second, 0, quantized);
                    boolean later = left.isEmpty()
                            || right.isPresent() && order.indexOf(right.get()) > order.indexOf(left.get());
                    (later ? right : left).ifPresent(
                            found -> fuse(found, node, later ? 0 : second, later ? second : 0, quantized));
                }
            }
            return gone.isEmpty() ? graph : builder.build();
        }

        private boolean isReal(String value) {
            return types.of(value).map(info -> info.type() == DataType.F32).orElse(false);
        }

        /** Returns the product that makes one operand of a sum for it alone and can add the other. */
        private Optional<Node> product(Node sum, int operand, int other, boolean quantized) {
            String value = sum.inputs().get(operand);
            return graph.producer(value).filter(node -> !gone.contains(node.name())
                    && !value.equals(sum.inputs().get(other)) && Patterns.onlyConsumer(graph, value).isPresent()
                    && !Patterns.isActivated(node) && isProduct(node, quantized)
                    && (!quantized || reachesBothWays(sum.inputs().get(operand + 2)))
                    && sameShape(value, sum.inputs().get(other)) && sameShape(value, sum.output()));
        }

        /** Whether numbers of both signs are left by a zero point. */
        private boolean reachesBothWays(String zeroPoint) {
            return graph.initializer(zeroPoint).filter(tensor -> LongStream.of(tensor.toLongs())
                    .allMatch(zero -> zero > tensor.type().min() && zero < tensor.type().max())).isPresent();
        }

        private boolean isProduct(Node node, boolean quantized) {
            return switch (node.operator()) {
                case "io.tersor.QConv", "io.tersor.QMatMul" -> node.input(6).isPresent() == quantized
                        && node.input(QUANTIZED).isEmpty();
                case "QLinearConv" -> quantized && isConstant(node);
                case "io.tersor.DynamicMatMul" -> !quantized && node.input(DYNAMIC).isEmpty();
                case "io.tersor.Conv", "io.tersor.MatMul" -> node.input(REAL).isEmpty();
                case "Conv" -> constant(node, 1).map(weights -> weights.shape().elements() > 0
                        && (weights.shape().rank() == 3 || weights.shape().rank() == 4)).orElse(false)
                        && Patterns.constantOrAbsent(graph, node, 2);
                case "MatMul" -> constant(node, 1).filter(MatrixPatterns::isMatrix).isPresent();
                case "Gemm" -> constant(node, 1).filter(MatrixPatterns::isMatrix).isPresent()
                        && MatrixPatterns.isPlainGemm(node) && MatrixPatterns.isRowBiased(graph, node);
                default -> false;
            };
        }

        /** Whether everything but the source is constant, and the weights are those of one or two axes. */
        private boolean isConstant(Node node) {
            boolean constant = true;
            for (int input = 1; input < node.inputs().size(); input++) {
                constant &= Patterns.constantOrAbsent(graph, node, input);
            }
            return constant && graph.initializer(node.inputs().get(3)).orElseThrow().shape().rank() <= 4
                   ;
        }

        private Optional<Tensor> constant(Node node, int input) {
            return node.input(input).flatMap(graph::initializer).filter(tensor -> tensor.type() == DataType.F32);
        }

        private boolean sameShape(String one, String other) {
            Optional<List<Dim>> dims = types.of(one).flatMap(ValueInfo::dims);
            return dims.isPresent() && dims.get().size() >= 2 && !dims.get().contains(Dim.UNKNOWN)
                    && dims.equals(types.of(other).flatMap(ValueInfo::dims));
        }

        private void fuse(Node product, Node sum, int other, int own, boolean quantized) {
            boolean integer = product.opType().startsWith("Q");
            List<String> inputs = new ArrayList<>(product.inputs());
            Tail tail = quantized ? Tail.of(graph, types, sum.output(), Optional.empty()).with(Patterns.activation(sum))
                    : tail(sum, integer);
            int residual = integer ? QUANTIZED : product.is("DynamicMatMul") ? DYNAMIC : REAL;
            while (inputs.size() < residual) {
                inputs.add("");
            }
            if (quantized) {
                inputs.addAll(sum.inputs().subList(other, other + 3));
                inputs.addAll(sum.inputs().subList(own + 1, own + 3));
                inputs.set(6, sum.inputs().get(6));
                inputs.set(7, sum.inputs().get(7));
            } else {
                Optional<Dequantized> before = Dequantized.of(graph, types, sum.inputs().get(other))
                        .filter(Dequantized::isPlain);
                inputs.add(before.map(Dequantized::value).orElse(sum.inputs().get(other)));
                before.ifPresent(found -> inputs.addAll(List.of(found.scale(), found.zeroPoint(builder))));
                tail.quantized().ifPresent(found -> {
                    inputs.set(6, found.scale());
                    inputs.set(7, found.zeroPoint(builder));
                });
            }
            List<Node> all = new ArrayList<>(List.of(product, sum));
            all.addAll(tail.nodes());
            all.forEach(node -> {
                builder.remove(node);
                gone.add(node.name());
            });
            Attributes attributes = Patterns.with(product.attributes(), tail.activation());
            String opType = product.is("Gemm") ? "MatMul" : product.is("QLinearConv") ? "QConv" : product.opType();
            builder.node(new Node(product.name(), opType, Node.INTERNAL, inputs, List.of(tail.output()), attributes));
        }

        /** The activation is the sum's own or the one behind it. */
        private Tail tail(Node sum, boolean mayBeQuantized) {
            Optional<Patterns.Activated> behind = Patterns.isActivated(sum) ? Optional.empty()
                    : Patterns.activation(graph, sum.output());
            Tail tail = mayBeQuantized ? Tail.of(graph, types, sum.output(), behind)
                    : new Tail(behind.map(found -> List.of(found.node())).orElse(List.of()),
                            behind.map(Patterns.Activated::activation).orElse(Activation.NONE), Optional.empty(),
                            behind.map(found -> found.node().output()).orElse(sum.output()));
            return Patterns.isActivated(sum) ? tail.with(Patterns.activation(sum)) : tail;
        }
    }
}
