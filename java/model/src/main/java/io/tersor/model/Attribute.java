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

    /**
     * GRAPH: the body of a loop or a branch, whose nodes may read values of the graph around it. These values are inputs
     * of the node that has the attribute, behind its own, and inputs of the body, behind its parameters, in the same
     * order: passes see what the body reads, and names mean something in one graph only.
     *
     * @param graph the body
     * @param parameters how many of the body's first inputs are its parameters; the others are values from outside
     * @param firstOutside the node's input that is the first value from outside
     */
    record Body(Graph graph, int parameters, int firstOutside) implements Attribute {}

    /** TYPE_PROTO: a type; the name means nothing. */
    record TypeValue(ValueInfo type) implements Attribute {}

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
