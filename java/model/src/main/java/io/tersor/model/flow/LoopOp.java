package io.tersor.model.flow;

import io.tersor.model.Dim;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Loop: {@code for (i = 0; i < M && cond; i++) (cond, states, scans) = body(i, cond, states)}. Inputs M and cond may be
 * left out; the states' last values and the scans' values of all iterations, stacked, are the outputs. It ends as its
 * operands say, however late; interrupting the thread ends it with an exception.
 */
final class LoopOp {
    private static final String BODY = "body";

    private LoopOp() {}

    static void register(Map<String, FlowOperator> table) {
        table.put("Loop", LoopOp::run);
    }

    private static Value[] run(FlowContext context) {
        int states = Math.max(context.inputCount() - 2, 0);
        int scans = context.outputs(BODY).size() - 1 - states;
        context.require(context.parameters(BODY) == states + 2, "body parameters", states + 2,
                context.parameters(BODY));
        context.require(scans >= 0 && context.outputCount() == states + scans, "outputs of body and node",
                "those of cond and " + states + " states, and as many more as the node has",
                context.outputs(BODY).size() + " and " + context.outputCount());
        long limit = context.has(0) ? context.integer(0) : Long.MAX_VALUE;
        boolean goesOn = !context.has(1) || context.flag(1);
        Value[] current = new Value[states];
        for (int s = 0; s < states; s++) {
            current[s] = context.memory().retain(context.value(2 + s));
        }
        List<List<Tensor>> collected = new ArrayList<>();
        for (int s = 0; s < scans; s++) {
            collected.add(new ArrayList<>());
        }
        for (long i = 0; i < limit && goesOn; i++) {
            goesOn = iterate(context, i, current, collected);
        }
        Value[] outputs = new Value[states + scans];
        System.arraycopy(current, 0, outputs, 0, states);
        for (int s = 0; s < scans; s++) {
            outputs[states + s] = Value.of(stacked(context, s, collected.get(s),
                    context.outputs(BODY).get(1 + states + s)));
        }
        return outputs;
    }

    /** Runs once, replaces the states, collects the scans, and returns whether to go on. */
    private static boolean iterate(FlowContext context, long iteration, Value[] states, List<List<Tensor>> collected) {
        Value[] parameters = new Value[states.length + 2];
        parameters[0] = Value.of(context.scalar(DataType.S64, iteration));
        parameters[1] = Value.of(context.scalar(DataType.BOOL, 1));
        System.arraycopy(states, 0, parameters, 2, states.length);
        Value[] results = context.run(BODY, parameters);
        for (Value parameter : parameters) {
            context.memory().release(parameter);
        }
        System.arraycopy(results, 1, states, 0, states.length);
        for (int s = 0; s < collected.size(); s++) {
            Value result = results[1 + states.length + s];
            context.require(result instanceof Value.TensorValue, "body output " + (1 + states.length + s), "a tensor",
                    result);
            collected.get(s).add(((Value.TensorValue) result).tensor());
        }
        boolean goesOn = context.flag("node's body output 0", results[0]);
        context.memory().release(results[0]);
        return goesOn;
    }

    private static Tensor stacked(FlowContext context, int scan, List<Tensor> tensors, ValueInfo info) {
        if (tensors.isEmpty()) {
            // As ONNX Runtime does: what the body does not tell about extents is 0.
            context.require(info.element().isPresent(), "scan output " + scan,
                    "an iteration, or a body that tells the type", "none");
            Shape shape = Shape.of(info.dims().orElse(List.of()).stream()
                    .mapToLong(dim -> dim instanceof Dim.Known(long extent) ? extent : 0).toArray());
            return context.memory().allocate(info.type(), Pieces.with(shape, 0, 0));
        }
        Tensor stacked = Pieces.stack(context, tensors, 0, false);
        tensors.forEach(context.memory()::release);
        return stacked;
    }
}
