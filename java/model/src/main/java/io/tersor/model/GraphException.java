package io.tersor.model;

import io.tersor.TersorException;

/** A graph that contradicts itself: a name used twice, an input that nothing defines, a cycle. Names node and value. */
public class GraphException extends TersorException {
    private static final long serialVersionUID = 1L;

    /** @param message one line that names the node and the value */
    public GraphException(String message) {
        super(message);
    }
}
