package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import io.tersor.ffm.Isa;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What the commands that time products have in common: types, threads, the cap, and where the figures go. */
public abstract class TimingCommand extends Subcommand {
    @Option(names = "--types", paramLabel = "T", split = ",", defaultValue = "u8s8u8,f32",
            description = "Types of src, weights and dst: u8s8u8, s8s8s8, u8s8f32, u8s8s32, f32, bf16bf16f32, "
                    + "bf16bf16bf16, f32s8f32; u8s8u8,f32 by default.")
    private List<String> types;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1", description = "Threads, 1 by default.")
    private int threads;

    @Option(names = "--isa", paramLabel = "CAP", description = "Caps the instruction set of backends and peers: "
            + "baseline, avx2, avx2_vnni, avx512_vnni, avx512_bf16, amx.")
    private String isa;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "0.3",
            description = "How long to time each contender on each shape, 0.3 by default.")
    private double seconds;

    @Option(names = "--cold", description = "Take turns in copies of the weights that exceed the last-level cache.")
    private boolean cold;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--output", paramLabel = "FILE", description = "Also write the JSON to a file.")
    private Optional<Path> output = Optional.empty();

    /** Returns the name of the operation: that of the command. */
    protected abstract String operation();

    /** Checks the options and reads the files that they name. */
    protected abstract void prepare();

    /** Measures and reports. */
    protected abstract void measure(ProductBenchmark benchmark, List<ProductTypes> kinds);

    @Override
    public final Integer call() {
        if (threads < 1) {
            throw wrongUsage("--threads: expected at least 1, got " + threads);
        }
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        prepare();
        List<ProductTypes> kinds = types.stream().map(ProductTypes::of).distinct().toList();
        output.ifPresent(this::checkOutput);
        capIsa();
        try (Parallelism parallelism = Parallelism.of(threads)) {
            measure(new ProductBenchmark(new ProductBenchmark.Settings(operation(), parallelism, seconds, cold),
                    BenchLibrary.find("bench " + operation())), kinds);
        }
        return 0;
    }

    /** Sets the property before a backend is loaded. */
    private void capIsa() {
        if (isa != null) {
            System.setProperty(Isa.PROPERTY, isa);
            IsaCap.check(Isa.cap().orElseThrow());
        }
    }

    /** Writes the figures to the file that is asked for, and prints them or else the tables. */
    protected final void report(List<Map<String, Object>> figures, Runnable tables) {
        output.ifPresent(file -> writeJson(file, figures));
        if (json) {
            printJson(figures);
        } else {
            tables.run();
        }
    }

    /** Returns the backend of a label, empty for the fastest that can. */
    protected final Optional<Backend> backend(String option, String label) {
        if (label.equals(ProductBenchmark.AUTO)) {
            return Optional.empty();
        }
        return Optional.of(Arrays.stream(Backend.values()).filter(backend -> backend.label().equals(label)).findFirst()
                .orElseThrow(() -> wrongUsage(option + ": expected " + ProductBenchmark.AUTO + ", "
                        + Arrays.stream(Backend.values()).map(Backend::label).collect(Collectors.joining(", "))
                        + ", got '" + label + "'")));
    }

    /** Refuses the name of a peer that there is not. */
    protected final void checkPeer(String option, String name) {
        try {
            new ProductPeers(Optional.empty()).of(name);
        } catch (TersorException e) {
            throw wrongUsage(option + ": " + e.getMessage());
        }
    }

    /** Prints what one core can do at most. */
    protected final void print(MachineLimits limits) {
        Table table = new Table("limit of one core", "TOPS");
        limits.rates().entrySet().stream().sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .forEach(rate -> table.row(rate.getKey(), String.format(Locale.ROOT, "%.3f", rate.getValue() * 1e-12)));
        print(table);
        out().println();
    }

    /** Returns a share as tables show it. */
    protected static String percent(OptionalDouble share) {
        return share.isEmpty() ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 * share.getAsDouble());
    }

    /** Returns a ratio as tables show it. */
    protected static String speed(double ratio) {
        return String.format(Locale.ROOT, "%.3f x", ratio);
    }
}
