package io.tersor.bench.sparse;

import io.tersor.TersorException;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.measure.Figures;
import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.OnednnPeer;
import io.tersor.bench.product.ProductBenchmark;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.TimingCommand;
import io.tersor.cli.Progress;
import io.tersor.cli.Table;
import io.tersor.kernel.Backend;
import io.tersor.sparse.SparseFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor bench sparse}: sparse kernels beside dense ones. */
@Command(name = "sparse", mixinStandardHelpOptions = true,
        description = "Times products with sparse weights beside the fastest dense kernel on the same weights; each "
                + "result is verified first, INT8 bit by bit.")
public final class BenchSparseCommand extends TimingCommand {
    private static final List<String> DEFAULT_SHAPES = List.of("resnet50");
    private static final List<Integer> DEFAULT_M = List.of(256);
    private static final double DEFAULT_SPARSITY = 0.8;
    private static final List<Double> SWEEP = List.of(0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98);

    @Option(names = "--shapes", paramLabel = "FILE", split = ",",
            description = "Files of lines 'm k n' or of convolutions, or the names that bench gemm and bench conv "
                    + "know; resnet50 by default.")
    private List<String> files;

    @Option(names = "--patterns", paramLabel = "FILE", split = ",",
            description = "Instead of shapes: .smtx files, or folders of them, with the zeros of really pruned layers.")
    private List<Path> patterns;

    @Option(names = "--m", paramLabel = "M", split = ",",
            description = "With --patterns: rows of the activations; 256 by default.")
    private List<Integer> m;

    @Option(names = "--formats", paramLabel = "F", split = ",", defaultValue = "32x4,1x4,bitmask,csr,2:4",
            description = "csr, bitmask, blocks of outputs x inputs as 32x4, n of m as 2:4; "
                    + "32x4,1x4,bitmask,csr,2:4 by default.")
    private List<String> formats;

