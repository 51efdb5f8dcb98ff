package io.tersor.bench;

import io.tersor.TersorException;
import io.tersor.UnsupportedKernelException;
import io.tersor.bench.DemoNetwork.Result;
import io.tersor.bench.measure.Figures;
import io.tersor.bench.networks.Digits;
import io.tersor.bench.networks.ResNet50;
import io.tersor.bench.networks.SeededInputs;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import io.tersor.compress.Calibration;
import io.tersor.compress.Recipe;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.model.Graph;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor demo}: two networks, compressed and run on every backend, in one table. */
@Command(name = "demo", mixinStandardHelpOptions = true,
        description = "Compresses a digit classifier and a ResNet-50 to INT8 and runs them on every backend, one thread.")
public final class DemoCommand extends Subcommand {
    private static final long SEED = 50;
    private static final int RESNET_IMAGES = 16;
    private static final List<Backend> ALL = List.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR);

    @Option(names = "--output", paramLabel = "DIR", defaultValue = "target/demo",
            description = "Where the compressed model goes; target/demo by default.")
    private Path output;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "1",
            description = "How long to time each row, and to warm up before; 1 by default.")
    private double seconds;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (!(seconds > 0 && seconds <= 600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 600, got " + seconds);
        }
        List<BackendStatus> statuses = KernelRegistry.standard().statuses();
        List<Backend> available = ALL.stream().filter(backend -> statuses.stream()
                .anyMatch(status -> status.backend() == backend && status instanceof BackendStatus.Available)).toList();
        Path compressed = output.resolve("digits-cnn-int8.onnx");
        List<DemoNetwork> networks;
        Map<DemoNetwork, List<Result>> results = new LinkedHashMap<>();
        List<String> refusals = new ArrayList<>();
        try (Arena arena = Arena.ofShared(); Progress progress = progress("demo", 2 + 4L * available.size() - 1)) {
            progress.step("compressing");
            networks = List.of(digits(arena, compressed, available), resNet50(arena, available));
            for (DemoNetwork network : networks) {
                List<Result> rows = new ArrayList<>();
                for (Backend backend : network.backends()) {
                    progress.step(network.name() + " on " + backend.label());
                    rows.add(network.measure("FP32", network.fp32(), backend, seconds));
                    try {
                        rows.add(network.measure("INT8", network.int8(), backend, seconds));
                    } catch (UnsupportedKernelException e) {
                        refusals.add(backend.label() + " does not run " + network.name() + " in INT8: " + e.reason());
                    }
                }
                results.put(network, rows);
            }
        }
        if (json) {
            printJson(report(compressed, results, refusals));
        } else {
            printText(compressed, statuses, results, refusals);
        }
        return 0;
    }

    private static DemoNetwork digits(Arena arena, Path compressed, List<Backend> backends) {
        Graph fp32 = Digits.network();
        Tensor images = Digits.testImages(arena);
        Tensor labels = Digits.testLabels(arena);
        Tensor calibration = Digits.calibrationImages(arena);
        Graph int8 = Recipe.parse("int8").apply(fp32, Calibration.of(fp32, calibration));
        try {
            Files.createDirectories(compressed.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw new TersorException("cannot create the folder of " + compressed + ": " + e.getMessage(), e);
        }
        int8.save(compressed);
        // Read back: what is measured is what another program would find in the file.
        return new DemoNetwork("digits-cnn", fp32, Graph.load(compressed), images, labels, backends);
    }

    private static DemoNetwork resNet50(Arena arena, List<Backend> backends) {
        Graph fp32 = ResNet50.build(SEED);
        Tensor images = SeededInputs.images(arena, RESNET_IMAGES, 224, SEED);
        Graph int8 = Recipe.parse("int8").apply(fp32, Calibration.of(fp32, images.slice(0, 0, 4)));
        List<Backend> bearable = backends.stream().filter(backend -> backend != Backend.SCALAR).toList();
        Tensor none = Tensor.allocate(arena, DataType.S64, Shape.of(RESNET_IMAGES));
        long[] answers = DemoNetwork.evaluate(fp32, images, none, backends.getFirst()).answers().stream()
                .mapToLong(Integer::longValue).toArray();
        Tensor labels = Tensor.ofLongs(arena, Shape.of(RESNET_IMAGES), answers);
        return new DemoNetwork("resnet50", fp32, int8, images, labels, bearable.isEmpty() ? backends : bearable);
    }

    private void printText(Path compressed, List<BackendStatus> statuses, Map<DemoNetwork, List<Result>> results,
            List<String> refusals) {
        Table table = new Table("network", "precision", "backend", "top-1", "parameters", "time/image", "speed-up",
                "busiest kernel");
        results.forEach((network, rows) -> rows.forEach(row -> table.row(network.name(), row.precision(),
                row.backend().label(), String.format(Locale.ROOT, "%.2f %%", 100 * row.top1()),
                Figures.bytes(row.parameterBytes()), Figures.time(row.microsPerImage()),
                speedUp(row, rows).map(ratio -> String.format(Locale.ROOT, "%.1f x", ratio)).orElse("-"),
                row.kernel())));
        print(table);
        out().println();
        out().println("One thread, batch 1; speed-up over FP32 on the same backend. ResNet-50 has random weights: its"
                + " top-1 is the share of " + RESNET_IMAGES + " random images classified as in FP32.");
        statuses.forEach(status -> {
            if (status instanceof BackendStatus.Missing(Backend backend, String reason)) {
                out().println(backend.label() + " is missing: " + reason);
            }
        });
        refusals.forEach(out()::println);
        out().println("Compressed model: " + compressed);
        out().flush();
    }

    private static Optional<Double> speedUp(Result row, List<Result> rows) {
        return rows.stream().filter(other -> other.backend() == row.backend() && !other.equals(row)
                && other.precision().equals("FP32")).findFirst()
                .map(fp32 -> fp32.microsPerImage() / row.microsPerImage());
    }

    private static Map<String, Object> report(Path compressed, Map<DemoNetwork, List<Result>> results,
            List<String> refusals) {
        List<Map<String, Object>> rows = new ArrayList<>();
        results.forEach((network, measured) -> measured.forEach(result -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("network", network.name());
            row.put("precision", result.precision());
            row.put("backend", result.backend().label());
            row.put("top1", result.top1());
            row.put("parameterBytes", result.parameterBytes());
            row.put("microsPerImage", result.microsPerImage());
            speedUp(result, measured).ifPresent(ratio -> row.put("speedUpOverFp32", ratio));
            row.put("kernel", result.kernel());
            rows.add(row);
        }));
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("results", rows);
        report.put("refusals", refusals);
        report.put("compressedModel", compressed.toString());
        return report;
    }
}
