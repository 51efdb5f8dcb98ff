package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import java.util.Optional;
import java.util.Set;

/** Normalizations with the sums in front of them, and the embeddings of BERT. */
final class NormalizationNodes {
    private static final float EPSILON = 1e-12f;
    private static final int INT = 6;
    private static final Set<String> PRODUCTS = Set.of("MatMul", "Gemm", "FusedMatMul", "FusedGemm", "MatMulNBits",
            "MatMulIntegerToFloat", "DynamicQuantizeMatMul");

    private NormalizationNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("SkipLayerNormalization", 3, node -> skip(node, "LayerNormalization", 3, 4));
        table.add("SkipSimplifiedLayerNormalization", 3, node -> skip(node, "RMSNormalization", -1, 3));
        table.addOwn("SimplifiedLayerNormalization", 2, NormalizationNodes::simplified);
        table.add("SimplifiedLayerNormalization", 2, NormalizationNodes::simplified);
        table.add("EmbedLayerNormalization", 7, node -> embedding(node, false));
        table.add("QEmbedLayerNormalization", 13, node -> embedding(node, true));
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
     * left out count from 0. Output 1 is the number of ones in each line of the mask, or 0. In the quantized one,
     * scales and then zero points of tables, gamma and beta follow instead of positions.
     */
    private static void embedding(Expansion node, boolean quantized) {
        String ids = node.input(0);
        String words = rows(node, 2, ids, quantized);
        String positions;
        if (!quantized && node.has(8)) {
            positions = rows(node, 3, node.input(8), false);
        } else {
            String length = AttentionNodes.extent(node, ids, 1);
            positions = real(node, 3, node.add("Slice", node.input(3), node.longs(0), length, node.longs(0)),
                    quantized);
        }
        String sum = node.add("Add", words, positions);
        if (node.has(1)) {
            sum = node.add("Add", sum, rows(node, 4, node.input(1), quantized));
        }
        if (node.wants(2)) {
            node.give(2, "Identity", Attributes.NONE, sum);
        }
        if (node.wants(1)) {
            String ones = node.has(7) ? node.add("Cast", Attributes.NONE.with("to", INT), node.add("Equal",
                    node.input(7), node.number(DataType.S32, 1)))
                    : node.add("Mul", ids, node.number(DataType.S32, 0));
            node.give(1, "ReduceSum", Attributes.NONE.with("keepdims", 0), ones, node.longs(1));
        }
        node.give(0, "LayerNormalization", attributes(node), sum, real(node, 5, node.input(5), quantized),
                real(node, 6, node.input(6), quantized));
    }

    /** Returns rows of a table that is an input. */
    private static String rows(Expansion node, int table, String indices, boolean quantized) {
        return real(node, table, node.add("Gather", Attributes.NONE.with("axis", 0), node.input(table), indices),
                quantized);
    }

    /** Returns the real value of what comes from input 2 to 6. */
    private static String real(Expansion node, int from, String value, boolean quantized) {
        return quantized ? node.add("DequantizeLinear", value, node.input(from + 6), node.inputOrNone(from + 11))
                : value;
    }
}
