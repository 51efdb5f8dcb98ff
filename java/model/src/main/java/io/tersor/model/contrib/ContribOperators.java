package io.tersor.model.contrib;

import io.tersor.model.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** The operators that {@code TranslateContrib} writes in other ones. */
public final class ContribOperators {
    /** The domain of ONNX Runtime's own operators. */
    public static final String DOMAIN = "com.microsoft";

    private static final Map<String, Entry> TABLE = table();

    private record Entry(int inputs, Consumer<Expansion> body) {}

    /** Collects operators by their names, with the domain unless it is ONNX's own. */
    static final class Table {
        private final Map<String, Entry> entries = new HashMap<>();

        /** @param inputs how many of its inputs an operator cannot do without at the least */
        void add(String opType, int inputs, Consumer<Expansion> body) {
            entries.put(DOMAIN + "." + opType, new Entry(inputs, body));
        }

        /** Adds an operator that ONNX Runtime has in ONNX's own domain. */
        void addOwn(String opType, int inputs, Consumer<Expansion> body) {
            entries.put(opType, new Entry(inputs, body));
        }
    }

    private ContribOperators() {}

    private static Map<String, Entry> table() {
        Table table = new Table();
        QuantizedNodes.register(table);
        BlockNodes.register(table);
        DynamicNodes.register(table);
        NormalizationNodes.register(table);
        ActivationNodes.register(table);
        ProductNodes.register(table);
        AttentionNodes.register(table);
        GroupedAttentionNodes.register(table);
        StandardNodes.register(table);
        return Map.copyOf(table.entries);
    }

    /** Returns the names of all operators, with their domain unless it is ONNX's own. */
    public static Set<String> names() {
        return new TreeSet<>(TABLE.keySet());
    }

    /** Returns whether a node is to be written in other operators. */
    public static boolean isKnown(Node node) {
        return TABLE.containsKey(node.operator());
    }

    /** Returns how many inputs a node's operator requires, if it is one of these. */
    public static Optional<Integer> required(Node node) {
        return Optional.ofNullable(TABLE.get(node.operator())).map(Entry::inputs);
    }

    /**
     * Writes a node in other operators.
     *
     * @throws RankUnknownException if that depends on what is not known of its operands
     * @throws io.tersor.model.UnsupportedOperatorException if the variant is not implemented
     * @throws io.tersor.OperandException if an input or attribute is missing or does not fit
     */
    public static void expand(Node node, Expansion expansion) {
        Entry entry = TABLE.get(node.operator());
        expansion.check(node.inputs().size() >= entry.inputs, "inputs", "at least " + entry.inputs,
                node.inputs().size());
        entry.body.accept(expansion);
        expansion.commit();
    }
}
