package io.tersor.model.pass;

import io.tersor.kernel.Activation;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes one {@code io.tersor.DynamicMatMul} of what follows a DynamicQuantizeLinear in a product whose source is
 * quantized at run time: MatMulInteger with a constant matrix of bytes, Cast to f32, Mul by the product of both scales,
 * and where they are there, an Add of a constant row and an activation. Its inputs are the levels, the matrix, its
 * scale, its zero point, the row, and the scale and zero point of the levels. DynamicQuantizeLinear stays a step of its
 * own, for several products may share it.
 */
public final class FuseDynamicProducts implements GraphPass {
    private static final int FLOAT = 1;

    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        Types types = new Types(graph);
        boolean changed = false;
        for (Node node : graph.nodes()) {
            changed |= node.is("MatMulInteger") && fuse(graph, types, builder, node);
        }
        return changed ? builder.build() : graph;
    }

    private static boolean fuse(Graph graph, Types types, GraphBuilder builder, Node node) {
        Optional<Node> quantize = graph.producer(node.inputs().getFirst()).filter(found ->
                found.is("DynamicQuantizeLinear") && node.input(2).equals(Optional.of(found.outputs().get(2))));
        Optional<Tensor> weights = graph.initializer(node.inputs().get(1)).filter(FuseDynamicProducts::isUsable);
        Optional<Tensor> zeroPoints = node.input(3).flatMap(graph::initializer);
        Optional<Node> cast = Patterns.onlyConsumer(graph, node.output())
                .filter(next -> next.is("Cast") && next.attributes().integer("to", 0) == FLOAT);
        Optional<Node> scale = cast.flatMap(found -> Patterns.onlyConsumer(graph, found.output()))
                .filter(next -> next.is("Mul"));
        if (quantize.isEmpty() || weights.isEmpty() || scale.isEmpty()
                || zeroPoints.isPresent() != node.input(3).isPresent()) {
            return false;
        }
        String source = quantize.get().inputs().getFirst();
        long n = weights.get().shape().dim(1);
        Optional<String> weightsScale = weightsScale(graph, quantize.get(), other(scale.get(), cast.get().output()), n);
        boolean matrix = types.of(source).flatMap(ValueInfo::dims).filter(dims -> dims.size() >= 2).isPresent();
        long count = weightsScale.flatMap(graph::initializer).map(tensor -> tensor.shape().elements()).orElse(0L);
        if (!matrix || count == 0 || zeroPoints.isPresent() && !isRow(zeroPoints.get().shape(), count)) {
            return false;
        }
        List<Node> gone = new ArrayList<>(List.of(node, cast.get(), scale.get()));
        Optional<MatrixPatterns.Bias> bias = MatrixPatterns.bias(graph, scale.get(), n)
                .filter(found -> graph.initializer(found.value())
                        .filter(tensor -> tensor.type() == DataType.F32).isPresent());
        bias.ifPresent(found -> gone.add(found.node()));
        Optional<Patterns.Activated> activated = Patterns.activation(graph, gone.getLast().output());
        activated.ifPresent(found -> gone.add(found.node()));
        gone.forEach(builder::remove);
        builder.node(new Node(node.name(), "DynamicMatMul", Node.INTERNAL, List.of(node.inputs().getFirst(),
                node.inputs().get(1), weightsScale.get(), node.input(3).orElse(""),
                bias.map(MatrixPatterns.Bias::value).orElse(""), quantize.get().outputs().get(1),
                quantize.get().outputs().get(2)), List.of(gone.getLast().output()),
                Patterns.with(Attributes.NONE, activated.map(Patterns.Activated::activation).orElse(Activation.NONE))));
        return true;
    }

    private static boolean isUsable(Tensor weights) {
        return MatrixPatterns.isMatrix(weights) && (weights.type() == DataType.U8 || weights.type() == DataType.S8)
                && weights.shape().dim(0) >= 1 && weights.shape().dim(0) <= DynamicQuantizerSpec.MAX_K
                && weights.shape().dim(1) >= 1;
    }

    private static boolean isRow(Shape shape, long count) {
        return shape.rank() <= 1 && shape.elements() == count;
    }

    private static String other(Node mul, String operand) {
        return mul.inputs().get(mul.inputs().get(0).equals(operand) ? 1 : 0);
    }

    /** Returns the constant that the source's scale is multiplied by, one number or one for each of n columns. */
    private static Optional<String> weightsScale(Graph graph, Node quantize, String product, long n) {
        String sourceScale = quantize.outputs().get(1);
        return graph.producer(product).filter(node -> node.is("Mul") && node.inputs().contains(sourceScale))
                .map(node -> other(node, sourceScale))
                .filter(value -> graph.initializer(value).filter(tensor -> tensor.type() == DataType.F32
                        && (isRow(tensor.shape(), 1) || isRow(tensor.shape(), n)) && arePositive(tensor)).isPresent());
    }

    private static boolean arePositive(Tensor scales) {
        for (float scale : scales.toFloats()) {
            if (!(scale > 0 && scale < Float.POSITIVE_INFINITY)) {
                return false;
            }
        }
        return true;
    }
}