    @Option(names = "--sparsity", paramLabel = "S", split = ",",
            description = "Shares of zeros, 0.8 by default, or sweep: from 0 to 0.98. n of m has its own.")
    private List<String> sparsities;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "native",
            description = "Of the sparse kernels: native, vector, scalar, onednn, or auto; native by default.")
    private String backend;

    @Option(names = "--dense", paramLabel = "NAME", split = ",", defaultValue = "native,onednn",
            description = "The kernels for dense weights, of which the fastest counts: backends, or onednn-c, oneDNN "
                    + "called from C, which also stands in for onednn where sums saturate (INT8 on AVX2); "
                    + "native,onednn by default.")
    private List<String> dense;

    @Option(names = "--chart", paramLabel = "DIR",
            description = "Also draw dense-equivalent TOPS over sparsity, as SVG and PNG files in this folder.")
    private Optional<Path> chart = Optional.empty();

    private List<ProductShape> shapes;
    private List<SparsityPattern> read;
    private List<Double> chosenSparsities;
    private Optional<SparseChart> drawing;
    private List<SparseFormat> chosenFormats;
    private Optional<Backend> chosenBackend;
    private List<SparseBenchmark.Dense> chosenDense;

    @Override
    protected String operation() {
        return "sparse";
    }

    @Override
    protected void prepare() {
        if (files != null && patterns != null) {
            throw wrongUsage("expected either --shapes or --patterns");
        }
        if (patterns != null && (sparsities != null || chart.isPresent())) {
            throw wrongUsage("--patterns: expected neither --sparsity, which they have, nor --chart, which needs "
                    + "several");
        }
        if (m != null && patterns == null) {
            throw wrongUsage("--m: expected --patterns");
        }
        chosenFormats = formats.stream().map(SparseFormat::parse).distinct().toList();
        chosenSparsities = sparsities == null ? List.of(DEFAULT_SPARSITY)
                : sparsities.stream().flatMap(this::sparsity).distinct().toList();
        chosenBackend = backend("--backend", backend);
        chosenDense = dense.stream().map(name -> name.equals(OnednnPeer.NAME) ? SparseBenchmark.Dense.PEER
                : new SparseBenchmark.Dense(backend("--dense", name), false)).distinct().toList();
        shapes = patterns != null ? List.of() : SparseCase.shapes(files == null ? DEFAULT_SHAPES : files);
        read = patterns == null ? List.of() : patterns.stream().flatMap(file -> SparsityPattern.read(file).stream())
                .toList();
        drawing = chart.map(SparseChart::new);
    }

    private Stream<Double> sparsity(String text) {
        if (text.equals("sweep")) {
            return SWEEP.stream();
        }
        try {
            double value = Double.parseDouble(text);
            if (value >= 0 && value <= 1) {
                return Stream.of(value);
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw wrongUsage("--sparsity: expected numbers from 0 to 1, or sweep, got '" + text + "'");
    }

    private List<SparseCase> cases(ProductTypes kind) {
        List<SparseCase> cases = new ArrayList<>(SparseCase.all(shapes, kind, chosenFormats, chosenSparsities));
        for (SparsityPattern pattern : read) {
            for (int rows : m == null ? DEFAULT_M : m) {
                for (SparseFormat format : chosenFormats) {
                    cases.add(new SparseCase(new GemmShape(rows, pattern.columns(), pattern.rows()), kind, format,
                            pattern.sparsity(), Optional.of(pattern.name()), pattern));
                }
            }
        }
        return cases;
    }

    @Override
    protected void measure(ProductBenchmark benchmark, List<ProductTypes> kinds) {
        List<SparseCase> cases = kinds.stream().flatMap(kind -> cases(kind).stream()).toList();
        SparseBenchmark sparse = new SparseBenchmark(benchmark, chosenBackend, chosenDense);
        try (Progress progress = progress("bench sparse", cases.size())) {
            for (SparseCase what : cases) {
                sparse.measure(what);
                progress.step(what.toString());
            }
        }
        if (sparse.rows().isEmpty()) {
            throw new TersorException("none of the cases runs, the first for this reason: "
                    + sparse.refusals().getFirst().reason());
        }
        List<Path> drawn = drawing.map(charts -> charts.draw(sparse.rows())).orElse(List.of());
        report(sparse.rows().stream().map(row -> row.toJson(benchmark.limits())).toList(), () -> {
            benchmark.limits().ifPresent(this::print);
            print(table(sparse, benchmark.limits()));
            out().println();
            print(summary(SparseSummary.of(sparse.rows(), sparse.refusals())));
            drawn.forEach(out()::println);
            out().flush();
        });
    }

    private static Table table(SparseBenchmark sparse, Optional<MachineLimits> limits) {
        Table table = new Table("shape", "types", "format", "zeros", "median", "dense", "to dense", "TOPS", "of peak",
                "of bandwidth", "kernel", "dense kernel");
        for (SparseRow row : sparse.rows()) {
            table.row(name(row.what()), row.what().types().label(), row.what().format(), percent(row.zeros()),
                    Figures.time(row.sparse().timing().medianMicros()),
                    Figures.time(row.dense().timing().medianMicros()), speed(row.speedupOverDense()),
                    String.format(Locale.ROOT, "%.3f", row.sparse().tops()), percent(row.sparse().shareOfPeak(limits)),
                    percent(row.sparse().shareOfBandwidth()), row.sparse().kernel(), row.dense().kernel());
        }
        for (SparseBenchmark.Refusal refusal : sparse.refusals()) {
            SparseCase what = refusal.what();
            table.row(name(what), what.types().label(), what.format(), percent(what.sparsity()), "-", "-", "-", "-",
                    "-", "-", refusal.reason(), "-");
        }
        return table;
    }

    private static String name(SparseCase what) {
        return what.pattern().map(name -> name + " ").orElse("") + what.shape();
    }

    private static Table summary(List<SparseSummary> summaries) {
        Table table = new Table("types", "format", "zeros", "to dense, geometric mean", "least", "shape", "layers",
                "better of both per layer", "all layers");
        for (SparseSummary summary : summaries) {
            SparseSummary.Group group = summary.group();
            table.row(group.types().label(), group.format(), percent(group.sparsity()),
                    speed(summary.geometricMean()), speed(summary.least()), summary.slowest(), summary.layers(),
                    speed(summary.betterOfBoth()), summary.allLayers());
        }
        return table;
    }

    private static String percent(double share) {
        return percent(OptionalDouble.of(share));
    }
}
