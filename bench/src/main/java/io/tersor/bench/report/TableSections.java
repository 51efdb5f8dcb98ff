package io.tersor.bench.report;

import io.tersor.bench.measure.Figures;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The sections that have tables only. */
final class TableSections {
    private TableSections() {}

    /** Returns calls and preparation: times of so different things that no chart helps. */
    static Section costs(Results results) {
        List<PageTable> tables = new ArrayList<>();
        costs(results, Group.CALLS, "Cost of a call", tables);
        costs(results, Group.PREPARATION, "Time before the first run", tables);
        return Section.ofTables("costs", "Calls and preparation", List.of("What a call costs besides its work, and how "
                + "long it takes from the weights or the file to a kernel or network that can run."), tables);
    }

    private static void costs(Results results, String suite, String caption, List<PageTable> tables) {
        PageTable.Builder table = PageTable.of(caption, "what", "contender", "types", "#threads", "#time",
                "#95 % interval");
        results.rows().stream().filter(row -> row.workload().suite().equals(suite)).forEach(row ->
                row.micros().ifPresent(micros -> table.row(row.workload().name(), Phrases.name(row.contender()),
                        row.contender().types(), row.contender().threads(), Figures.time(micros.value()),
                        Phrases.timeInterval(micros))));
        if (!table.isEmpty()) {
            tables.add(table.build());
        }
    }

    /** Returns what the machine can do at most: of each limit one core, and the most threads. */
    static Section limits(Results results) {
        Map<String, List<Limit>> byName = new LinkedHashMap<>();
        results.limits().forEach(limit -> byName.computeIfAbsent(limit.name(), _ -> new ArrayList<>()).add(limit));
        PageTable.Builder table = PageTable.of("Limits of this machine, the highest of all JVMs", "limit",
                "#one core", "#all cores", "what it is");
        byName.forEach((name, limits) -> table.row(name, rate(limits, 1), rate(limits, results.machine().cores()),
                name.equals(Limit.READ) ? "plain reads of a buffer larger than the last-level cache"
                        : "arithmetic on registers alone"));
        return Section.ofTables("limits", "What the machine can do", List.of("Measured in the same run; shares of a "
                + "limit are of that with as many threads."), table.isEmpty() ? List.of() : List.of(table.build()));
    }

    private static String rate(List<Limit> limits, int threads) {
        return limits.stream().filter(limit -> limit.threads() == threads).map(Phrases::rate).findFirst().orElse("-");
    }

    /** Returns the rows of a status with their reasons. */
    static PageTable refused(List<Row> rows, String caption) {
        PageTable.Builder table = PageTable.of(caption, "workload", "suite", "contender", "types", "#threads",
                "~reason");
        rows.forEach(row -> table.row(row.workload().name(), row.workload().suite(), row.contender().name(),
                row.contender().types(), row.contender().threads(), row.reason().orElse("-")));
        return table.build();
    }

    /** Returns what did not run here. */
    static Section unsupported(Findings findings) {
        List<Row> rows = findings.rows(Row.Status.UNSUPPORTED);
        return Section.ofTables("unsupported", "What did not run", List.of("Not on this machine, or not at all; the "
                + "reasons are those of the contenders."),
                rows.isEmpty() ? List.of() : List.of(refused(rows, "Contenders that do not run a workload")));
    }

    /** Returns how to read the page. */
    static Section reading() {
        PageTable terms = PageTable.of("Terms", "term", "~meaning")
                .row("time", "of one run: the median of many runs in one JVM, then the geometric mean over the JVMs")
                .row("95 % interval", "where the mean of many such JVMs lies with a confidence of 95 %, by Student's t "
                        + "distribution of the logarithms. It tells how JVMs differ (compiled code, places in memory, "
                        + "the load of the machine), not how days or machines do")
                .row("speed over another", "contenders of one workload take turns on the same inputs, so that what "
                        + "slows the machine for a while slows both; of each JVM the median over the rounds of time "
                        + "of the other by own time. It may differ a little from the ratio of the two times. 2 x "
                        + "means half the time")
                .row("geometric mean", "each workload counts once. Of each JVM the mean over the workloads, and of "
                        + "these the interval")
                .row("no difference", "an interval that includes 1 shows none")
                .row("verified", "every result is compared with a reference before it is timed; a wrong one is "
                        + "refused and not timed")
                .row("share of the limit", "operations (or bytes read) per second by what the machine can do at most "
                        + "with as many threads")
                .row("cold", "weights are rotated through more memory than the last-level cache holds")
                .row("contender", "auto is what the library chooses by itself; native, vector, scalar are its own "
                        + "backends, with a sparse format behind a slash; others are peers").build();
        return Section.ofTables("reading", "How to read this", List.of("Trust ratios before times: "
                + "ratios were measured in turns."), List.of(terms));
    }

    /** Returns all rows, in a table for each suite. */
    static Section rows(Results results) {
        Map<String, List<Row>> bySuite = new LinkedHashMap<>();
        results.rows().forEach(row -> bySuite.computeIfAbsent(row.workload().suite(), _ -> new ArrayList<>())
                .add(row));
        List<PageTable> tables = new ArrayList<>();
        bySuite.forEach((suite, rows) -> {
            PageTable.Builder table = PageTable.of("All rows of " + suite + " (" + rows.size() + ")", "workload",
                    "contender", "types", "#threads", "#time", "#95 % interval", "#TOPS", "limit", "#share of it",
                    "instruction set", "kernel");
            rows.forEach(row -> table.row(row.workload().name(), row.contender().name(), row.contender().types(),
                    row.contender().threads(), row.micros().map(micros -> Figures.time(micros.value()))
                            .orElse(row.status().name()),
                    row.micros().filter(micros -> micros.forks().size() >= Estimate.MIN_FORKS)
                            .map(Phrases::timeInterval).orElse("-"),
                    row.tops().map(Phrases::number).orElse("-"), row.limit().map(Row.Share::name).orElse("-"),
                    row.limit().map(share -> Phrases.percent(share.share())).orElse("-"), row.isa().orElse("-"),
                    row.kernel().orElse("-")));
            tables.add(table.folded());
        });
        return Section.ofTables("rows", "All rows", List.of(), tables);
    }
}
