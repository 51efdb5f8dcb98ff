package io.tersor.bench.suite;

import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import io.tersor.cli.Subcommand;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code tersor bench fork}: measures one suite, in a JVM of its own, for {@code bench all}. Tells each step that is
 * done in a line of standard output.
 */
@Command(name = "fork", hidden = true, description = "Measures one suite of a plan in this JVM, for bench all.")
public final class ForkCommand extends Subcommand {
    /** Starts a line of standard output; the name of what was measured follows. */
    static final String DONE = "done ";
    /** In place of a suite: the limits of the machine. */
    static final String LIMITS = "limits";

    @Option(names = "--plan", required = true)
    private String plan;

    @Option(names = "--suite", required = true)
    private String suite;

    @Option(names = "--work", required = true)
    private Path work;

    @Option(names = "--output", required = true)
    private Path output;

    @Override
    public Integer call() {
        long start = System.nanoTime();
        String date = Instant.now().toString();
        Optional<BenchLibrary> library = BenchLibrary.find("bench all");
        Plan whole = Plan.of(plan);
        List<Limit> limits = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        SuiteTools tools = new SuiteTools(library, work);
        if (suite.equals(LIMITS)) {
            library.map(LimitsMeasurement::new).ifPresent(some -> limits.addAll(some.measure(whole.allThreads())));
            done(LIMITS);
        } else {
            for (Suite.Step step : Suites.of(suite).steps(whole)) {
                rows.addAll(step.measure(tools));
                done(step.name());
            }
        }
        long cacheBytes = library.map(BenchLibrary::cacheBytes).orElse(OptionalLong.empty()).orElse(0);
        Run run = new Run(date, (System.nanoTime() - start) * 1e-9, plan, 1, Optional.empty(), false);
        new Results(Results.SCHEMA, run, Machine.detect(cacheBytes), versions(tools), limits, rows).write(output);
        return 0;
    }

    private void done(String step) {
        out().println(DONE + step);
        out().flush();
    }

    private Map<String, String> versions(SuiteTools tools) {
        Map<String, String> versions = new TreeMap<>(tools.peers().versions());
        versions.put("tersor", version());
        for (BackendStatus status : KernelRegistry.standard().statuses()) {
            if (status instanceof BackendStatus.Available available) {
                versions.put(status.backend().label(), available.version());
            }
        }
        return versions;
    }
}
