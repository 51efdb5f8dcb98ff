package io.tersor.model.contrib;

import io.tersor.TersorException;
import io.tersor.model.Node;

/** What a node becomes depends on the rank or an extent of an operand that is not known yet. */
public final class RankUnknownException extends TersorException {
    private static final long serialVersionUID = 1L;

    RankUnknownException(Node node, int input, String what) {
        super("node " + node.name() + " (" + node.operator() + ") input " + input + ": " + what
                + " is not known before the run");
    }
}
