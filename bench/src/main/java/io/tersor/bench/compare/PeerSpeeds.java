package io.tersor.bench.compare;

import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Speeds of own contenders over others, of as many threads: over those of the same types, or over all where none has
 * these.
 */
final class PeerSpeeds {
    private PeerSpeeds() {}

    /** Returns the figures by {@code ROW over PEER}, in the order of the rows. */
    static Map<String, Figure> of(Results results) {
        Map<String, List<Row>> workloads = new LinkedHashMap<>();
        results.rows().forEach(row -> workloads.computeIfAbsent(row.workload().suite() + " / "
                + row.workload().name(), _ -> new ArrayList<>()).add(row));
        Map<String, Figure> figures = new LinkedHashMap<>();
        workloads.values().forEach(rows -> rows.stream().filter(row -> row.contender().own())
                .forEach(row -> peers(row, rows).forEach(peer -> figures.put(
                        row.key() + " over " + peer.contender().id(), figure(row, peer)))));
        return figures;
    }

    private static List<Row> peers(Row row, List<Row> rows) {
        ContenderName own = row.contender();
        List<Row> all = rows.stream().filter(peer -> !peer.contender().own()
                && peer.contender().threads() == own.threads()).toList();
        List<Row> same = all.stream().filter(peer -> peer.contender().types().equals(own.types())).toList();
        return same.isEmpty() ? all : same;
    }

    private static Figure figure(Row row, Row peer) {
        return Optional.ofNullable(row.speeds().get(peer.contender().id())).map(speed -> Figure.of(true, speed))
                .orElseGet(() -> row.status() != Row.Status.MEASURED ? without(row)
                        : peer.status() != Row.Status.MEASURED ? without(peer)
                        : Figure.without(true, Row.Status.UNSUPPORTED, "not beside each other in every JVM"));
    }

    private static Figure without(Row row) {
        return Figure.without(true, row.status(), row.contender().id() + ": " + row.reason().orElse("not measured"));
    }
}
