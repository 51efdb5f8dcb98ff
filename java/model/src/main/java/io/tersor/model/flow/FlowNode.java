package io.tersor.model.flow;

import io.tersor.model.Attribute;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.Value;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A node of control flow with the programs of its bodies. */
final class FlowNode implements Unit {
    private final Node node;
    private final int opset;
    private final FlowOperator operator;
    private final List<String> inputs;
    private final Map<String, Body> bodies = new LinkedHashMap<>();
    private volatile Optional<StepInfo> ran = Optional.empty();

    /**
     * A body and where the values are that it reads from outside.
     *
     * @param outside for each of the program's inputs behind the parameters the node's input
     */
    record Body(Program program, int parameters, int[] outside) {}

    /** @param graph the graph around the node, whose constants become constants of the bodies */
    FlowNode(Graph graph, Node node, Preparation preparation) {
        this.node = node;
        this.opset = graph.opset(node);
        this.operator = FlowOperators.find(node).orElseThrow();
        // Constants that only bodies read are theirs from here on.
        this.inputs = new ArrayList<>(node.inputs());
        for (int i = node.ownInputs(); i < inputs.size(); i++) {
            if (graph.initializer(inputs.get(i)).isPresent()) {
                inputs.set(i, "");
            }
        }
        try {
            node.attributes().bodies().forEach((name, body) -> bodies.put(name, body(graph, body, preparation)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private Body body(Graph graph, Attribute.Body body, Preparation preparation) {
        GraphBuilder builder = body.graph().toBuilder();
        List<Integer> outside = new ArrayList<>();
        for (int i = body.parameters(); i < body.graph().inputs().size(); i++) {
            String inner = body.graph().inputs().get(i).name();
            int input = body.firstOutside() + i - body.parameters();
            String outer = node.inputs().get(input);
            if (graph.initializers().containsKey(outer)) {
                builder.removeInput(inner).initializer(inner, graph, outer);
            } else {
                outside.add(input);
            }
        }
        Program program = new Program(preparation.whole().apply(builder.build()), preparation);
        return new Body(program, body.parameters(), outside.stream().mapToInt(Integer::intValue).toArray());
    }

    @Override
    public List<String> inputs() {
        return inputs;
    }

    @Override
    public List<String> outputs() {
        return node.outputs();
    }

    @Override
    public void warmUp() {
        bodies.values().forEach(body -> body.program().warmUp());
    }

    /** Nothing: what bodies read is known when they run. */
    @Override
    public void warmUp(Map<String, Shape> shapes) {}

    @Override
    public Value[] run(Value[] values, Session session) {
        long start = System.nanoTime();
        long inside = session.times().map(Session.Times::sum).orElse(0L);
        FlowContext context = new FlowContext(node, opset, values, bodies, session);
        Value[] outputs = operator.run(context);
        context.require(outputs.length == node.outputs().size(), "outputs", outputs.length, node.outputs().size());
        session.times().ifPresent(times -> times.add(note(outputs[0]),
                System.nanoTime() - start - (times.sum() - inside)));
        if (ran.isEmpty()) {
            ran = Optional.of(note(outputs[0]));
        }
        return outputs;
    }

    /** Describes a run by its first output: of a sequence or optional by the first tensor in it. */
    private StepInfo note(Value output) {
        Optional<Tensor> tensor = firstTensor(output);
        DataType type = output instanceof Value.SequenceValue(DataType elements, var _) ? elements
                : tensor.map(Tensor::type).orElse(DataType.BOOL);
        return StepInfo.inJava(node, type, tensor.map(Tensor::shape).orElse(Shape.of(0)));
    }

    private static Optional<Tensor> firstTensor(Value value) {
        return switch (value) {
            case Value.TensorValue(Tensor tensor) -> Optional.of(tensor);
            case Value.SequenceValue(DataType _, var tensors) -> tensors.stream().findFirst();
            case Value.OptionalValue(var inner) -> inner.flatMap(FlowNode::firstTensor);
        };
    }

    @Override
    public List<StepInfo> steps() {
        List<StepInfo> steps = new ArrayList<>(ran.stream().toList());
        bodies.values().forEach(body -> steps.addAll(body.program().steps()));
        return steps;
    }

    @Override
    public long activationBytes() {
        return bodies.values().stream().mapToLong(body -> body.program().activationBytes()).max().orElse(0);
    }

    @Override
    public void close() {
        bodies.values().forEach(body -> body.program().close());
    }
}
