package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.measure.Figures;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import io.tersor.ffm.Isa;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/**
 * What the commands that time products have in common: types, backends, limits of the machine, reports.
 *
 * @param <S> the shapes
 */
public abstract class ProductCommand<S extends ProductShape> extends Subcommand {
    private static final String AUTO = ProductBenchmark.AUTO;

    @Option(names = "--types", paramLabel = "T", split = ",", defaultValue = "u8s8u8,f32",
            description = "Types of src, weights and dst: u8s8u8, s8s8s8, u8s8f32, u8s8s32, f32, bf16bf16f32, "
                    + "bf16bf16bf16, f32s8f32; u8s8u8,f32 by default.")
    private List<String> types;

    @Option(names = "--backends", paramLabel = "NAME", split = ",", defaultValue = AUTO,
            description = "auto, onednn, native, vector, scalar; the first is what the others are compared with.")
    private List<String> backends;

    @Option(names = "--peer", paramLabel = "NAME", description = "onednn-c: oneDNN called from C.")
    private String peer;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Threads, 1 by default.")
    private int threads;

    @Option(names = "--isa", paramLabel = "CAP", description = "Caps the instruction set of all backends and the peer: "
            + "baseline, avx2, avx2_vnni, avx512_vnni, avx512_bf16, amx.")
    private String isa;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "0.3",
            description = "How long to time each backend on each shape, 0.3 by default.")
    private double seconds;

    @Option(names = "--cold", description = "Take turns in copies of the weights that exceed the last-level cache.")
    private boolean cold;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--output", paramLabel = "FILE", description = "Also write the JSON to a file.")
    private Optional<Path> output = Optional.empty();

    /** Returns the name of the operation: that of the command. */
    protected abstract String operation();

    /** Returns the shapes to measure. */
    protected abstract List<S> shapes();

    /** Returns the workload of a shape. */
    protected abstract ProductWorkload workload(S shape, ProductTypes kind);

    /** Prints what there is behind the tables of all shapes. */
    protected void printTotals(List<ProductRow> rows) {}

    @Override
    public final Integer call() {
        if (threads < 1) {
            throw wrongUsage("--threads: expected at least 1, got " + threads);
        }
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        if (peer != null && !peer.equals(ProductWorkload.ONEDNN_PEER)) {
            throw wrongUsage("--peer: expected " + ProductWorkload.ONEDNN_PEER + ", got '" + peer + "'");
        }
        List<S> shapes = shapes();
        List<ProductTypes> kinds = types.stream().map(ProductTypes::of).distinct().toList();
        List<Optional<Backend>> chosen = backends.stream().map(this::backend).distinct().toList();
        output.ifPresent(this::checkOutput);
        capIsa();
        try (Parallelism parallelism = Parallelism.of(threads)) {
            ProductBenchmark benchmark = new ProductBenchmark(
                    new ProductBenchmark.Settings(operation(), chosen, peer != null, parallelism, seconds, cold),
                    BenchLibrary.find("bench " + operation()
                            + (peer != null ? " without " + ProductWorkload.ONEDNN_PEER + " and" : "")));
            List<ProductRow> rows = new ArrayList<>();
            try (Progress progress = progress("bench " + operation(), (long) shapes.size() * kinds.size())) {
                for (ProductTypes kind : kinds) {
                    for (S shape : shapes) {
                        try (ProductWorkload workload = workload(shape, kind)) {
                            rows.addAll(benchmark.measure(workload));
                        }
                        progress.step(shape + " " + kind.label());
                    }
                }
            }
            report(benchmark, rows);
        }
        return 0;
    }

    private Optional<Backend> backend(String label) {
        if (label.equals(AUTO)) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(Backend.values()).filter(backend -> backend.label().equals(label)).findFirst()
                .orElseThrow(() -> wrongUsage("--backends: expected " + AUTO + ", " + Arrays.stream(Backend.values())
                        .map(Backend::label).collect(Collectors.joining(", ")) + ", got '" + label + "'")));
    }

    /** Sets the property before a backend is loaded. */
    private void capIsa() {
        if (isa != null) {
            System.setProperty(Isa.PROPERTY, isa);
            IsaCap.check(Isa.cap().orElseThrow());
        }
    }

    private void report(ProductBenchmark benchmark, List<ProductRow> rows) {
        if (rows.isEmpty()) {
            throw new TersorException("none of the backends runs any of the types; --verbose says why");
        }
        List<Map<String, Object>> figures = rows.stream().map(row -> row.toJson(benchmark.limits())).toList();
        output.ifPresent(file -> writeJson(file, figures));
        if (json) {
            printJson(figures);
            return;
        }
        benchmark.limits().ifPresent(this::print);
        print(table(rows, benchmark.limits()));
        if (!benchmark.comparison().ratios().isEmpty()) {
            out().println();
            print(summary(benchmark.comparison()));
        }
        printTotals(rows);
    }

    private void print(MachineLimits limits) {
        Table table = new Table("limit of one core", "TOPS");
        limits.rates().entrySet().stream().sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .forEach(rate -> table.row(rate.getKey(), String.format(Locale.ROOT, "%.3f", rate.getValue() * 1e-12)));
        print(table);
        out().println();
    }

    private static Table table(List<ProductRow> rows, Optional<MachineLimits> limits) {
        Table table = new Table("shape", "types", "backend", "median", "least", "TOPS", "of peak", "of bandwidth",
                "to first", "kernel");
        for (ProductRow row : rows) {
            table.row(row.shape(), row.types().label(), row.contender(), Figures.time(row.timing().medianMicros()),
                    Figures.time(row.timing().minMicros()),
                    Figures.tops(row.shape().operations(), row.timing().medianMicros()),
                    percent(row.shareOfPeak(limits)), percent(row.shareOfBandwidth()), speed(row.speedOverFirst()),
                    row.kernel());
        }
        return table;
    }

    private static Table summary(Comparison comparison) {
        Table table = new Table("types", "backend", "as fast as", "geometric mean", "least", "shape", "shapes");
        comparison.ratios().forEach((pair, ratios) -> {
            Comparison.Ratio least = Comparison.least(ratios);
            table.row(pair.types().label(), pair.contender(), pair.other(), speed(Comparison.geometricMean(ratios)),
                    speed(least.speed()), least.shape(), ratios.size());
        });
        return table;
    }

    private static String percent(OptionalDouble share) {
        return share.isEmpty() ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 * share.getAsDouble());
    }

    /** Returns a ratio as tables show it. */
    protected static String speed(double ratio) {
        return String.format(Locale.ROOT, "%.3f x", ratio);
    }
}
