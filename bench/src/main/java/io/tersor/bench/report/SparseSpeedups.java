package io.tersor.bench.report;

import io.tersor.bench.report.Speedups.Ratio;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Row;
import io.tersor.bench.sparse.Crossover;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * How many times as fast products with weights of one sparse format are as the fastest dense contender on the same
 * weights, over those shapes that were measured at every sparsity.
 *
 * @param contender of the sparse products
 * @param bySparsity by the share of weights that are zero
 */
record SparseSpeedups(ContenderName contender, NavigableMap<Double, Speedups> bySparsity) {
    private static final String SPARSITY = "sparsity";

    /** Returns those of each sparse contender, in the order of the rows. */
    static List<SparseSpeedups> of(List<Row> rows) {
        Map<String, ContenderName> dense = new LinkedHashMap<>();
        rows.stream().map(Row::contender).filter(contender -> !isSparse(contender))
                .forEach(contender -> dense.put(contender.id(), contender));
        Map<ContenderName, List<Row>> bySparse = new LinkedHashMap<>();
        rows.stream().filter(row -> row.workload().suite().equals(Group.SPARSE) && isSparse(row.contender())
                && sparsity(row).isPresent() && overFastest(row, dense).isPresent())
                .forEach(row -> bySparse.computeIfAbsent(row.contender(), _ -> new ArrayList<>()).add(row));
        List<SparseSpeedups> all = new ArrayList<>();
        bySparse.forEach((contender, some) -> all.add(of(contender, some, dense)));
        return all;
    }

    private static SparseSpeedups of(ContenderName contender, List<Row> rows, Map<String, ContenderName> dense) {
        long sparsities = rows.stream().map(SparseSpeedups::sparsity).distinct().count();
        Map<Map<String, Object>, List<Row>> byShape = new LinkedHashMap<>();
        rows.forEach(row -> byShape.computeIfAbsent(shape(row), _ -> new ArrayList<>()).add(row));
        TreeMap<Double, List<Ratio>> ratios = new TreeMap<>();
        byShape.values().stream().filter(some -> some.size() == sparsities).flatMap(List::stream)
                .forEach(row -> ratios.computeIfAbsent(sparsity(row).orElseThrow(), _ -> new ArrayList<>())
                        .add(new Ratio(row.workload(), overFastest(row, dense).orElseThrow())));
        TreeMap<Double, Speedups> bySparsity = new TreeMap<>();
        ratios.forEach((sparsity, some) -> bySparsity.put(sparsity, new Speedups(some)));
        return new SparseSpeedups(contender, bySparsity);
    }

    private static boolean isSparse(ContenderName contender) {
        return contender.name().contains("/");
    }

    private static Optional<Double> sparsity(Row row) {
        return row.workload().parameters().get(SPARSITY) instanceof Number sparsity
                ? Optional.of(sparsity.doubleValue()) : Optional.empty();
    }

    /** Returns what the product is but for its zeros: the other parameters. */
    private static Map<String, Object> shape(Row row) {
        Map<String, Object> shape = new LinkedHashMap<>(row.workload().parameters());
        shape.keySet().removeAll(List.of("format", SPARSITY));
        return shape;
    }

    /** The fastest of the others is the one over which the speed is least. */
    private static Optional<Estimate> overFastest(Row row, Map<String, ContenderName> dense) {
        return row.speeds().entrySet().stream().filter(speed -> Optional.ofNullable(dense.get(speed.getKey()))
                .filter(other -> other.types().equals(row.contender().types())
                        && other.threads() == row.contender().threads()).isPresent())
                .map(Map.Entry::getValue).min(Comparator.comparingDouble(Estimate::value));
    }

    /** Returns the name of the format. */
    String format() {
        return contender.name().substring(contender.name().indexOf('/') + 1);
    }

    /** Returns the geometric means by sparsity. */
    NavigableMap<Double, Double> means() {
        TreeMap<Double, Double> means = new TreeMap<>();
        bySparsity.forEach((sparsity, speedups) -> means.put(sparsity, speedups.mean().value()));
        return means;
    }

    /** Returns from which share of zeros on it is faster than dense. */
    OptionalDouble crossover() {
        return Crossover.of(means());
    }

    /** Returns what the curve shows, in words. */
    String finding() {
        if (bySparsity.size() == 1) {
            return format() + " is " + Phrases.ratio(bySparsity.firstEntry().getValue().mean().value())
                    + " as fast as dense at " + Phrases.percent(bySparsity.firstKey()) + " zeros";
        }
        OptionalDouble crossover = crossover();
        if (crossover.isEmpty()) {
            return format() + " is not faster than dense";
        }
        if (means().firstEntry().getValue() >= 1) {
            return format() + " is faster than dense wherever it was measured, from "
                    + Phrases.percent(bySparsity.firstKey()) + " zeros on";
        }
        return format() + " is faster than dense from " + Phrases.percent(crossover.getAsDouble()) + " zeros on";
    }
}
