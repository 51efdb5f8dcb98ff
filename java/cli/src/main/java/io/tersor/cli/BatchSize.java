package io.tersor.cli;

import io.tersor.TersorException;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.ValueInfo;
import java.util.List;
import java.util.Optional;

/** How many images a network takes at once. */
final class BatchSize {
    private BatchSize() {}

    /**
     * Returns the batch to run: the network's own where it fixes one, otherwise the one asked for.
     *
     * @throws TersorException if the network fixes another
     */
    static int of(Graph graph, Optional<Integer> asked, int otherwise) {
        List<Dim> dims = graph.inputs().stream().findFirst().flatMap(ValueInfo::dims).orElse(List.of());
        if (!dims.isEmpty() && dims.getFirst() instanceof Dim.Known(long extent)) {
            if (asked.isPresent() && asked.get() != extent) {
                throw new TersorException("--batch: expected " + extent + ", the network's own, got " + asked.get());
            }
            return Math.toIntExact(extent);
        }
        return asked.orElse(otherwise);
    }
}
