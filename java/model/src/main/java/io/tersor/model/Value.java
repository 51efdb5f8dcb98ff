package io.tersor.model;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** What a value of a network is at run time, by ONNX's kinds of types. Immutable but for the tensors' elements. */
public sealed interface Value {
    /** One tensor. */
    record TensorValue(Tensor tensor) implements Value {
        @Override
        public String toString() {
            return tensor.toString();
        }
    }

    /**
     * Any number of tensors, of any shapes.
     *
     * @param type the element type of all of them, known for an empty sequence too
     */
    record SequenceValue(DataType type, List<Tensor> tensors) implements Value {
        /** Copies the list. */
        public SequenceValue {
            tensors = List.copyOf(tensors);
        }

        @Override
        public String toString() {
            return "sequence of " + tensors.size() + " tensors of " + type;
        }
    }

    /** A tensor or a sequence, or nothing. */
    record OptionalValue(Optional<Value> value) implements Value {
        @Override
        public String toString() {
            return value.map(some -> "optional with " + some).orElse("empty optional");
        }
    }

    /** Returns a tensor as a value. */
    static Value of(Tensor tensor) {
        return new TensorValue(tensor);
    }

    /** Returns a sequence of tensors of the given element type. */
    static Value of(DataType type, List<Tensor> tensors) {
        return new SequenceValue(type, tensors);
    }

    /** Returns an optional of nothing. */
    static Value empty() {
        return new OptionalValue(Optional.empty());
    }

    /** Returns an optional of a tensor or sequence. */
    static Value some(Value value) {
        return new OptionalValue(Optional.of(value));
    }
}
