package io.tersor.model.flow;

import io.tersor.model.Value;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Scan: runs its body once for each slice of its scanned inputs, {@code (states, outs[t]) = body(states, ins[t])}, and
 * stacks the outs. In opset 8 everything has a batch axis before, and sequences may be shorter than the longest.
 */
final class ScanOp {
    private static final String BODY = "body";

    /**
     * How one operand is scanned.
     *
     * @param axis along which its slices lie
     * @param reversed whether the last slice comes first
     */
    private record Direction(int axis, boolean reversed) {}

    private ScanOp() {}

    static void register(Map<String, FlowOperator> table) {
        table.put("Scan", ScanOp::run);
    }

    private static Value[] run(FlowContext context) {
        return context.opset() < 9 ? batched(context) : plain(context);
    }

    private static Value[] plain(FlowContext context) {
        int scanned = scanned(context, context.inputCount());
        int states = context.inputCount() - scanned;
        int outs = outs(context, states);
        long[] axes = context.attributes().integers("scan_input_axes", new long[scanned]);
        long[] directions = context.attributes().integers("scan_input_directions", new long[scanned]);
        List<Tensor> inputs = new ArrayList<>();
        List<Direction> inputDirections = new ArrayList<>();
        long length = -1;
        for (int i = 0; i < scanned; i++) {
            Tensor input = context.tensor(states + i);
            context.require(i < axes.length && i < directions.length, "scan_input_axes and _directions",
                    scanned + " of each", Math.min(axes.length, directions.length));
            Direction direction = new Direction(context.axis(axes[i], input.shape().rank()), directions[i] == 1);
            long extent = input.shape().dim(direction.axis());
            boolean fits = length < 0 || extent == length;
            context.require(fits, "scanned inputs", "as many slices of each", length + " and " + extent);
            length = extent;
            inputs.add(input);
            inputDirections.add(direction);
        }
        Value[] current = new Value[states];
        for (int s = 0; s < states; s++) {
            current[s] = context.memory().retain(context.value(s));
        }
        List<List<Tensor>> collected = scan(context, current, inputs, inputDirections, length);
        long[] outAxes = context.attributes().integers("scan_output_axes", new long[outs]);
        long[] outDirections = context.attributes().integers("scan_output_directions", new long[outs]);
        context.require(outAxes.length == outs && outDirections.length == outs, "scan_output_axes and _directions",
                outs + " of each", Math.min(outAxes.length, outDirections.length));
        Value[] outputs = new Value[states + outs];
        System.arraycopy(current, 0, outputs, 0, states);
        for (int o = 0; o < outs; o++) {
            List<Tensor> tensors = collected.get(o);
            context.require(!tensors.isEmpty(), "scanned inputs", "at least one slice", 0);
            int axis = context.axis(outAxes[o], tensors.getFirst().shape().rank() + 1);
            outputs[states + o] = Value.of(Pieces.stack(context, tensors, axis, outDirections[o] == 1));
            tensors.forEach(context.memory()::release);
        }
        return outputs;
    }

    private static int scanned(FlowContext context, int inputs) {
        long scanned = context.attributes().integer("num_scan_inputs", 0);
        context.require(scanned >= 1 && scanned <= inputs, "num_scan_inputs", "1 to " + inputs, scanned);
        return (int) scanned;
    }

    private static int outs(FlowContext context, int states) {
        int outs = context.outputs(BODY).size() - states;
        context.require(outs >= 0 && context.outputCount() == states + outs, "outputs of body and node",
                states + " states and as many more", context.outputs(BODY).size() + " and " + context.outputCount());
        return outs;
    }

    /** Runs over all slices, replaces the states, and returns the other outputs' tensors of all iterations. */
    private static List<List<Tensor>> scan(FlowContext context, Value[] states, List<Tensor> inputs,
            List<Direction> directions, long length) {
        List<List<Tensor>> collected = new ArrayList<>();
        for (int o = states.length; o < context.outputs(BODY).size(); o++) {
            collected.add(new ArrayList<>());
        }
        Value[] parameters = new Value[states.length + inputs.size()];
        for (long t = 0; t < length; t++) {
            System.arraycopy(states, 0, parameters, 0, states.length);
            for (int i = 0; i < inputs.size(); i++) {
                Direction direction = directions.get(i);
                parameters[states.length + i] = Value.of(Pieces.slice(context, inputs.get(i), direction.axis(),
                        direction.reversed() ? length - 1 - t : t));
            }
            Value[] results = context.run(BODY, parameters);
            for (Value parameter : parameters) {
                context.memory().release(parameter);
            }
            System.arraycopy(results, 0, states, 0, states.length);
            for (int o = 0; o < collected.size(); o++) {
                Value result = results[states.length + o];
                context.require(result instanceof Value.TensorValue, "body output " + (states.length + o), "a tensor",
                        result);
                collected.get(o).add(((Value.TensorValue) result).tensor());
            }
        }
        return collected;
    }

