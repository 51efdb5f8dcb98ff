package io.tersor.model.flow;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** A node of control flow with the values of its inputs and its bodies, in one run. */
final class FlowContext {
    private final Node node;
    private final int opset;
    private final Value[] inputs;
    private final Map<String, FlowNode.Body> bodies;
    private final Session session;

    FlowContext(Node node, int opset, Value[] inputs, Map<String, FlowNode.Body> bodies, Session session) {
        this.node = node;
        this.opset = opset;
        this.inputs = inputs;
        this.bodies = bodies;
        this.session = session;
    }

    int opset() {
        return opset;
    }

    Attributes attributes() {
        return node.attributes();
    }

    Workspace memory() {
        return session.memory();
    }

    /** Returns the number of the operator's own inputs, those left out included. */
    int inputCount() {
        return node.ownInputs();
    }

    /** Returns the number of the node's outputs, those that nobody wants included. */
    int outputCount() {
        return node.outputs().size();
    }

    /** Returns whether an input is given. */
    boolean has(int input) {
        return input < inputCount() && inputs[input] != null;
    }

    /** Returns an input that must be given. */
    Value value(int input) {
        if (!has(input)) {
            throw new OperandException(operand(input), "an input", "none");
        }
        return inputs[input];
    }

    /** Returns an input that must be a tensor. */
    Tensor tensor(int input) {
        return value(input) instanceof Value.TensorValue(Tensor tensor) ? tensor : wrong(input, "a tensor");
    }

    /** Returns an input that must be a sequence. */
    Value.SequenceValue sequence(int input) {
        return value(input) instanceof Value.SequenceValue sequence ? sequence : wrong(input, "a sequence");
    }

    private <T> T wrong(int input, String expected) {
        throw new OperandException(operand(input), expected, inputs[input]);
    }

    /** Returns the only element of an input that must be an integer. */
    long integer(int input) {
        Tensor tensor = tensor(input);
        boolean fits = tensor.type() == DataType.S64 || tensor.type() == DataType.S32;
        return fits && tensor.shape().elements() == 1 ? tensor.getLong(0) : wrong(input, "one s64 or s32");
    }

    /** Returns the only element of an input that must be a truth value. */
    boolean flag(int input) {
        return flag(operand(input), value(input));
    }

    /** Returns the only element of a value that must be a truth value. */
    boolean flag(String what, Value value) {
        if (value instanceof Value.TensorValue(Tensor tensor) && tensor.type() == DataType.BOOL
                && tensor.shape().elements() == 1) {
            return tensor.getLong(0) != 0;
        }
        throw new OperandException(what, "one bool", value);
    }

    /** Returns a scalar with one reference. */
    Tensor scalar(DataType type, long value) {
        Tensor tensor = memory().allocate(type, Shape.of());
        tensor.setLong(0, value);
        return tensor;
    }

    private FlowNode.Body body(String name) {
        FlowNode.Body body = bodies.get(name);
        if (body == null) {
            throw new OperandException(what("attribute " + name), "a graph", "none");
        }
        return body;
    }

    /** Returns the number of a body's parameters. */
    int parameters(String name) {
        return body(name).parameters();
    }

    /** Returns what a body tells about its outputs. */
    List<ValueInfo> outputs(String name) {
        return body(name).program().graph().outputs();
    }

    /**
     * Runs a body.
     *
     * @param parameters stay the caller's
     * @return the body's outputs, of which the caller gets a reference
     */
    Value[] run(String name, Value... parameters) {
        if (Thread.currentThread().isInterrupted()) {
            throw new TersorException(what("body " + name) + ": the thread was interrupted");
        }
        FlowNode.Body body = body(name);
        require(parameters.length == body.parameters(), "body " + name, parameters.length + " parameters",
                body.parameters());
        Value[] all = new Value[parameters.length + body.outside().length];
        System.arraycopy(parameters, 0, all, 0, parameters.length);
        for (int i = 0; i < body.outside().length; i++) {
            all[parameters.length + i] = inputs[body.outside()[i]];
        }
        return body.program().run(all, session.inside());
    }

    /** Checks an attribute, a body or the whole node; the description is only built on failure. */
    void require(boolean fits, String what, Object expected, Object actual) {
        if (!fits) {
            throw new OperandException(what(what), expected, actual);
        }
    }

    /** Checks an input; the description is only built on failure. */
    void check(boolean fits, int input, String expected) {
        if (!fits) {
            throw new OperandException(operand(input), expected, has(input) ? inputs[input] : "none");
        }
    }

    /** Returns an axis counted from the start, for a tensor of the given rank. */
    int axis(long axis, int rank) {
        require(axis >= -rank && axis < rank, "axis", "-" + rank + " to " + (rank - 1), axis);
        return (int) (axis < 0 ? axis + rank : axis);
    }

    UnsupportedOperatorException unsupported(String reason) {
        return new UnsupportedOperatorException(node, opset, reason);
    }

    private String operand(int input) {
        return what("input " + input + (input < node.inputs().size() ? " '" + node.inputs().get(input) + "'" : ""));
    }

    private String what(String part) {
        return "node " + node.name() + " (" + node.operator() + ") " + part;
    }
}
