package io.tersor.model.flow;

import io.tersor.model.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** All operators of control flow, sequences and optionals, by name. */
public final class FlowOperators {
    private static final Map<String, FlowOperator> TABLE = table();

    private FlowOperators() {}

    private static Map<String, FlowOperator> table() {
        Map<String, FlowOperator> table = new HashMap<>();
        BranchOps.register(table);
        LoopOp.register(table);
        ScanOp.register(table);
        SequenceOps.register(table);
        return Map.copyOf(table);
    }

    /** Returns the implementation of a node's operator, if it is one of these. */
    static Optional<FlowOperator> find(Node node) {
        return node.domain().isEmpty() ? Optional.ofNullable(TABLE.get(node.opType())) : Optional.empty();
    }

    /** Returns the names of all operators. */
    public static Set<String> names() {
        return new TreeSet<>(TABLE.keySet());
    }
}
