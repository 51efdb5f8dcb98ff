package io.tersor.bench;

import io.tersor.bench.NetworkWorkload.StepTiming;
import io.tersor.bench.networks.ResNet50;
import io.tersor.cli.ExecutionOptions;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.StepInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench model}: the time of whole networks. */
@Command(name = "model", mixinStandardHelpOptions = true,
        description = "Times a network on random inputs: median and spread of one run after warm-up.")
public final class BenchModelCommand extends Subcommand {
    private static final String RESNET50 = "resnet50";
    private static final long SEED = 50;
    private static final int MIN_RUNS = 10;
    private static final int PROFILED_RUNS = 11;

    @Parameters(paramLabel = "MODEL", description = "An ONNX file, or resnet50 for one with random weights.")
    private String model;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1",
            description = "Images in one run, where the network leaves it open; 1 by default.")
    private int batch;

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "3",
            description = "How long to time; half as long to warm up; 3 by default.")
    private double seconds;

    @Option(names = "--profile", description = "Also show the time of each step.")
    private boolean profile;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (batch < 1) {
            throw wrongUsage("--batch: expected at least 1, got " + batch);
        }
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        Graph graph = model.equals(RESNET50) ? ResNet50.build(SEED) : Graph.load(Path.of(model));
        NetworkOptions options = execution.networkOptions();
        try (Parallelism _ = options.parallelism();
                NetworkWorkload workload = new NetworkWorkload(graph, batch, options)) {
            Timing timing;
            List<StepTiming> steps;
            try (Progress progress = progress("bench", 2)) {
                progress.step("verifying");
                workload.verify(graph);
                progress.step("timing");
                timing = Timing.of(workload::run, seconds / 2, seconds, MIN_RUNS);
                steps = profile ? workload.profile(PROFILED_RUNS) : List.of();
            }
            if (json) {
                printJson(figures(workload, timing, steps));
            } else {
                printText(workload, timing, steps);
            }
        }
        return 0;
    }

    private Map<String, Object> figures(NetworkWorkload workload, Timing timing, List<StepTiming> steps) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("model", model);
        figures.put("batch", batch);
        figures.put("threads", execution.threads());
        figures.put("backend", execution.backend().map(backend -> backend.label()).orElse("auto"));
        figures.put("medianMicros", timing.medianMicros());
        figures.put("minMicros", timing.minMicros());
        figures.put("lowerQuartileMicros", timing.lowMicros());
        figures.put("upperQuartileMicros", timing.highMicros());
        figures.put("runs", timing.runs());
        List<Map<String, Object>> kernels = new ArrayList<>();
        if (steps.isEmpty()) {
            workload.steps().forEach(step -> kernels.add(describe(step)));
        } else {
            for (StepTiming timed : steps) {
                Map<String, Object> kernel = describe(timed.step());
                kernel.put("medianMicros", timed.medianMicros());
                kernels.add(kernel);
            }
        }
        figures.put("kernels", kernels);
        return figures;
    }

    private static Map<String, Object> describe(StepInfo step) {
        Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("node", step.node());
        kernel.put("operator", step.operator());
        kernel.put("kernel", step.kernel());
        kernel.put("output", step.type() + " " + step.shape());
        return kernel;
    }

    private void printText(NetworkWorkload workload, Timing timing, List<StepTiming> steps) {
        out().printf(Locale.ROOT, "%s, batch %d, %d thread%s: median %s, half of the runs %s to %s, fastest %s (%d runs)%n",
                model, batch, execution.threads(), execution.threads() == 1 ? "" : "s",
                Figures.time(timing.medianMicros()), Figures.time(timing.lowMicros()),
                Figures.time(timing.highMicros()), Figures.time(timing.minMicros()), timing.runs());
        if (steps.isEmpty()) {
            workload.kernels().forEach(kernel -> out().println("  " + kernel));
            out().flush();
            return;
        }
        double sum = steps.stream().mapToDouble(StepTiming::medianMicros).sum();
        Table table = new Table("step", "operator", "output", "time", "share", "kernel");
        for (StepTiming timed : steps) {
            table.row(timed.step().node(), timed.step().operator(), timed.step().type() + " " + timed.step().shape(),
                    Figures.time(timed.medianMicros()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * timed.medianMicros() / sum), timed.step().kernel());
        }
        print(table);
    }
}
