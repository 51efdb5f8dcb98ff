package io.tersor.model.flow;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Cuts a graph at the nodes that run alone, of control flow or prepared in each run, into as few parts of other nodes
 * as there have to be. Each node has a level, odd for those that run alone and even for others: the least one that is
 * not below those of the nodes it depends on, and above them where one of the two runs alone. Others of one level are
 * one part.
 */
final class Cut {
    private final Graph graph;
    private final Map<String, ValueInfo> infos;
    private final Set<String> flowValues = new HashSet<>();
    private final TreeMap<Integer, List<Node>> levels = new TreeMap<>();

    Cut(Graph graph) {
        this.graph = graph;
        this.infos = TypeInference.infer(graph);
        graph.inputs().stream().filter(input -> input.kind() != ValueInfo.Kind.TENSOR)
                .forEach(input -> flowValues.add(input.name()));
        ShapeDecisions decisions = new ShapeDecisions(graph);
        Map<String, Integer> levelOf = new HashMap<>();
        for (Node node : graph.nodes()) {
            boolean flow = isFlow(node);
            boolean alone = flow || decisions.dependsOnElements(node);
            int level = alone ? 1 : 0;
            for (String input : node.inputs()) {
                int before = levelOf.getOrDefault(input, 0);
                level = Math.max(level, !alone ? before + before % 2 : before % 2 == 0 ? before + 1 : before + 2);
            }
            levels.computeIfAbsent(level, _ -> new ArrayList<>()).add(node);
            for (String output : node.outputs()) {
                levelOf.put(output, level);
                if (flow) {
                    flowValues.add(output);
                }
            }
        }
    }

    /** Identity of what may be no tensor is control flow too: it hands over what it gets. */
    private boolean isFlow(Node node) {
        return FlowOperators.find(node).isPresent()
                && (!node.is("Identity") || flowValues.contains(node.inputs().getFirst()));
    }

    /** Returns the parts in an order in which they can run. */
    List<Unit> units(Preparation preparation) {
        List<Unit> units = new ArrayList<>();
        try {
            levels.forEach((level, nodes) -> {
                if (level % 2 == 0) {
                    units.add(new Segment(segment(nodes), preparation));
                } else {
                    nodes.forEach(node -> units.add(isFlow(node) ? new FlowNode(graph, node, preparation)
                            : new EagerNode(graph, node)));
                }
            });
            return units;
        } catch (RuntimeException e) {
            units.forEach(Unit::close);
            throw e;
        }
    }

    private Graph segment(List<Node> nodes) {
        GraphBuilder builder = Graph.builder(graph.name(), graph.opset());
        graph.opsets().forEach(builder::opset);
        Set<String> inside = new HashSet<>();
        nodes.forEach(node -> inside.addAll(node.outputs()));
        Set<String> read = new LinkedHashSet<>();
        nodes.forEach(node -> read.addAll(node.inputs()));
        read.remove("");
        read.removeAll(inside);
        for (String value : read) {
            if (graph.initializers().containsKey(value)) {
                builder.initializer(value, graph, value);
            } else {
                builder.input(infos.getOrDefault(value, ValueInfo.unknown(value)));
            }
        }
        nodes.forEach(builder::node);
        Set<Node> own = new HashSet<>(nodes);
        for (Node node : nodes) {
            for (String output : node.outputs()) {
                if (!output.isEmpty() && (graph.isOutput(output) || !own.containsAll(graph.consumers(output)))) {
                    builder.output(infos.getOrDefault(output, ValueInfo.unknown(output)));
                }
            }
        }
        return builder.build();
    }
}
