package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.measure.Figures;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Row;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What the commands have in common that measure the steps of a suite once, in this JVM, for a quick look. */
abstract class StepsCommand extends Subcommand {
    @Option(names = "--backends", paramLabel = "NAME", split = ",", defaultValue = "auto,native,vector,onednn",
            description = "auto, onednn, native, vector, scalar; auto,native,vector,onednn by default. For networks also onnxruntime.")
    private List<String> backends;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "0.3",
            description = "How long to time each contender, in turns; 0.3 by default.")
    private double seconds;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    /** Returns the suite. */
    abstract Suite suite();

    /** Returns a plan of what the options ask for, for this suite. */
    abstract Plan plan(List<String> contenders, double seconds);

    /** Returns the names that {@code --backends} takes. */
    List<String> contenders() {
        return Own.names();
    }

    @Override
    public final Integer call() {
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        for (String name : backends) {
            if (!contenders().contains(name)) {
                throw wrongUsage("--backends: expected " + String.join(", ", contenders()) + ", got '" + name + "'");
            }
        }
        List<Suite.Step> steps = suite().steps(plan(backends.stream().distinct().toList(), seconds));
        List<Row> rows = new ArrayList<>();
        try (WorkFolder work = WorkFolder.temporary();
                Progress progress = progress("bench " + suite().name(), steps.size())) {
            SuiteTools tools = new SuiteTools(BenchLibrary.find("bench " + suite().name()), work.path());
            for (Suite.Step step : steps) {
                rows.addAll(step.measure(tools));
                progress.step(step.name());
            }
        }
        if (json) {
            printJson(rows.stream().map(StepsCommand::figures).toList());
        } else {
            print(table(rows));
            rows.forEach(row -> row.reason().ifPresent(reason ->
                    out().println(row.workload().name() + ", " + row.contender().id() + ": " + reason)));
        }
        List<Row> wrong = rows.stream().filter(row -> row.status() == Row.Status.WRONG).toList();
        if (!wrong.isEmpty()) {
            throw new TersorException(wrong.stream().map(row -> row.key() + ": " + row.reason().orElseThrow())
                    .collect(Collectors.joining("; ")));
        }
        return 0;
    }

    private static Map<String, Object> figures(Row row) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("workload", row.workload().name());
        figures.put("backend", row.contender().name());
        figures.put("types", row.contender().types());
        figures.put("threads", row.contender().threads());
        figures.put("status", row.status().name());
        row.reason().ifPresent(reason -> figures.put("reason", reason));
        row.kernel().ifPresent(kernel -> figures.put("kernel", kernel));
        row.micros().ifPresent(micros -> figures.put("medianMicros", micros.value()));
        Map<String, Object> speeds = new LinkedHashMap<>();
        row.speeds().forEach((other, speed) -> speeds.put(other, speed.value()));
        figures.put("speeds", speeds);
        figures.putAll(row.details());
        return figures;
    }

    private static Table table(List<Row> rows) {
        Table table = new Table("workload", "backend", "types", "median", "kernel");
        rows.forEach(row -> table.row(row.workload().name(), row.contender().name(), row.contender().types(),
                row.micros().map(Estimate::value).map(Figures::time).orElse("-"), row.kernel().orElse("-")));
        return table;
    }
}
