package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import java.util.List;

/** Operators that ONNX has as well, but for details. */
final class StandardNodes {
    private StandardNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("Trilu", 1, node -> node.give(0, "Trilu", node.attributes(), node.input(0), node.inputOrNone(1)));
        table.add("Pad", 2, node -> node.give(0, "Pad", node.attributes(), node.input(0),
                node.add("Reshape", node.input(1), node.longs(-1)),
                node.has(2) ? scalar(node, node.input(2)) : ""));
        table.add("Range", 2, node -> node.give("Range", scalar(node, node.input(0)), scalar(node, node.input(1)),
                node.has(2) ? scalar(node, node.input(2)) : node.number(node.type(0), 1)));
        table.add("Unique", 1, node -> node.give(List.of(0, -1, 1, 2), "", "Unique",
                Attributes.NONE.with("sorted", 0), node.input(0)));
        table.add("ExpandDims", 2, node -> node.give("Unsqueeze", node.input(0),
                node.add("Reshape", node.add("Cast", Attributes.NONE.with("to", 7), node.input(1)), node.longs(1))));
        table.add("GatherND", 2, node -> node.give("GatherND", node.input(0), node.input(1)));
        table.add("NhwcMaxPool", 1, node -> Channels.alwaysLast(node,
                () -> node.attributes().integers("kernel_shape").length + 2,
                channels -> channels.give("MaxPool", channels.attributes(), channels.source())));
    }

    /** Returns the only element of a value of any rank. */
    private static String scalar(Expansion node, String value) {
        return node.add("Reshape", value, node.longs());
    }
}
