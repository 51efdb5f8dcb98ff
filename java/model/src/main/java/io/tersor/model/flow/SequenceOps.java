package io.tersor.model.flow;

import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.onnx.OnnxTypes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that make and read sequences of tensors. */
final class SequenceOps {
    private static final String BODY = "body";

    private SequenceOps() {}

    static void register(Map<String, FlowOperator> table) {
        table.put("SequenceConstruct", SequenceOps::construct);
        table.put("SequenceEmpty", context -> new Value[] {Value.of(OnnxTypes.dataType(
                context.attributes().integer("dtype", OnnxTypes.onnx(DataType.F32)), "SequenceEmpty"), List.of())});
        table.put("SequenceInsert", SequenceOps::insert);
        table.put("SequenceErase", SequenceOps::erase);
        table.put("SequenceAt", SequenceOps::at);
        table.put("SequenceLength", context -> new Value[] {
            Value.of(context.scalar(DataType.S64, context.sequence(0).tensors().size()))});
        table.put("SplitToSequence", SequenceOps::split);
        table.put("ConcatFromSequence", SequenceOps::concat);
        table.put("SequenceMap", SequenceOps::map);
    }

    private static Value[] construct(FlowContext context) {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < context.inputCount(); i++) {
            context.check(context.tensor(i).type() == context.tensor(0).type(), i, "type " + context.tensor(0).type());
            tensors.add(context.tensor(i));
        }
        return shared(context, context.tensor(0).type(), tensors);
    }

    /** Returns a sequence of tensors that others have too. */
    private static Value[] shared(FlowContext context, DataType type, List<Tensor> tensors) {
        return new Value[] {context.memory().retain(Value.of(type, tensors))};
    }

    private static Value[] insert(FlowContext context) {
        Value.SequenceValue sequence = context.sequence(0);
        List<Tensor> tensors = new ArrayList<>(sequence.tensors());
        context.check(context.tensor(1).type() == sequence.type(), 1, "a tensor of " + sequence.type());
        tensors.add(position(context, 2, tensors.size(), tensors.size() + 1), context.tensor(1));
        return shared(context, sequence.type(), tensors);
    }

    private static Value[] erase(FlowContext context) {
        Value.SequenceValue sequence = context.sequence(0);
        List<Tensor> tensors = new ArrayList<>(sequence.tensors());
        tensors.remove(position(context, 1, tensors.size(), tensors.size()));
        return shared(context, sequence.type(), tensors);
    }

    private static Value[] at(FlowContext context) {
        List<Tensor> tensors = context.sequence(0).tensors();
        return new Value[] {context.memory().retain(Value.of(tensors.get(position(context, 1, tensors.size(),
                tensors.size()))))};
    }

    /**
     * Returns a position counted from the start.
     *
     * @param length of the sequence; negative positions count from there
     * @param end how many positions there are; the last one where none is given
     */
    private static int position(FlowContext context, int input, int length, int end) {
        if (!context.has(input)) {
            context.check(end > 0, 0, "a sequence that is not empty");
            return end - 1;
        }
        long position = context.integer(input);
        boolean fits = position >= -length && position < end;
        context.require(fits, "position", "-" + length + " to " + (end - 1), position);
        return (int) (position < 0 ? position + length : position);
    }

    private static Value[] split(FlowContext context) {
        Tensor tensor = context.tensor(0);
        int axis = context.axis(context.attributes().integer("axis", 0), tensor.shape().rank());
        long extent = tensor.shape().dim(axis);
        boolean keeps = context.has(1) || context.attributes().integer("keepdims", 1) != 0;
        List<Tensor> tensors = new ArrayList<>();
        long at = 0;
        for (long part : parts(context, extent)) {
            tensors.add(keeps ? Pieces.slices(context, tensor, axis, at, part)
                    : Pieces.slice(context, tensor, axis, at));
            at += part;
        }
        return new Value[] {Value.of(tensor.type(), tensors)};
    }

    private static long[] parts(FlowContext context, long extent) {
        if (context.has(1) && context.tensor(1).shape().rank() > 0) {
            long[] parts = context.tensor(1).toLongs();
            context.check(Arrays.stream(parts).allMatch(part -> part >= 0 && part <= extent)
                    && Arrays.stream(parts).sum() == extent, 1, "parts of " + extent);
            return parts;
        }
        long each = context.has(1) ? context.integer(1) : 1;
        context.check(each > 0, 1, "parts of at least 1");
        context.require(extent <= Integer.MAX_VALUE, "extent", "at most 2^31 - 1", extent);
        long[] parts = new long[(int) Math.ceilDiv(extent, each)];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = Math.min(each, extent - i * each);
        }
        return parts;
    }

    private static Value[] concat(FlowContext context) {
        List<Tensor> tensors = context.sequence(0).tensors();
        context.check(!tensors.isEmpty(), 0, "a sequence that is not empty");
        boolean stacks = context.attributes().integer("new_axis", 0) != 0;
        int rank = tensors.getFirst().shape().rank() + (stacks ? 1 : 0);
        int axis = context.axis(context.attributes().integer("axis", 0), rank);
        return new Value[] {Value.of(stacks ? Pieces.stack(context, tensors, axis, false)
                : Pieces.join(context, tensors, axis))};
    }

    /** Runs the body for each element of the first sequence, with the elements of the others at the same position. */
    private static Value[] map(FlowContext context) {
        int length = context.sequence(0).tensors().size();
        List<ValueInfo> infos = context.outputs(BODY);
        List<List<Tensor>> collected = infos.stream().<List<Tensor>>map(_ -> new ArrayList<>()).toList();
        for (int i = 0; i < length; i++) {
            Value[] parameters = new Value[context.inputCount()];
            for (int p = 0; p < parameters.length; p++) {
                boolean sequence = context.value(p) instanceof Value.SequenceValue;
                context.check(!sequence || context.sequence(p).tensors().size() == length, p, length + " tensors");
                parameters[p] = sequence ? Value.of(context.sequence(p).tensors().get(i)) : context.value(p);
            }
            Value[] results = context.run(BODY, parameters);
            for (int o = 0; o < results.length; o++) {
                context.require(results[o] instanceof Value.TensorValue, "body output " + o, "a tensor", results[o]);
                collected.get(o).add(((Value.TensorValue) results[o]).tensor());
            }
        }
        Value[] outputs = new Value[infos.size()];
        for (int o = 0; o < outputs.length; o++) {
            List<Tensor> tensors = collected.get(o);
            context.require(!tensors.isEmpty() || infos.get(o).element().isPresent(), "output " + o,
                    "an element, or a body that tells the type", "none");
            DataType type = tensors.isEmpty() ? infos.get(o).type() : tensors.getFirst().type();
            for (Tensor tensor : tensors) {
                context.require(tensor.type() == type, "body output " + o, type, tensor);
            }
            outputs[o] = Value.of(type, tensors);
        }
        return outputs;
    }
}
