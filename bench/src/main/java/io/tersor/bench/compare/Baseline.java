package io.tersor.bench.compare;

import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Run;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is kept of a file of results to compare later ones with: speeds over peers, and no time.
 *
 * @param schema the version of the file's format: {@link Results#SCHEMA}
 * @param run when and how it was measured
 * @param machine where
 * @param speeds over peers by {@code ROW over PEER}, of each JVM, with four digits
 */
record Baseline(int schema, Run run, Machine machine, Map<String, List<Double>> speeds) {
    private static final MathContext DIGITS = new MathContext(4);

    /** Copies the map, which keeps its order. */
    Baseline {
        speeds = Collections.unmodifiableMap(new LinkedHashMap<>(speeds));
    }

    /** Returns the baseline of results; it has no speeds where no own contender was measured beside a peer. */
    static Baseline of(Results results) {
        Map<String, List<Double>> speeds = new LinkedHashMap<>();
        PeerSpeeds.of(results).forEach((name, figure) -> figure.speed().ifPresent(speed ->
                speeds.put(name, speed.forks().stream().map(Baseline::rounded).toList())));
        return new Baseline(results.schema(), results.run(), results.machine(), speeds);
    }

    private static double rounded(double figure) {
        return new BigDecimal(figure).round(DIGITS).doubleValue();
    }
}
