package io.tersor.model.pass;

import io.tersor.model.Attributes;
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

/**
 * Fuses f32 Conv, MatMul, Gemm and Add with what follows: a MatMul's constant bias, then Relu, Clip or, but for Add, a
 * function (Gelu, Swish, HardSwish). Makes {@code io.tersor.Conv}, {@code .MatMul} (with a bias) and {@code .Add}, with
 * the bounds as attributes lo and hi, the function's name as attribute function.
 */
public final class FuseActivations implements GraphPass {
    private static final Set<String> OPERATORS = Set.of("Conv", "Add", "MatMul", "Gemm");

    @Override
    public Graph apply(Graph graph) {
        Types types = new Types(graph);
        GraphBuilder builder = graph.toBuilder();
        Set<String> gone = new HashSet<>();
        for (Node node : graph.nodes()) {
            boolean known = OPERATORS.contains(node.operator());
            if (known && !gone.contains(node.name()) && isReal(types, node)) {
                switch (node.operator()) {
                    case "Conv" -> conv(graph, builder, node, gone);
                    case "Add" -> add(graph, builder, node, gone, types);
                    case "MatMul" -> matMul(graph, builder, node, gone, types);
                    case "Gemm" -> gemm(graph, builder, node, gone);
                    default -> { }
                }
            }
        }
        return gone.isEmpty() ? graph : builder.build();
    }

    private static boolean isReal(Types types, Node node) {
        return types.of(node.inputs().isEmpty() ? "" : node.inputs().getFirst())
                .map(info -> info.type() == DataType.F32).orElse(false);
    }

    /** Replaces a node and the activation behind it by one. Without one nothing changes unless {@code anyway}. */
    private static void fuse(Graph graph, GraphBuilder builder, Node first, Node last, String opType,
            List<String> inputs, Attributes attributes, boolean anyway, Set<String> gone) {
        Optional<Patterns.Activated> activated = opType.equals("Add") ? Patterns.clamp(graph, last.output())
                : Patterns.activation(graph, last.output());
        if (activated.isEmpty() && !anyway) {
            return;
        }
        Attributes all = attributes;
        String output = last.output();
        builder.remove(first).remove(last);
        gone.add(first.name());
        gone.add(last.name());
        if (activated.isPresent()) {
            builder.remove(activated.get().node());
            gone.add(activated.get().node().name());
            all = Patterns.with(all, activated.get().activation());
            output = activated.get().node().output();
        }
        builder.node(new Node(first.name(), opType, Node.INTERNAL, inputs, List.of(output), all));
    }

    private static void conv(Graph graph, GraphBuilder builder, Node node, Set<String> gone) {
        Optional<Tensor> weights = graph.initializer(node.inputs().get(1));
        boolean fits = weights.isPresent() && (weights.get().shape().rank() == 3 || weights.get().shape().rank() == 4)
                && weights.get().shape().elements() > 0 && Patterns.constantOrAbsent(graph, node, 2);
        if (fits) {
            fuse(graph, builder, node, node, "Conv", node.inputs(), node.attributes(), false, gone);
        }
    }

    private static void add(Graph graph, GraphBuilder builder, Node node, Set<String> gone,
            Types types) {
        Optional<ValueInfo> other = types.of(node.inputs().get(1));
        if (other.isPresent() && other.get().type() == DataType.F32) {
            fuse(graph, builder, node, node, "Add", node.inputs(), node.attributes(), false, gone);
        }
    }

    private static void matMul(Graph graph, GraphBuilder builder, Node node, Set<String> gone,
            Types types) {
        Optional<Tensor> weights = graph.initializer(node.inputs().get(1)).filter(MatrixPatterns::isMatrix);
        int rank = types.of(node.inputs().getFirst()).orElseThrow().dims().map(List::size).orElse(0);
        if (weights.isEmpty() || rank < 2) {
            return;
        }
        Optional<MatrixPatterns.Bias> bias = MatrixPatterns.bias(graph, node, weights.get().shape().dim(1));
        List<String> inputs = new ArrayList<>(node.inputs());
        bias.ifPresent(found -> inputs.add(found.value()));
        fuse(graph, builder, node, bias.map(MatrixPatterns.Bias::node).orElse(node), "MatMul", inputs, Attributes.NONE,
                bias.isPresent(), gone);
    }

    private static void gemm(Graph graph, GraphBuilder builder, Node node, Set<String> gone) {
        Optional<Tensor> weights = graph.initializer(node.inputs().get(1)).filter(MatrixPatterns::isMatrix);
        if (weights.isEmpty() || !MatrixPatterns.isPlainGemm(node)) {
            return;
        }
        if (MatrixPatterns.isRowBiased(graph, node)) {
            fuse(graph, builder, node, node, "MatMul", node.inputs(),
                    Attributes.NONE.with("transB", node.attributes().integer("transB", 0)), false, gone);
        }
    }
}
