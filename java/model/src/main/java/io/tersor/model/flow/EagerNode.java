package io.tersor.model.flow;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.Value;
import io.tersor.model.exec.Frame;
import io.tersor.model.exec.GraphValues;
import io.tersor.model.exec.Values;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.OpContext;
import io.tersor.model.ops.Operator;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A node that is prepared in each run, because the elements of its inputs decide about its outputs' shapes. */
final class EagerNode implements Unit {
    private final Node node;
    private final int opset;
    private final Operator operator;
    private volatile Optional<StepInfo> ran = Optional.empty();

    EagerNode(Graph graph, Node node) {
        this.node = node;
        this.opset = graph.opset(node);
        this.operator = Operators.find(node)
                .orElseThrow(() -> new UnsupportedOperatorException(node, opset, "not implemented"));
    }

    @Override
    public List<String> inputs() {
        return node.inputs();
    }

    @Override
    public List<String> outputs() {
        return node.outputs();
    }

    /** Nothing: it is prepared when it runs. */
    @Override
    public void warmUp() {}

    @Override
    public void warmUp(Map<String, Shape> shapes) {}

    @Override
    public Value[] run(Value[] values, Session session) {
        long start = System.nanoTime();
        Tensor[] inputs = new Tensor[values.length];
        List<Optional<TensorType>> types = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = values[i] == null ? null : Values.tensor("value " + node.inputs().get(i), values[i]);
            types.add(Optional.ofNullable(inputs[i]).map(tensor -> new TensorType(tensor.type(), tensor.shape())));
        }
        Computation computation = GraphValues.prepare(operator, new OpContext(node, opset, types, elements(inputs)));
        if (computation.outputs().size() < node.outputs().size()) {
            throw new UnsupportedOperatorException(node, opset,
                    "output " + computation.outputs().size() + " is not implemented");
        }
        Tensor[] outputs = new Tensor[node.outputs().size()];
        Value[] made = new Value[outputs.length];
        for (int i = 0; i < outputs.length; i++) {
            TensorType type = computation.outputs().get(i);
            outputs[i] = session.memory().allocate(type.type(), type.shape());
            made[i] = Value.of(outputs[i]);
        }
        Frame.run(node.name(), node.operator(), computation.body(), inputs, outputs);
        note(outputs[0], System.nanoTime() - start, session);
        return made;
    }

    private static OpContext.Values elements(Tensor[] inputs) {
        return new OpContext.Values() {
            @Override
            public Optional<Tensor> constant(int input) {
                return Optional.of(inputs[input]);
            }

            @Override
            public Tensor required(int input) {
                return inputs[input];
            }
        };
    }

    private void note(Tensor output, long nanos, Session session) {
        if (ran.isEmpty() || session.times().isPresent()) {
            StepInfo step = StepInfo.inJava(node, output.type(), output.shape());
            session.times().ifPresent(times -> times.add(step, nanos));
            ran = ran.or(() -> Optional.of(step));
        }
        session.observer().ifPresent(observer -> observer.observe(node.output(), output));
    }

    @Override
    public List<StepInfo> steps() {
        return ran.stream().toList();
    }

    @Override
    public long activationBytes() {
        return 0;
    }

    @Override
    public void close() {}
}
