package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import java.util.List;

/** Functions, with the sums in front of them, and softmax of a sum. */
final class ActivationNodes {
    private static final float QUICK = 1.702f;

    private ActivationNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("Gelu", 1, node -> node.give("Gelu", node.input(0)));
        table.add("BiasGelu", 2, node -> node.give("Gelu", node.add("Add", node.input(0), node.input(1))));
        table.add("FastGelu", 1, node -> node.give(0, "Gelu", tanh(),
                node.has(1) ? node.add("Add", node.input(0), node.input(1)) : node.input(0)));
        table.add("QuickGelu", 1, node -> node.give(0, "Swish",
                Attributes.NONE.with("alpha", node.attributes().real("alpha", QUICK)), node.input(0)));
        table.add("BiasSplitGelu", 2, ActivationNodes::split);
        table.add("BiasAdd", 3, node -> node.give("Add", node.add("Add", node.input(0), node.input(1)), node.input(2)));
        table.add("BiasSoftmax", 2, ActivationNodes::softmax);
    }

    static Attributes tanh() {
        return Attributes.NONE.with("approximate", "tanh");
    }

    /** The left half of x + bias times Gelu of the right one. */
    private static void split(Expansion node) {
        List<String> halves = node.split("Split", 2, Attributes.NONE.with("axis", -1).with("num_outputs", 2),
                node.add("Add", node.input(0), node.input(1)));
        node.give("Mul", halves.get(0), node.add("Gelu", halves.get(1)));
    }

    /** The bias has the rank of the scores, and ones where it is the same: how is no matter of the attribute. */
    private static void softmax(Expansion node) {
        String sum = node.add("Add", node.input(0), node.input(1));
        node.give("Identity", QuantizedNodes.softmax(node, sum, false, node.attributes().integer("axis", 1), 0));
    }

    /**
     * Makes the node's output, a function of a value.
     *
     * @param name of ONNX's operator, empty for the value itself
     * @param alpha of the function, NaN for the default; the lower bound of Clip
     * @param beta the same, or the upper bound
     */
    static void give(Expansion node, String value, String name, float alpha, float beta) {
        switch (name) {
            case "" -> node.give("Identity", value);
            case "Relu", "Tanh", "Sigmoid", "Softplus", "Softsign", "Gelu", "HardSwish" -> node.give(name, value);
            case "FastGelu" -> node.give(0, "Gelu", tanh(), value);
            case "LeakyRelu", "Elu", "ThresholdedRelu", "HardSigmoid", "Selu" -> {
                Attributes attributes = Float.isNaN(alpha) ? Attributes.NONE : Attributes.NONE.with("alpha", alpha);
                String second = name.equals("Selu") ? "gamma" : "beta";
                node.give(0, name, Float.isNaN(beta) ? attributes : attributes.with(second, beta), value);
            }
            case "Clip" -> node.give("Clip", value,
                    Float.isNaN(alpha) ? "" : node.number(DataType.F32, alpha),
                    Float.isNaN(beta) ? "" : node.number(DataType.F32, beta));
            default -> throw node.unsupported("activation " + name);
        }
    }
}
