package io.tersor.bench.results;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is done.
 *
 * @param suite {@code gemm}, {@code conv}, {@code sparse}, {@code networks}, {@code calls} or {@code preparation}
 * @param name for people, {@code 128x768x768} for example; unique within the suite
 * @param parameters the same for programs, as the library names them: m, k, n, cold, format, sparsity, batch, ...
 */
public record WorkloadName(String suite, String name, Map<String, Object> parameters) {
    /** Copies the map, which keeps its order. */
    public WorkloadName {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
}
