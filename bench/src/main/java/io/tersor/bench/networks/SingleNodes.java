package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Makes graphs of one node, each under a name that tells operator and size. */
class SingleNodes {
    static final Shape IMAGE = Shape.of(1, 64, 56, 56);
    static final Shape TOKENS = Shape.of(1, 128, 768);

    final Map<String, Graph> graphs = new LinkedHashMap<>();
    final Arena arena = Arena.ofAuto();
    private final int opset;

    SingleNodes(int opset) {
        this.opset = opset;
    }

    /** Adds a graph of one node over inputs, then constants. */
    final void one(String operator, String detail, DataType result, Attributes attributes, List<Object> operands) {
        GraphBuilder graph = Graph.builder(operator.toLowerCase(Locale.ROOT), opset);
        List<String> names = new ArrayList<>();
        for (Object operand : operands) {
            switch (operand) {
                case Tensor constant -> names.add(graph.constant("c" + names.size(), constant));
                case ValueInfo info -> {
                    graph.input(info);
                    names.add(info.name());
                }
                default -> names.add("");
            }
        }
        List<String> outputs = new ArrayList<>(List.of("y"));
        if (operator.equals("Split") || operator.equals("TopK")) {
            outputs.add("z");
        }
        graph.node(Node.of("node", operator, names, outputs, attributes));
        for (String output : outputs) {
            boolean places = operator.equals("TopK") && output.equals("z");
            graph.output(new ValueInfo(output, places ? DataType.S64 : result, Optional.empty()));
        }
        graphs.put(operator + (detail.isEmpty() ? "" : " " + detail), graph.build());
    }

    static ValueInfo input(String name, DataType type, Shape shape) {
        return ValueInfo.of(name, type, shape);
    }

    static ValueInfo f32(Shape shape) {
        return input("x", DataType.F32, shape);
    }

    final Tensor longs(long... values) {
        return Tensor.ofLongs(arena, Shape.of(values.length), values);
    }

    final Tensor floats(float... values) {
        return Tensor.ofFloats(arena, Shape.of(values.length), values);
    }

    final Tensor normal(long... dims) {
        return SeededInputs.normal(arena, Shape.of(dims), 5);
    }
}
