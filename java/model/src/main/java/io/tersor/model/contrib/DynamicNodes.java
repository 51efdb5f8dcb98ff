package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.model.Node;
import java.util.List;

/** Products of what is quantized at run time, written as fusion looks for them. */
final class DynamicNodes {
    private static final int FLOAT = 1;

    private DynamicNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("DynamicQuantizeMatMul", 3, DynamicNodes::quantizing);
        table.add("MatMulIntegerToFloat", 4, DynamicNodes::toReal);
        table.add("DynamicQuantizeLSTM", 12, DynamicNodes::lstm);
    }

    /** DynamicQuantizeMatMul(a, b, b's scale and zero point, bias). */
    private static void quantizing(Expansion node) {
        List<String> levels = node.split("DynamicQuantizeLinear", 3, Attributes.NONE, node.input(0));
        String product = product(node, levels.get(0), levels.get(1), levels.get(2), node.input(1), node.input(2),
                node.inputOrNone(3));
        finish(node, product, node.inputOrNone(4));
    }

    /** MatMulIntegerToFloat(a, b, a's scale, b's, a's zero point, b's, bias). */
    private static void toReal(Expansion node) {
        String product = product(node, node.input(0), node.input(2), node.inputOrNone(4), node.input(1), node.input(3),
                node.inputOrNone(5));
        finish(node, product, node.inputOrNone(6));
    }

    private static void finish(Expansion node, String product, String bias) {
        if (bias.isEmpty()) {
            node.give("Identity", product);
        } else {
            node.give("Add", product, bias);
        }
    }

    /** Returns the real product of integers. */
    static String product(Expansion node, String a, String aScale, String aZero, String b, String bScale,
            String bZero) {
        String sums = node.add("MatMulInteger", a, b, aZero, bZero);
        String real = node.add("Cast", Attributes.NONE.with("to", FLOAT), sums);
        return node.add("Mul", real, node.add("Mul", aScale, bScale));
    }

    private static void lstm(Expansion node) {
        List<String> inputs = node.node().inputs();
        node.give(List.of(0, 1, 2), Node.INTERNAL, "DynamicQuantizeLSTM", node.attributes(),
                inputs.toArray(String[]::new));
    }
}