    /** Opset 8: input 0 the lengths of the sequences or none, then states [batch, ...], scanned [batch, time, ...]. */
    private static Value[] batched(FlowContext context) {
        int scanned = scanned(context, context.inputCount() - 1);
        int states = context.inputCount() - 1 - scanned;
        int outs = outs(context, states);
        long[] reversed = context.attributes().integers("directions", new long[scanned]);
        context.require(reversed.length == scanned, "directions", scanned, reversed.length);
        Tensor first = context.tensor(1 + states);
        context.check(first.shape().rank() >= 2, 1 + states, "axes of batch and time");
        long batch = first.shape().dim(0);
        long time = first.shape().dim(1);
        context.require(batch > 0 && time > 0, "batch and time", "at least 1", batch + " and " + time);
        List<List<Tensor>> finals = new ArrayList<>();
        for (int o = 0; o < states + outs; o++) {
            finals.add(new ArrayList<>());
        }
        for (long b = 0; b < batch; b++) {
            long length = context.has(0) ? context.tensor(0).getLong(b) : time;
            context.check(length >= 1 && length <= time, 0, "lengths of 1 to " + time);
            one(context, b, length, new long[] {batch, time}, reversed, states, finals);
        }
        Value[] outputs = new Value[states + outs];
        for (int o = 0; o < outputs.length; o++) {
            outputs[o] = Value.of(Pieces.stack(context, finals.get(o), 0, false));
            finals.get(o).forEach(context.memory()::release);
        }
        return outputs;
    }

    /** Scans one sequence of a batch. */
    private static void one(FlowContext context, long b, long length, long[] extents, long[] reversed, int states,
            List<List<Tensor>> finals) {
        Value[] current = new Value[states];
        for (int s = 0; s < states; s++) {
            Tensor state = context.tensor(1 + s);
            context.check(state.shape().rank() >= 1 && state.shape().dim(0) == extents[0], 1 + s,
                    extents[0] + " states");
            current[s] = Value.of(Pieces.slice(context, state, 0, b));
        }
        List<Tensor> inputs = new ArrayList<>();
        List<Direction> directions = new ArrayList<>();
        for (int i = 0; i < reversed.length; i++) {
            Tensor input = context.tensor(1 + states + i);
            context.check(input.shape().rank() >= 2 && input.shape().dim(0) == extents[0]
                    && input.shape().dim(1) == extents[1], 1 + states + i, extents[0] + " x " + extents[1]
                    + " slices");
            inputs.add(Pieces.slice(context, input, 0, b));
            directions.add(new Direction(0, reversed[i] == 1));
        }
        List<List<Tensor>> collected = scan(context, current, inputs, directions, length);
        inputs.forEach(context.memory()::release);
        for (int s = 0; s < states; s++) {
            context.require(current[s] instanceof Value.TensorValue, "body output " + s, "a tensor", current[s]);
            finals.get(s).add(((Value.TensorValue) current[s]).tensor());
        }
        for (int o = 0; o < collected.size(); o++) {
            Tensor stacked = Pieces.stack(context, collected.get(o), 0, false);
            collected.get(o).forEach(context.memory()::release);
            finals.get(states + o).add(padded(context, stacked, extents[1]));
        }
    }

    /** Returns the tensor with zeros behind it up to the given number of slices; takes its reference. */
    private static Tensor padded(FlowContext context, Tensor tensor, long time) {
        long length = tensor.shape().dim(0);
        if (length == time) {
            return tensor;
        }
        Shape shape = tensor.shape().with(0, time);
        Tensor padded = context.memory().allocate(tensor.type(), shape);
        padded.data().fill((byte) 0);
        padded.slice(0, 0, length).copyFrom(tensor);
        context.memory().release(tensor);
        return padded;
    }
}
