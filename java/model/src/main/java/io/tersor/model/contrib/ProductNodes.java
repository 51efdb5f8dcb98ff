package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/** Products and convolutions with what is in front of them and behind them. */
final class ProductNodes {
    private ProductNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("FusedMatMul", 2, node -> node.give("Identity", matMul(node)));
        table.add("TransposeMatMul", 2, node -> node.give("Identity", matMul(node)));
        table.add("FusedMatMulActivation", 2, node -> activated(node, matMul(node)));
        table.add("FusedGemm", 2, node -> activated(node, node.add("Gemm", without(node, "activation",
                "activation_alpha", "activation_beta", "activation_gamma"), node.input(0), node.input(1),
                node.inputOrNone(2))));
        table.add("GemmFastGelu", 2, ProductNodes::fastGelu);
        table.add("FusedConv", 2, ProductNodes::convolution);
    }

    private static Attributes without(Expansion node, String... names) {
        Attributes attributes = node.attributes();
        for (String name : names) {
            attributes = attributes.without(name);
        }
        return attributes;
    }

    private static void activated(Expansion node, String value) {
        String name = node.attributes().text("activation", "");
        float second = node.attributes().real(name.equals("Selu") ? "activation_gamma" : "activation_beta", Float.NaN);
        ActivationNodes.give(node, value, name, node.attributes().real("activation_alpha", Float.NaN), second);
    }

    private static String matMul(Expansion node) {
        String product = node.add("MatMul", operand(node, 0, "A"), operand(node, 1, "B"));
        float alpha = node.attributes().real("alpha", 1f);
        return alpha == 1f ? product : node.add("Mul", product, node.number(node.type(0), alpha));
    }

    /** Returns an operand whose attributes move its first axis behind the other leading ones, and swap the last two. */
    private static String operand(Expansion node, int input, String name) {
        boolean swap = node.attributes().integer("trans" + name, 0) != 0;
        boolean move = node.attributes().integer("transBatch" + name, 0) != 0;
        int rank = swap || move ? node.rank(input) : 0;
        if (rank < 2) {
            return node.input(input);
        }
        List<Long> order = new ArrayList<>(LongStream.range(0, rank).boxed().toList());
        if (move) {
            order.add(rank - 2, order.removeFirst());
        }
        if (swap) {
            Collections.swap(order, rank - 2, rank - 1);
        }
        long[] perm = order.stream().mapToLong(Long::longValue).toArray();
        return node.add("Transpose", Attributes.NONE.with("perm", perm), node.input(input));
    }

    private static void fastGelu(Expansion node) {
        String product = node.add("MatMul", node.input(0), node.input(1));
        node.give(0, "Gelu", ActivationNodes.tanh(), node.has(2) ? node.add("Add", product, node.input(2)) : product);
    }

    /** FusedConv(x, w, bias, z): z is added before the activation. */
    private static void convolution(Expansion node) {
        String sum = node.add("Conv", without(node, "activation", "activation_params"), node.input(0), node.input(1),
                node.inputOrNone(2));
        sum = node.has(3) ? node.add("Add", sum, node.input(3)) : sum;
        float[] params = node.attributes().reals("activation_params");
        ActivationNodes.give(node, sum, node.attributes().text("activation", ""),
                params.length > 0 ? params[0] : Float.NaN, params.length > 1 ? params[1] : Float.NaN);
    }
}
