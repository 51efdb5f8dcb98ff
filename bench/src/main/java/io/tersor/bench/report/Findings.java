package io.tersor.bench.report;

import io.tersor.bench.report.Speedups.Ratio;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** What rows say about each other. Immutable. */
final class Findings {
    /** Of ours on one workload, the one that people get who choose nothing comes first. */
    private static final List<String> PREFERRED = List.of("auto", "native", "vector", "scalar");

    private final Results results;
    private final Map<Pair, Speedups> speedups = new LinkedHashMap<>();

    Findings(Results results) {
        this.results = results;
        Map<String, ContenderName> names = new LinkedHashMap<>();
        results.rows().forEach(row -> names.put(row.contender().id(), row.contender()));
        Map<Pair, List<Ratio>> ratios = new LinkedHashMap<>();
        for (Row row : results.rows()) {
            row.speeds().forEach((other, speed) -> {
                // A contender that never had a row of its own cannot be told apart from a wrong name.
                if (row.contender().own() && names.containsKey(other)) {
                    ratios.computeIfAbsent(new Pair(Group.of(row.workload()), row.contender(), names.get(other)),
                            _ -> new ArrayList<>()).add(new Ratio(row.workload(), speed));
                }
            });
        }
        ratios.forEach((pair, some) -> speedups.put(pair, new Speedups(some)));
    }

    Results results() {
        return results;
    }

    /** Returns the ratios of all pairs of a kind, in the order of the rows. */
    Map<Pair, Speedups> where(Predicate<Pair> kind) {
        Map<Pair, Speedups> some = new LinkedHashMap<>();
        speedups.forEach((pair, ratios) -> {
            if (kind.test(pair)) {
                some.put(pair, ratios);
            }
        });
        return some;
    }

    /** Returns the first pair of a kind with the preferred contender on the fewest threads, and its ratios. */
    Optional<Map.Entry<Pair, Speedups>> ours(Group group, Predicate<Pair> kind) {
        Predicate<Pair> preferred = pair -> pair.group().equals(group) && isPreferred(pair);
        return where(kind.and(preferred)).entrySet().stream().findFirst();
    }

    /** Returns whether the pair is of that contender of ours that stands for this library in its group. */
    boolean isPreferred(Pair pair) {
        return preferred(pair.group()).equals(Optional.of(pair.own().name()))
                && pair.own().threads() == fewestThreads(pair.group());
    }

    /** Returns the name of that contender of ours that stands for this library in a group. */
    Optional<String> preferred(Group group) {
        return PREFERRED.stream().filter(name -> results.rows().stream().anyMatch(row -> row.contender().own()
                && row.contender().name().equals(name) && Group.of(row.workload()).equals(group))).findFirst();
    }

    /** Returns the fewest threads of the rows of a group. */
    int fewestThreads(Group group) {
        return results.rows().stream().filter(row -> Group.of(row.workload()).equals(group))
                .mapToInt(row -> row.contender().threads()).min().orElse(1);
    }

    /** Returns all groups, in the order of the rows. */
    Set<Group> groups() {
        Set<Group> groups = new LinkedHashSet<>();
        results.rows().forEach(row -> groups.add(Group.of(row.workload())));
        return groups;
    }

    /** Returns the rows of a status. */
    List<Row> rows(Row.Status status) {
        return results.rows().stream().filter(row -> row.status() == status).toList();
    }
}
