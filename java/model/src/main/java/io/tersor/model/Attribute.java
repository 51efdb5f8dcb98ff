package io.tersor.model;

import io.tersor.tensor.Tensor;
import java.util.List;

/** The value of a node's attribute, by ONNX's attribute types. */
public sealed interface Attribute {
    /** INT. */
    record IntValue(long value) implements Attribute {}

    /** FLOAT. */
    record FloatValue(float value) implements Attribute {}

    /** STRING. */
    record StringValue(String value) implements Attribute {}

    /** TENSOR. */
    record TensorValue(Tensor value) implements Attribute {}

    /** INTS. */
    record Ints(List<Long> values) implements Attribute {
        /** Copies the values. */
        public Ints {
            values = List.copyOf(values);
        }
    }

    /** FLOATS. */
    record Floats(List<Float> values) implements Attribute {
        /** Copies the values. */
        public Floats {
            values = List.copyOf(values);
        }
    }

    /** STRINGS. */
    record Strings(List<String> values) implements Attribute {
        /** Copies the values. */
        public Strings {
            values = List.copyOf(values);
        }
    }
}
