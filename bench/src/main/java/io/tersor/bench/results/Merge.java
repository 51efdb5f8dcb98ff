package io.tersor.bench.results;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Makes the results of all JVMs into one. */
public final class Merge {
    private Merge() {}

    /** Returns the highest rate of each limit. */
    public static List<Limit> limits(List<Limit> limits) {
        Map<String, Limit> highest = new LinkedHashMap<>();
        limits.forEach(limit -> highest.merge(limit.name() + " x" + limit.threads(), limit,
                (a, b) -> a.rate() >= b.rate() ? a : b));
        return List.copyOf(highest.values());
    }

    /**
     * Returns a row for each key: with estimates of what the JVMs have measured, or the first reason why one has not;
     * a wrong result in one of them makes the row wrong.
     *
     * @param forks the rows of each JVM
     * @param limits of the machine, of which rows reach a share
     * @throws io.tersor.TersorException naming the row if too few JVMs have it
     */
    public static List<Row> rows(List<List<Row>> forks, List<Limit> limits) {
        Map<String, List<Row>> byKey = new LinkedHashMap<>();
        forks.forEach(rows -> rows.forEach(row -> byKey.computeIfAbsent(row.key(), _ -> new ArrayList<>()).add(row)));
        return byKey.values().stream().map(rows -> merge(rows, limits)).toList();
    }

    private static Row merge(List<Row> rows, List<Limit> limits) {
        Optional<Row> failed = rows.stream().filter(row -> row.status() == Row.Status.WRONG).findFirst()
                .or(() -> rows.stream().filter(row -> row.status() == Row.Status.UNSUPPORTED).findFirst());
        if (failed.isPresent()) {
            return failed.get();
        }
        Row first = rows.getFirst();
        Estimate micros = estimate(first.key(), rows.stream().flatMap(row -> row.micros().stream()).toList());
        Map<String, Estimate> speeds = new LinkedHashMap<>();
        for (String other : first.speeds().keySet()) {
            List<Estimate> all = rows.stream().flatMap(row -> Optional.ofNullable(row.speeds().get(other)).stream())
                    .toList();
            // Where the other one has failed in a JVM there is nothing to compare with.
            if (all.size() == rows.size()) {
                speeds.put(other, estimate(first.key() + " over " + other, all));
            }
        }
        return new Row(first.workload(), first.contender(), first.status(), first.reason(), first.kernel(), first.isa(),
                first.operations(), first.bytes(), Optional.of(micros), speeds,
                first.limit().flatMap(share -> share(share.name(), first, micros, limits)), first.details());
    }

    private static Estimate estimate(String name, List<Estimate> singles) {
        return Estimate.of(name, singles.stream().flatMap(single -> single.forks().stream()).toList());
    }

    private static Optional<Row.Share> share(String limit, Row row, Estimate micros, List<Limit> limits) {
        OptionalDouble rate = Limit.rate(limits, limit, row.contender().threads());
        double work = limit.equals(Limit.READ) ? row.bytes() : row.operations();
        return rate.isEmpty() ? Optional.empty()
                : Optional.of(new Row.Share(limit, work / (micros.value() * 1e-6 * rate.getAsDouble())));
    }
}
