package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** A node, the types of its inputs, and, where they are known, their elements. */
public final class OpContext {
    private static final int MAX_TABLE = 1 << 20;

    private final Node node;
    private final int opset;
    private final List<Optional<TensorType>> inputs;
    private final Values values;

    /** Gives the elements of inputs. */
    public interface Values {
        /** Returns the elements of an input if they are constant. */
        Optional<Tensor> constant(int input);

        /**
         * Returns the elements of an input, computing them if need be.
         *
         * @throws ValueUnknownException if they depend on what is not known yet
         */
        Tensor required(int input);
    }

    /** @param inputs one entry for each of the node's inputs, empty where it is left out */
    public OpContext(Node node, int opset, List<Optional<TensorType>> inputs, Values values) {
        this.node = node;
        this.opset = opset;
        this.inputs = List.copyOf(inputs);
        this.values = values;
    }

    /** Returns the node. */
    public Node node() {
        return node;
    }

    /** Returns the version of the node's domain. */
    public int opset() {
        return opset;
    }

    /** Returns the node's attributes. */
    public Attributes attributes() {
        return node.attributes();
    }

    /** Returns the number of inputs, those left out included. */
    public int inputCount() {
        return inputs.size();
    }

    /** Returns whether an input is given. */
    public boolean has(int input) {
        return input < inputs.size() && inputs.get(input).isPresent();
    }

    /** Returns whether somebody wants an output. */
    public boolean wants(int output) {
        return output < node.outputs().size() && !node.outputs().get(output).isEmpty();
    }

    /** Returns the type and extents of an input that must be given. */
    public TensorType input(int input) {
        if (!has(input)) {
            throw new OperandException(operand(input), "an input", "none");
        }
        return inputs.get(input).orElseThrow();
    }

    /** Returns the element type of an input that must be given. */
    public DataType type(int input) {
        return input(input).type();
    }

    /** Returns the extents of an input that must be given. */
    public Shape shape(int input) {
        return input(input).shape();
    }

    /** Returns the elements of an input if they are constant. */
    public Optional<Tensor> constant(int input) {
        return has(input) ? values.constant(input) : Optional.empty();
    }

    /** Returns the elements of an input that decides about shapes. */
    public Tensor value(int input) {
        input(input);
        return values.required(input);
    }

    /** Returns the node's and the input's name, for messages. */
    public String operand(int input) {
        String value = input < node.inputs().size() ? node.inputs().get(input) : "";
        return "node " + node.name() + " (" + node.operator() + ") input " + input
                + (value.isEmpty() ? "" : " '" + value + "'");
    }

    /** Checks an input; the description is only built on failure. */
    public void check(boolean fits, int input, String expected) {
        if (!fits) {
            throw new OperandException(operand(input), expected, has(input) ? input(input) : "none");
        }
    }

    /** Checks that scales or zero points, where they are given, have an element at all. */
    void checkParameters(int... inputs) {
        for (int input : inputs) {
            check(!has(input) || shape(input).elements() > 0, input, "at least one element");
        }
    }

    /** Checks an attribute or the whole node; the description is only built on failure. */
    public void require(boolean fits, String what, Object expected, Object actual) {
        if (!fits) {
            throw new OperandException("node " + node.name() + " (" + node.operator() + ") " + what, expected, actual);
        }
    }

    /** Returns the extent of an axis for which a table is made, which must not be longer than any image or sequence. */
    public int tableLength(long extent) {
        require(extent >= 0 && extent <= MAX_TABLE, "extent", "0 to " + MAX_TABLE, extent);
        return (int) extent;
    }

    /** Returns the exception that says that this variant is not implemented. */
    public UnsupportedOperatorException unsupported(String reason) {
        return new UnsupportedOperatorException(node, opset, reason);
    }

    /** Returns an axis counted from the start, for a tensor of the given rank. */
    public int axis(long axis, int rank) {
        require(axis >= -rank && axis < rank, "axis", "-" + rank + " to " + (rank - 1), axis);
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /** Returns this context for another node or other input types. */
    public OpContext with(Node other, List<Optional<TensorType>> types) {
        return new OpContext(other, opset, types, values);
    }
}
