package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import java.util.Optional;
import java.util.Set;

/** Normalizations with the sums in front of them, and the embeddings of BERT. */
final class NormalizationNodes {
    private static final float EPSILON = 1e-12f;
    private static final Set<String> PRODUCTS = Set.of("MatMul", "Gemm", "FusedMatMul", "FusedGemm", "MatMulNBits",
            "MatMulIntegerToFloat", "DynamicQuantizeMatMul");

    private NormalizationNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("SkipLayerNormalization", 3, node -> skip(node, "LayerNormalization", 3, 4));
        table.add("SkipSimplifiedLayerNormalization", 3, node -> skip(node, "RMSNormalization", -1, 3));
        table.addOwn("SimplifiedLayerNormalization", 2, NormalizationNodes::simplified);
        table.add("SimplifiedLayerNormalization", 2, NormalizationNodes::simplified);
        table.add("EmbedLayerNormalization", 7, NormalizationNodes::embedding);
    }

    private static void simplified(Expansion node) {
        node.give(0, "RMSNormalization", node.attributes(), node.input(0), node.input(1));
    }

    private static Attributes attributes(Expansion node) {
        return Attributes.NONE.with("axis", -1).with("epsilon", node.attributes().real("epsilon", EPSILON));
    }

    /** Skip...(x, skip, gamma, beta or not, bias): the sum of x, skip and bias is output 3. */
    private static void skip(Expansion node, String opType, int beta, int bias) {
        String x = node.input(0);
        String skip = node.input(1);
        if (node.has(bias) && !isProduct(node, x) && isProduct(node, skip)) {
            // A bias right behind its product becomes part of it.
            skip = node.add("Add", skip, node.input(bias));
        } else if (node.has(bias)) {
            x = node.add("Add", x, node.input(bias));
        }
        String sum;
        if (node.wants(3)) {
            node.give(3, "Add", Attributes.NONE, x, skip);
            sum = node.node().outputs().get(3);
        } else {
            sum = node.add("Add", x, skip);
        }
        node.give(0, opType, attributes(node), sum, node.input(2), beta < 0 ? "" : node.inputOrNone(beta));
    }

    private static boolean isProduct(Expansion node, String value) {
        Optional<Node> producer = node.producer(value);
        return producer.filter(found -> PRODUCTS.contains(found.opType())).isPresent();
    }

    /**
     * EmbedLayerNormalization(words, segments, their three tables, gamma, beta, mask, positions): positions that are
     * left out count from 0. Output 1 is the number of ones in each line of the mask, or 0.
     */
    private static void embedding(Expansion node) {
        Attributes rows = Attributes.NONE.with("axis", 0);
        String ids = node.input(0);
        String words = node.add("Gather", rows, node.input(2), ids);
        String positions;
        if (node.has(8)) {
            positions = node.add("Gather", rows, node.input(3), node.input(8));
        } else {
            String length = node.add("Slice", node.add("Shape", ids), node.longs(1), node.longs(2), node.longs(0));
            positions = node.add("Slice", node.input(3), node.longs(0), length, node.longs(0));
        }
        String sum = node.add("Add", words, positions);
        if (node.has(1)) {
            sum = node.add("Add", sum, node.add("Gather", rows, node.input(4), node.input(1)));
        }
        if (node.wants(2)) {
            node.give(2, "Identity", Attributes.NONE, sum);
        }
        if (node.wants(1)) {
            String mask = node.has(7) ? node.input(7) : node.add("Mul", ids, node.number(DataType.S32, 0));
            node.give(1, "ReduceSum", Attributes.NONE.with("keepdims", 0), mask, node.longs(1));
        }
        node.give(0, "LayerNormalization", attributes(node), sum, node.input(5), node.input(6));
    }
}
