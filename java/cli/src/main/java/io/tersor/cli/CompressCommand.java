package io.tersor.cli;

import io.tersor.compress.Calibration;
import io.tersor.compress.Calibrator;
import io.tersor.compress.Recipe;
import io.tersor.compress.SparsityReport;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a network smaller and faster. */
@Command(name = "compress", mixinStandardHelpOptions = true,
        description = "Writes a compressed network, an ONNX file that other runtimes read as well.")
final class CompressCommand extends Subcommand {
    /** The calibrators by name. */
    enum CalibratorName {
        MINMAX(Calibrator.MIN_MAX), PERCENTILE(new Calibrator.Percentile(Calibrator.Percentile.USUAL));

        private final Calibrator calibrator;

        CalibratorName(Calibrator calibrator) {
            this.calibrator = calibrator;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final class CalibratorConverter implements ITypeConverter<CalibratorName> {
        @Override
        public CalibratorName convert(String text) {
            return Names.find(CalibratorName.class, text);
        }
    }

    @Parameters(paramLabel = "MODEL", description = "The trained network, an ONNX file.")
    private Path model;

    @Option(names = {"-o", "--output"}, required = true, paramLabel = "OUT.onnx", description = "The file to write.")
    private Path output;

    @Option(names = "--recipe", required = true, paramLabel = "RECIPE",
            description = {
                "What to do, with options such as int8:percentile=99.9:",
                "int8: quantization; minmax, or percentile=P.",
                "dynamic-int8: quantization without calibration; MatMul, Gemm and LSTM, whose inputs are quantized at "
                    + "run time.",
                "prune: weights of least magnitude become zero; format=32x4 (blocks of 32 outputs x 4 inputs), csr or "
                    + "bitmask (single entries) with sparsity=S, format=2:4, or format=keep (marks the zeros that are "
                    + "there); scope=layer or global; norm=l2 or l1; keep=first+last, first, last or none.",
                "sparse-int8: prune, then int8, with the options of both.",
                "structured: channels of least norm go, the graph shrinks; channels=S, keep as above.",
                "structured-int8: structured, then int8, with the options of both."})
    private String recipe;

    @Option(names = "--calibration", paramLabel = "IMAGES.npy",
            description = "Images [n, ...] like those the network is going to see; needed to quantize.")
    private Optional<Path> calibration;

    @Option(names = "--calibrator", paramLabel = "NAME", converter = CalibratorConverter.class,
            description = "How ranges are derived: ${COMPLETION-CANDIDATES}; minmax by default.")
    private Optional<CalibratorName> calibrator;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Recipe parsed = Recipe.parse(recipe);
        if (calibrator.isPresent() && parsed.calibrator().isPresent()) {
            throw wrongUsage("--calibrator: name it in the recipe or here, not both");
        }
        if (parsed.calibrates() && calibration.isEmpty()) {
            throw wrongUsage("--calibration: the recipe " + recipe + " needs images");
        }
        OutputFile.check(output);
        Graph graph = Graph.load(model);
        Graph compressed = parsed.calibrates() ? calibrated(parsed, graph) : parsed.apply(graph);
        compressed.save(output);
        report(compressed);
        return 0;
    }

    private Graph calibrated(Recipe parsed, Graph graph) {
        NetworkOptions options = execution.networkOptions();
        try (Arena arena = Arena.ofShared(); Parallelism _ = options.parallelism()) {
            Tensor samples = preprocessing.preprocessing().apply(arena, Npy.read(arena, calibration.orElseThrow()));
            Calibration how = Calibration.of(graph, samples).with(options)
                    .with(calibrator.map(name -> name.calibrator).orElse(Calibrator.MIN_MAX));
            try (Progress progress = progress("calibrate", how.samples())) {
                return parsed.apply(graph, how.reportingTo(progress::reach));
            }
        }
    }

    private void report(Graph compressed) {
        long before = model.toFile().length();
        long after = output.toFile().length();
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("output", output.toString());
            report.put("recipe", recipe);
            report.put("bytesBefore", before);
            report.put("bytes", after);
            if (!compressed.sparsity().isEmpty()) {
                SparsityReport zeros = SparsityReport.of(compressed);
                report.put("layers", SparsityTable.json(zeros));
                report.put("weightBytes", SparsityTable.json(SparsityTable.sizes(compressed, zeros)));
            }
            printJson(report);
            return;
        }
        out().printf(Locale.ROOT, "%s: %,d bytes, %.1f %% of %,d%n", output, after, 100.0 * after / before, before);
        if (!compressed.sparsity().isEmpty()) {
            SparsityReport zeros = SparsityReport.of(compressed);
            out().println();
            print(SparsityTable.of(zeros));
            out().println();
            print(SparsityTable.sizes(SparsityTable.sizes(compressed, zeros)));
        }
    }
}
