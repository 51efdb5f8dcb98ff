package io.tersor.model.pass;

import io.tersor.TersorException;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.exec.GraphValues;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Puts the side of an If that is taken in its place where that is known before any run: the condition is constant, or
 * follows from shapes that are. Exporters leave such branches behind, and around them nothing could be fused.
 */
public final class InlineBranches implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        Graph result = graph;
        for (Optional<Graph> next = Optional.of(graph); next.isPresent(); next = inlineFirst(result)) {
            result = next.get();
        }
        return result;
    }

    private static Optional<Graph> inlineFirst(Graph graph) {
        if (graph.nodes().stream().noneMatch(node -> node.is("If"))) {
            return Optional.empty();
        }
        Map<String, TensorType> types = new HashMap<>();
        for (ValueInfo input : graph.inputs()) {
            input.shape().filter(_ -> input.isTensor())
                    .ifPresent(shape -> types.put(input.name(), new TensorType(input.type(), shape)));
        }
        GraphValues values = GraphValues.visited(graph, types, Map.of());
        for (Node node : graph.nodes()) {
            if (node.is("If")) {
                Optional<Attribute.Body> side = condition(values, node.inputs().getFirst())
                        .flatMap(taken -> node.attributes().body(taken ? "then_branch" : "else_branch"))
                        .filter(body -> body.graph().outputs().size() == node.outputs().size());
                if (side.isPresent()) {
                    return Optional.of(inline(graph, node, side.get()));
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Boolean> condition(GraphValues values, String value) {
        if (!values.isConstant(value)) {
            return Optional.empty();
        }
        try {
            Tensor condition = values.elements(value);
            return condition.type() == DataType.BOOL && condition.shape().elements() == 1
                    ? Optional.of(condition.getLong(0) != 0) : Optional.empty();
        } catch (TersorException | ArithmeticException e) {
            // What runs it says why.
            return Optional.empty();
        }
    }

    private static Graph inline(Graph graph, Node branch, Attribute.Body body) {
        GraphBuilder builder = graph.toBuilder().remove(branch);
        Map<String, String> names = new HashMap<>(Map.of("", ""));
        List<ValueInfo> inputs = body.graph().inputs();
        for (int i = 0; i < inputs.size(); i++) {
            names.put(inputs.get(i).name(), branch.inputs().get(body.firstOutside() + i));
        }
        for (String name : body.graph().initializers().keySet()) {
            names.put(name, builder.freshName(name));
            builder.initializer(names.get(name), body.graph(), name);
        }
        // The body's results take over the names of the node's, as far as it makes them itself and once.
        Set<String> copied = new HashSet<>();
        for (int i = 0; i < branch.outputs().size(); i++) {
            String output = body.graph().outputs().get(i).name();
            if (branch.outputs().get(i).isEmpty() || names.putIfAbsent(output, branch.outputs().get(i)) == null) {
                continue;
            }
            copied.add(branch.outputs().get(i));
        }
        for (Node node : body.graph().nodes()) {
            List<String> made = node.outputs().stream()
                    .map(output -> names.computeIfAbsent(output, builder::freshName)).toList();
            List<String> read = node.inputs().stream().map(names::get).toList();
            builder.node(new Node(builder.freshName(node.name()), node.opType(), node.domain(), read, made,
                    node.attributes()));
        }
        for (int i = 0; i < branch.outputs().size(); i++) {
            String output = branch.outputs().get(i);
            if (copied.contains(output)) {
                builder.node(Node.of(builder.freshName("identity"), "Identity",
                        List.of(names.get(body.graph().outputs().get(i).name())), List.of(output),
                        Attributes.NONE));
            }
        }
        return builder.build();
    }
}
