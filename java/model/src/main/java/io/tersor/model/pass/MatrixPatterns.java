package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** What passes look for around matrix products. */
final class MatrixPatterns {
    private MatrixPatterns() {}

    /**
     * An addition of a constant row behind a product.
     *
     * @param node the addition
     * @param value the name of what it adds: a constant, or the output of a DequantizeLinear of one
     */
    record Bias(Node node, String value) {}

    static boolean isMatrix(Tensor weights) {
        return weights.shape().rank() == 2;
    }

    /** Returns whether a bias of this shape is the same for every row of n columns. */
    static boolean isRow(Shape shape, long n) {
        return shape.elements() == n && (shape.rank() == 0 || shape.dim(-1) == n);
    }

    /** Returns whether a Gemm is a plain product with a bias. */
    static boolean isPlainGemm(Node node) {
        return node.attributes().integer("transA", 0) == 0 && node.attributes().real("alpha", 1f) == 1f
                && (node.attributes().real("beta", 1f) == 1f || node.input(2).isEmpty());
    }

    /** Returns whether a Gemm of constant weights has no bias or a constant one that is the same for every row. */
    static boolean isRowBiased(Graph graph, Node node) {
        Tensor weights = graph.initializer(node.inputs().get(1)).orElseThrow();
        long n = weights.shape().dim(node.attributes().integer("transB", 0) != 0 ? 0 : 1);
        return node.input(2).map(name -> graph.initializer(name).filter(bias -> isRow(bias.shape(), n)).isPresent())
                .orElse(true);
    }

    /** Returns the addition of a constant row of n columns that alone uses a product. */
    static Optional<Bias> bias(Graph graph, Node product, long n) {
        Optional<Node> add = Patterns.onlyConsumer(graph, product.output()).filter(node -> node.is("Add")
                && node.inputs().size() == 2 && !node.inputs().get(0).equals(node.inputs().get(1)));
        if (add.isEmpty()) {
            return Optional.empty();
        }
        String other = add.get().inputs().get(add.get().inputs().get(0).equals(product.output()) ? 1 : 0);
        String constant = graph.producer(other).filter(node -> node.is("DequantizeLinear"))
                .map(node -> node.inputs().getFirst()).orElse(other);
        return graph.initializer(constant).filter(tensor -> isRow(tensor.shape(), n))
                .map(_ -> new Bias(add.get(), other));
    }
}
