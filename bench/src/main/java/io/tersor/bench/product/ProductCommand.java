package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.measure.Figures;
import io.tersor.cli.Progress;
import io.tersor.cli.Table;
import io.tersor.kernel.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** What the commands that compare backends on products have in common. */
public abstract class ProductCommand extends TimingCommand {
    @Option(names = "--backends", paramLabel = "NAME", split = ",", defaultValue = ProductBenchmark.AUTO,
            description = "auto, onednn, native, vector, scalar; the first is what the others are compared with.")
    private List<String> backends;

    @Option(names = "--peer", paramLabel = "NAME", split = ",",
            description = "Also these: onednn-c, oneDNN called from C; openblas, for matrices of f32; onnxruntime, for "
                    + "f32, u8s8u8 and matrices of f32s8f32; onnxruntime-4bit, for the last with weights of 4 bits.")
    private List<String> peers = List.of();

    private List<? extends ProductShape> shapes;
    private List<Optional<Backend>> chosen;

    /** Returns the shapes to measure. */
    protected abstract List<? extends ProductShape> shapes();

    /** Prints what there is behind the tables of all shapes. */
    protected void printTotals(List<ProductRow> rows) {}

    @Override
    protected final void prepare() {
        peers.forEach(name -> checkPeer("--peer", name));
        shapes = shapes();
        chosen = backends.stream().map(label -> backend("--backends", label)).distinct().toList();
    }

    @Override
    protected final void measure(ProductBenchmark benchmark, List<ProductTypes> kinds) {
        List<ProductRow> rows = new ArrayList<>();
        Comparison comparison = new Comparison();
        try (Progress progress = progress("bench " + operation(), (long) shapes.size() * kinds.size())) {
            for (ProductTypes kind : kinds) {
                for (ProductShape shape : shapes) {
                    try (ProductWorkload workload = shape.workload(kind, WeightZeros.NONE)) {
                        rows.addAll(measure(benchmark, workload, comparison));
                    }
                    progress.step(shape + " " + kind.label());
                }
            }
        }
        if (rows.isEmpty()) {
            throw new TersorException("none of the backends runs any of the types; --verbose says why");
        }
        report(rows.stream().map(row -> row.toJson(benchmark.limits())).toList(),
                () -> printTables(rows, benchmark.limits(), comparison));
    }

    private List<ProductRow> measure(ProductBenchmark benchmark, ProductWorkload workload, Comparison comparison) {
        List<ProductContender> contenders = new ArrayList<>();
        try {
            chosen.forEach(backend -> benchmark.addDense(contenders, backend, workload));
            peers.stream().distinct().forEach(name -> benchmark.addPeer(contenders, name, workload));
            if (contenders.isEmpty()) {
                return List.of();
            }
            ProductBenchmark.Measured measured = benchmark.time(workload, contenders);
            for (int i = 0; i < contenders.size(); i++) {
                for (int other = i + 1; other < contenders.size(); other++) {
                    comparison.add(new Comparison.Pair(workload.types(), contenders.get(i).name(),
                            contenders.get(other).name()), workload.shape(), measured.rounds().speed(i, other));
                }
            }
            return measured.rows();
        } finally {
            contenders.forEach(ProductContender::close);
        }
    }

    private void printTables(List<ProductRow> rows, Optional<MachineLimits> limits, Comparison comparison) {
        limits.ifPresent(this::print);
        print(table(rows, limits));
        if (!comparison.ratios().isEmpty()) {
            out().println();
            print(summary(comparison));
        }
        printTotals(rows);
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
}
