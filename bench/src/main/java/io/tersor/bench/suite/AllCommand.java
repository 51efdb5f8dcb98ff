package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.report.Report;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Merge;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor bench all}: every suite, in several JVMs each, and a page of what came out. */
@Command(name = "all", mixinStandardHelpOptions = true,
        description = "Measures everything beside peers, in several JVMs, and writes results.json and a page.")
public final class AllCommand extends Subcommand {
    private static final String RESULTS = "results.json";
    private static final String PAGE = "report.html";

    @Option(names = "--quick", description = "The short plan: at most 10 minutes on 2 cores instead of 60.")
    private boolean quick;

    @Option(names = "--plan", paramLabel = "FILE", description = "Another plan: a JSON file as quick.json and "
            + "full.json in the sources.")
    private Optional<String> planFile = Optional.empty();

    @Option(names = "--suites", paramLabel = "NAME", split = ",", description = "Only these suites: gemm, conv, sparse, "
            + "networks, calls, preparation.")
    private List<String> suites = List.of();

    @Option(names = "--forks", paramLabel = "N", description = "JVMs for each suite instead of the plan's number.")
    private Optional<Integer> forks = Optional.empty();

    @Option(names = "--isa", paramLabel = "CAP", description = "Caps the instruction set of all backends and of oneDNN: "
            + "baseline, avx2, avx2_vnni, avx512_vnni, avx512_bf16, amx.")
    private Optional<String> isa = Optional.empty();

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "target/bench",
            description = "Where results.json and report.html go; target/bench by default.")
    private Path output;

    @Override
    public Integer call() {
        if (quick && planFile.isPresent()) {
            throw wrongUsage("expected either --quick or --plan");
        }
        String name = planFile.orElse(quick ? Plan.QUICK : Plan.FULL);
        Plan plan = Plan.of(name);
        List<Suite> chosen = (suites.isEmpty() ? Suites.names() : suites).stream().distinct().map(Suites::of)
                .filter(suite -> !suite.steps(plan).isEmpty()).toList();
        makeFolder();
        String date = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        long start = System.nanoTime();
        try (WorkFolder work = WorkFolder.temporary()) {
            Measured measured = measure(name, plan, chosen, work.path());
            SourceVersion source = SourceVersion.find();
            Results results = measured.results(new Run(date, Math.round((System.nanoTime() - start) * 1e-9), name,
                    forks.orElse(plan.forks()), source.commit(), source.modified()));
            return report(results, measured.failures);
        }
    }

    private void makeFolder() {
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw new TersorException("--output " + output + ": cannot be made: " + e, e);
        }
        checkOutput(output.resolve(RESULTS));
    }

    /** What the JVMs have told. */
    private record Measured(List<Results> limits, Map<String, List<Results>> suites, Set<String> failures) {
        private Stream<Results> all() {
            return Stream.concat(limits.stream(), suites.values().stream().flatMap(List::stream));
        }

        Results results(Run run) {
            List<Limit> highest = Merge.limits(all().flatMap(one -> one.limits().stream()).toList());
            List<Row> rows = suites.values().stream().flatMap(forks -> Merge
                    .rows(forks.stream().map(Results::rows).toList(), highest).stream()).toList();
            Map<String, String> versions = new TreeMap<>();
            all().forEach(one -> versions.putAll(one.versions()));
            Results any = all().findFirst().orElseThrow(() -> new TersorException(String.join("; ", failures)));
            return new Results(Results.SCHEMA, run, any.machine(), versions, highest, rows);
        }
    }

    /** Runs all suites once, then once more, so that what disturbs the machine for a while disturbs a part of each. */
    private Measured measure(String name, Plan plan, List<Suite> chosen, Path work) {
        int count = forks.orElse(plan.forks());
        long steps = 1 + chosen.stream().mapToLong(suite -> suite.steps(plan).size()).sum();
        Measured measured = new Measured(new ArrayList<>(), new LinkedHashMap<>(), new LinkedHashSet<>());
        Forks jvms = new Forks(name, work, isa);
        out().println("bench all: plan " + name + ", " + count + " JVMs for each suite");
        try (Progress progress = progress("bench all", count * steps)) {
            for (int fork = 1; fork <= count; fork++) {
                String which = " (" + fork + " of " + count + ")";
                fork(jvms, ForkCommand.LIMITS, which, progress, measured.failures)
                        .ifPresent(measured.limits::add);
                for (Suite suite : chosen) {
                    fork(jvms, suite.name(), which, progress, measured.failures).ifPresent(one ->
                            measured.suites.computeIfAbsent(suite.name(), _ -> new ArrayList<>()).add(one));
                }
            }
        }
        measured.suites.values().removeIf(some -> some.size() < count);
        return measured;
    }

    /** Measures a suite once more; where that fails the others go on. */
    private Optional<Results> fork(Forks jvms, String suite, String which, Progress progress, Set<String> failures) {
        long start = System.nanoTime();
        try {
            Results results = jvms.measure(suite, progress::step);
            out().println(String.format(Locale.ROOT, "  %-11s %s %4.0f s", suite, which,
                    (System.nanoTime() - start) * 1e-9));
            out().flush();
            return Optional.of(results);
        } catch (TersorException e) {
            failures.add(e.getMessage());
            return Optional.empty();
        }
    }

    private int report(Results results, Set<String> failures) {
        results.write(output.resolve(RESULTS));
        List<Row> wrong = results.rows().stream().filter(row -> row.status() == Row.Status.WRONG).toList();
        Report.write(results, output.resolve(PAGE));
        out().println(Report.summary(results));
        out().println(results.rows().size() + " rows in " + output.resolve(RESULTS) + ", the page: "
                + output.resolve(PAGE).toAbsolutePath());
        out().flush();
        wrong.forEach(row -> err().println("tersor: " + row.key() + ": " + row.reason().orElse("")));
        failures.forEach(failure -> err().println("tersor: " + failure));
        return wrong.isEmpty() && failures.isEmpty() ? 0 : 1;
    }
}
