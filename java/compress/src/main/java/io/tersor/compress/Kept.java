package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Which products are left as they are: networks lose most of their accuracy at their ends. */
public enum Kept {
    /** Those that no other product comes before, and those that none comes behind. */
    ENDS(true, true),
    /** Those that no other product comes before. */
    FIRST(true, false),
    /** Those that no other product comes behind. */
    LAST(false, true),
    /** None. */
    NONE(false, false);

    private final boolean first;
    private final boolean last;

    Kept(boolean first, boolean last) {
        this.first = first;
        this.last = last;
    }

    static Kept parse(String text) {
        for (Kept kept : values()) {
            if (kept.toString().equals(text)) {
                return kept;
            }
        }
        throw new CompressException("keep: expected first+last, first, last or none, got '" + text + "'");
    }

    /** Returns the names of the products that are left as they are. */
    Set<String> nodes(Graph graph) {
        Set<String> kept = new LinkedHashSet<>();
        Set<String> behind = new HashSet<>();
        for (Node node : graph.nodes()) {
            boolean product = WeightLayer.of(graph, node).isPresent();
            boolean after = node.inputs().stream().anyMatch(behind::contains);
            if (product && !after && first) {
                kept.add(node.name());
            }
            if (product || after) {
                behind.addAll(node.outputs());
            }
        }
        Set<String> before = new HashSet<>();
        for (Node node : graph.nodes().reversed()) {
            boolean product = WeightLayer.of(graph, node).isPresent();
            List<String> outputs = node.outputs();
            boolean leads = outputs.stream().anyMatch(before::contains);
            if (product && !leads && last) {
                kept.add(node.name());
            }
            if (product || leads) {
                before.addAll(node.inputs());
            }
        }
        kept.remove("");
        return kept;
    }

    /** Returns the name in a recipe. */
    @Override
    public String toString() {
        return this == ENDS ? "first+last" : name().toLowerCase(Locale.ROOT);
    }
}
