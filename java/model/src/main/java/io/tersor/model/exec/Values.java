package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checks and conversions of the values that go into and come out of a network. */
public final class Values {
    private Values() {}

    /** Returns tensors as values. */
    public static Map<String, Value> of(Map<String, Tensor> tensors) {
        Map<String, Value> values = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> values.put(name, Value.of(tensor)));
        return values;
    }

    /** Returns the tensors of values all of which are. */
    static Map<String, Tensor> tensors(Map<String, Value> values) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        values.forEach((name, value) -> tensors.put(name, tensor(name, value)));
        return tensors;
    }

    /**
     * Returns the tensor that a value is.
     *
     * @throws OperandException if it is something else
     */
    public static Tensor tensor(String what, Value value) {
        if (value instanceof Value.TensorValue(Tensor tensor)) {
            return tensor;
        }
        throw new OperandException(what, "a tensor", value == null ? "none" : value);
    }

    /** Checks that only known names are given. */
    public static void checkNames(String role, Collection<String> given, Collection<String> known) {
        given.forEach(name -> OperandException.check(known.contains(name), role + " " + name, "one of " + known,
                "an unknown name"));
    }

    /** Checks a tensor that is to take an output. */
    public static void checkOutput(String name, TensorType type, Tensor tensor) {
        if (tensor == null || tensor.type() != type.type() || !tensor.shape().equals(type.shape())
                || !tensor.isContiguous()) {
            throw new OperandException("output " + name, type + ", contiguous", tensor == null ? "none" : tensor);
        }
    }

    /** Checks a value against what a graph tells about it. */
    public static void check(String what, ValueInfo info, Value value) {
        boolean fits = switch (info.kind()) {
            case UNKNOWN -> value != null;
            case TENSOR -> value instanceof Value.TensorValue(Tensor tensor) && fits(info, tensor);
            case SEQUENCE -> isSequence(info, value);
            case OPTIONAL_TENSOR -> value instanceof Value.OptionalValue(var inner) && inner.stream()
                    .allMatch(some -> some instanceof Value.TensorValue(Tensor tensor) && fits(info, tensor));
            case OPTIONAL_SEQUENCE -> value instanceof Value.OptionalValue(var inner)
                    && inner.stream().allMatch(some -> isSequence(info, some));
        };
        if (!fits) {
            throw new OperandException(what, info.describe(), value == null ? "none" : value);
        }
    }

    private static boolean isSequence(ValueInfo info, Value value) {
        return value instanceof Value.SequenceValue(DataType type, List<Tensor> tensors)
                && info.element().stream().allMatch(type::equals)
                && tensors.stream().allMatch(tensor -> tensor.type() == type && info.accepts(tensor.shape()));
    }

    private static boolean fits(ValueInfo info, Tensor tensor) {
        return info.element().stream().allMatch(tensor.type()::equals) && info.accepts(tensor.shape());
    }
}
