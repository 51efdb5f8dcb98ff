package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import java.util.Map;
import java.util.Optional;

/** The types of a graph's values, inferred when a pass first asks: many graphs have nothing that it looks for. */
final class Types {
    private final Graph graph;
    private Optional<Map<String, ValueInfo>> inferred = Optional.empty();

    Types(Graph graph) {
        this.graph = graph;
    }

    Map<String, ValueInfo> all() {
        if (inferred.isEmpty()) {
            inferred = Optional.of(TypeInference.infer(graph));
        }
        return inferred.get();
    }

    /** Returns what is known of a value. */
    Optional<ValueInfo> of(String value) {
        return Optional.ofNullable(all().get(value));
    }
}
