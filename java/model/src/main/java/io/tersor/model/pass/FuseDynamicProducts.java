package io.tersor.model.pass;

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
 * Makes one {@code io.tersor.DynamicMatMul} of a product whose source is quantized at run time: DynamicQuantizeLinear,
 * MatMulInteger with a constant matrix of bytes, Cast to f32, Mul by the product of both scales, and an Add of a
 * constant row where there is one. Its inputs are the source, the matrix, its scale, its zero point and the row.
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
        List<String> inputs = new ArrayList<>(List.of(source, node.inputs().get(1), weightsScale.get(),
                node.input(3).orElse("")));
        MatrixPatterns.bias(graph, scale.get(), n).filter(bias -> graph.initializer(bias.value())
                .filter(tensor -> tensor.type() == DataType.F32).isPresent()).ifPresent(bias -> {
            gone.add(bias.node());
            inputs.add(bias.value());
        });
        gone.forEach(builder::remove);
        builder.node(new Node(node.name(), "DynamicMatMul", Node.INTERNAL, inputs,
                List.of(gone.getLast().output()), Attributes.NONE));
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
