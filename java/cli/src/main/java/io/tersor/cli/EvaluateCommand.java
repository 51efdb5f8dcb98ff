package io.tersor.cli;

import io.tersor.compress.Evaluation;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How well and how fast a classifier does on labelled images. */
@Command(name = "evaluate", mixinStandardHelpOptions = true,
        description = "Measures a classifier's top-1 accuracy and its time per image.")
final class EvaluateCommand extends Subcommand {
    @Parameters(paramLabel = "MODEL", description = "An ONNX file.")
    private Path model;

    @Option(names = "--images", required = true, paramLabel = "FILE.npy", description = "Images [n, ...].")
    private Path images;

    @Option(names = "--labels", required = true, paramLabel = "FILE.npy", description = "Classes [n], integers.")
    private Path labels;

    @Mixin
    private PreprocessingOptions preprocessing;

    @Option(names = "--batch", paramLabel = "N", description = "Images in one run; 1, or the network's own.")
    private Optional<Integer> batch;

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (batch.isPresent() && batch.get() < 1) {
            throw wrongUsage("--batch: expected at least 1, got " + batch.get());
        }
        Graph graph = Graph.load(model);
        NetworkOptions options = execution.networkOptions();
        try (Arena arena = Arena.ofShared(); Parallelism _ = options.parallelism();
                PreparedNetwork network = Network.of(graph).prepare(options)) {
            Tensor input = preprocessing.preprocessing().apply(arena, Npy.read(arena, images));
            Tensor classes = Npy.read(arena, labels);
            try (Progress progress = progress("evaluate", classes.shape().elements())) {
                print(Evaluation.of(network, input, classes, BatchSize.of(graph, batch, 1), progress::reach));
            }
        }
        return 0;
    }

    private void print(Evaluation result) {
        RunDescription ran = RunDescription.of(result.kernels());
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("top1", result.top1());
            report.put("images", result.answers().size());
            report.put("microsPerImage", result.microsPerImage());
            ran.addTo(report);
            printJson(report);
            return;
        }
        out().printf(Locale.ROOT, "top-1    %.2f %% (%d of %d images)%n", 100 * result.top1(), result.correct(),
                result.answers().size());
        out().printf(Locale.ROOT, "time     %.1f us per image%n", result.microsPerImage());
        ran.print(out());
    }
}
