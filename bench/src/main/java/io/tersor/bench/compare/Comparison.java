package io.tersor.bench.compare;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Two files, figure by figure.
 *
 * @param by what is compared
 * @param threshold by which part of its time a figure of B may take longer, 0.1 for a tenth
 * @param changes in the order of A, then what is new in B
 */
record Comparison(By by, double threshold, List<Change> changes) {
    /** Name of the summary of everything. */
    static final String ALL = "all";
    /** Name of the summary of what is not this library's: how fast the machine itself was, where times are compared. */
    static final String PEERS = "all others' kernels";

    /**
     * A summary of some figures.
     *
     * @param name a suite, {@link #ALL} or {@link #PEERS}
     * @param figures measured in both
     * @param agreeing of these, how many have intervals that overlap
     * @param undecided of those agreeing, how many may yet be slower by the threshold, as far as intervals tell
     * @param geometricMean of the ratios
     * @param regressions of all figures
     */
    record Summary(String name, int figures, int agreeing, int undecided, OptionalDouble geometricMean,
            int regressions) {
        /** Returns the share of figures whose intervals overlap: of two runs of the same, how repeatable they are. */
        OptionalDouble agreement() {
            return figures == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) agreeing / figures);
        }
    }

    /** @param suites what to look at, all where it is empty */
    static Comparison of(By by, double threshold, Map<String, Figure> a, Map<String, Figure> b, Set<String> suites) {
        Set<String> names = new LinkedHashSet<>(a.keySet());
        names.addAll(b.keySet());
        List<Change> changes = names.stream().flatMap(name -> Change.of(name, Optional.ofNullable(a.get(name)),
                Optional.ofNullable(b.get(name))).stream())
                .filter(change -> suites.isEmpty() || suites.contains(change.suite())).toList();
        return new Comparison(by, threshold, changes);
    }

    /**
     * Returns whether B fails in what A did, or is of our own and slower by more than the threshold and not by chance:
     * others' kernels that are slower tell of the machine.
     */
    boolean isRegression(Change change) {
        return switch (change.verdict()) {
            case SAME, FASTER, NEW -> false;
            case SLOWER -> change.own() && change.ratio().orElseThrow().value() < 1 / (1 + threshold);
            case WRONG, UNSUPPORTED, MISSING -> true;
        };
    }

    /** Returns a summary of each suite, of all, and where there are any of what is not this library's. */
    List<Summary> summaries() {
        List<Summary> summaries = new ArrayList<>();
        changes.stream().map(Change::suite).distinct()
                .forEach(suite -> summaries.add(summary(suite, change -> change.suite().equals(suite))));
        summaries.add(all());
        if (changes.stream().anyMatch(change -> !change.own())) {
            summaries.add(summary(PEERS, change -> !change.own()));
        }
        return summaries;
    }

    /** Returns the summary of everything. */
    Summary all() {
        return summary(ALL, _ -> true);
    }

    private Summary summary(String name, Predicate<Change> which) {
        List<Change> chosen = changes.stream().filter(which).toList();
        List<Change> measured = chosen.stream().filter(change -> change.ratio().isPresent()).toList();
        List<Change> agreeing = measured.stream().filter(change -> change.verdict() == Change.Verdict.SAME).toList();
        OptionalDouble mean = measured.stream().mapToDouble(change -> Math.log(change.ratio().orElseThrow().value()))
                .average();
        return new Summary(name, measured.size(), agreeing.size(),
                (int) agreeing.stream().filter(change -> change.ratio().orElseThrow().low() < 1 / (1 + threshold))
                        .count(),
                mean.isPresent() ? OptionalDouble.of(Math.exp(mean.getAsDouble())) : mean,
                (int) chosen.stream().filter(this::isRegression).count());
    }
}
