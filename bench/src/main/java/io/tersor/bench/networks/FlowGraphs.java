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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Loops and branches, with bodies from nearly nothing to a product: what an iteration costs beside its work. */
final class FlowGraphs {
    private static final int OPSET = 18;

    private final Arena arena = Arena.ofAuto();

    private FlowGraphs() {}

    /** Returns all graphs by a name that tells operator and size. */
    static Map<String, Graph> all() {
        FlowGraphs graphs = new FlowGraphs();
        Map<String, Graph> all = new LinkedHashMap<>();
        all.put("Loop 1000 sums of 16", graphs.loop(1000, 16, false, false));
        all.put("Loop 1000 branches of 16", graphs.loop(1000, 16, true, false));
        all.put("Loop 100 products 1x256x256", graphs.loop(100, 256, false, true));
        all.put("Scan 100 products 1x256x256", graphs.scan(100, 256));
        return all;
    }

    private static GraphBuilder body(String... inputs) {
        GraphBuilder body = Graph.builder("body", OPSET);
        for (String input : inputs) {
            body.input(ValueInfo.unknown(input));
        }
        return body;
    }

    private static Graph build(GraphBuilder body, String... outputs) {
        for (String output : outputs) {
            body.output(ValueInfo.unknown(output));
        }
        return body.build();
    }

    private Tensor integer(long value) {
        return Tensor.ofLongs(arena, Shape.of(), value);
    }

    private Tensor weights(int width) {
        return new RandomWeights(7).uniform(Shape.of(width, width), (float) Math.sqrt(3.0 / width));
    }

    private Graph loop(int iterations, int width, boolean branches, boolean product) {
        // ONNX Runtime wants to be told the types of a loop's parameters.
        GraphBuilder body = body("i", "go", "h", "x", "w").replace(ValueInfo.of("i", DataType.S64))
                .replace(ValueInfo.of("go", DataType.BOOL)).replace(ValueInfo.of("h", DataType.F32, Shape.of(1, width)));
        String next = product ? body.add("Tanh", body.add("Add", body.add("MatMul", "h", "w"), "x"))
                : branches ? branch(body) : body.add("Add", "h", "x");
        GraphBuilder graph = Graph.builder("loop", OPSET).input(ValueInfo.of("x", DataType.F32, Shape.of(1, width)));
        graph.initializer("w", product ? weights(width) : integer(2));
        String count = graph.constant("count", integer(iterations));
        graph.node(Node.of("loop", "Loop", List.of(count, "", "x"), List.of("y"), Attributes.NONE)
                .withBodies(Map.of("body", build(body, body.add("Identity", "go"), next)), Map.of("body", 3)));
        return graph.output(new ValueInfo("y", DataType.F32, Optional.empty())).build();
    }

    /** Adds and subtracts in turns. */
    private static String branch(GraphBuilder body) {
        String odd = body.add("Cast", List.of(body.add("Mod", "i", "w")), Attributes.NONE.with("to", 9));
        GraphBuilder then = body("h", "x");
        GraphBuilder otherwise = body("h", "x");
        Map<String, Graph> bodies = new LinkedHashMap<>();
        bodies.put("then_branch", build(then, then.add("Add", "h", "x")));
        bodies.put("else_branch", build(otherwise, otherwise.add("Sub", "h", "x")));
        body.node(Node.of("if", "If", List.of(odd), List.of("next"), Attributes.NONE)
                .withBodies(bodies, Map.of("then_branch", 0, "else_branch", 0)));
        return "next";
    }

    private Graph scan(int iterations, int width) {
        GraphBuilder body = body("h", "x", "w");
        String next = body.add("Tanh", body.add("Add", body.add("MatMul", "h", "w"), "x"));
        GraphBuilder graph = Graph.builder("scan", OPSET)
                .input(ValueInfo.of("x", DataType.F32, Shape.of(iterations, 1, width)));
        graph.initializer("w", weights(width));
        String start = graph.constant("start", Tensor.allocate(arena, DataType.F32, Shape.of(1, width)));
        graph.node(Node.of("scan", "Scan", List.of(start, "x"), List.of("last", "y"),
                Attributes.NONE.with("num_scan_inputs", 1))
                .withBodies(Map.of("body", build(body, next, body.add("Identity", next))), Map.of("body", 2)));
        return graph.output(new ValueInfo("y", DataType.F32, Optional.empty())).build();
    }
}
