package io.tersor.model.ops;

import io.tersor.TersorException;

/** The elements of an input decide about shapes or constants, and are not known yet. */
public final class ValueUnknownException extends TersorException {
    private static final long serialVersionUID = 1L;

    /** @param value the input's name */
    public ValueUnknownException(String value) {
        super("value " + value + " must be known before the network can be prepared for its shapes");
    }
}
