package io.tersor.model;

import io.tersor.TersorException;

/** A model needs an operator, a variant of one, or an element type that is not implemented. Names it. */
public final class UnsupportedOperatorException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final String operator;

    /**
     * @param node the node that needs the operator
     * @param opset the version of the operator's domain that the model imports
     * @param reason what is missing
     */
    public UnsupportedOperatorException(Node node, int opset, String reason) {
        super("node " + node.name() + ": " + node.operator() + " (opset " + opset + "): " + reason);
        this.operator = node.operator();
    }

    /**
     * @param what the thing that is not implemented, such as {@code element type FLOAT8E4M3FN}
     * @param where what needs it
     */
    public UnsupportedOperatorException(String what, String where) {
        super(where + ": " + what + " is not supported");
        this.operator = what;
    }

    /** Returns the operator, as {@code domain.OpType} or {@code OpType}, or the type that is missing. */
    public String operator() {
        return operator;
    }
}
