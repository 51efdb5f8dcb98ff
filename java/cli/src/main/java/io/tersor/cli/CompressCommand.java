package io.tersor.cli;

import io.tersor.compress.Calibration;
import io.tersor.compress.Calibrator;
import io.tersor.compress.Recipe;
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
            description = "What to do: int8, or with options such as int8:percentile=99.9.")
    private String recipe;

    @Option(names = "--calibration", required = true, paramLabel = "IMAGES.npy",
            description = "Images [n, ...] like those the network is going to see.")
    private Path calibration;

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
        if (calibrator.isPresent() && recipe.contains(":")) {
            throw wrongUsage("--calibrator: name it in the recipe or here, not both");
        }
        OutputFile.check(output);
        Graph graph = Graph.load(model);
        NetworkOptions options = execution.networkOptions();
        try (Arena arena = Arena.ofShared(); Parallelism _ = options.parallelism()) {
            Tensor samples = preprocessing.preprocessing().apply(arena, Npy.read(arena, calibration));
            Calibration how = Calibration.of(graph, samples).with(options)
                    .with(calibrator.map(name -> name.calibrator).orElse(Calibrator.MIN_MAX));
            try (Progress progress = progress("calibrate", how.samples())) {
                parsed.apply(graph, how.reportingTo(progress::reach)).save(output);
            }
        }
        report();
        return 0;
    }

    private void report() {
        long before = model.toFile().length();
        long after = output.toFile().length();
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("output", output.toString());
            report.put("recipe", recipe);
            report.put("bytesBefore", before);
            report.put("bytes", after);
            printJson(report);
            return;
        }
        out().printf(Locale.ROOT, "%s: %,d bytes, %.1f %% of %,d%n", output, after, 100.0 * after / before, before);
    }
}
