package io.tersor.bench;

import io.tersor.bench.networks.BenchNetwork;
import io.tersor.cli.ExecutionOptions;
import io.tersor.cli.Progress;
import io.tersor.cli.Subcommand;
import io.tersor.compress.Recipe;
import io.tersor.kernel.Parallelism;
import io.tersor.model.NetworkOptions;
import io.tersor.model.StepInfo;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tersor bench model}: the time of whole networks, beside peers. */
@Command(name = "model", mixinStandardHelpOptions = true,
        description = "Times a network, beside peers that run the very same file; outputs are compared first.")
public final class BenchModelCommand extends Subcommand {
    /** Names of networks, for the usage text. */
    static final class Names extends java.util.ArrayList<String> {
        private static final long serialVersionUID = 1L;

        Names() {
            super(BenchNetwork.labels());
        }
    }

    @Parameters(paramLabel = "MODEL", completionCandidates = Names.class,
            description = "An ONNX file, or one of ${COMPLETION-CANDIDATES}; all but the last have random weights.")
    private String model;

    @Option(names = "--recipe", paramLabel = "R",
            description = "Compress the network first, as compress does, with any of its recipes: int8, "
                    + "sparse-int8:block=32x4,sparsity=0.8, ...")
    private Optional<String> recipe = Optional.empty();

    @Option(names = "--peer", paramLabel = "NAME", split = ",",
            description = "onnxruntime: ONNX Runtime on the same file, in this JVM, with as many threads; "
                    + "onnxruntime-fp32: on the network before --recipe; dense: the network itself without sparse "
                    + "kernels.")
    private List<String> peers = List.of();

    @Option(names = "--batch", paramLabel = "N", defaultValue = "1",
            description = "Samples in one run, where the network leaves it open; 1 by default.")
    private int batch;

    @Option(names = "--sequence", paramLabel = "N",
            description = "Length of sequences, where the network leaves it open.")
    private Optional<Integer> sequence = Optional.empty();

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "3",
            description = "How long to time each contender, in turns; 3 by default.")
    private double seconds;

    @Option(names = "--profile", description = "Also show the time of each step.")
    private boolean profile;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (batch < 1 || sequence.orElse(1) < 1) {
            throw wrongUsage("--batch and --sequence: expected at least 1, got "
                    + Math.min(batch, sequence.orElse(batch)));
        }
        if (!(seconds > 0 && seconds <= 3600)) {
            throw wrongUsage("--seconds: expected more than 0 and at most 3600, got " + seconds);
        }
        Set<String> others = new LinkedHashSet<>(peers);
        others.forEach(this::checkPeer);
        Optional<Recipe> parsed = recipe.map(Recipe::parse);
        NetworkOptions options = execution.networkOptions();
        try (Parallelism _ = options.parallelism(); Progress progress = progress("bench", 4)) {
            progress.step("making the network");
            OptionalInt length = sequence.map(OptionalInt::of).orElse(OptionalInt.empty());
            ModelResult result;
            try (ModelFiles files = ModelFiles.temporary(model, length)) {
                result = new ModelBenchmark(files, parsed, options, others, seconds).measure(batch, progress);
            }
            report(result);
        }
        return 0;
    }

    private void checkPeer(String name) {
        List<String> known = List.of(OnnxRuntimePeer.NAME, ModelBenchmark.UNCOMPRESSED_PEER, ModelBenchmark.DENSE_PEER);
        if (!known.contains(name)) {
            throw wrongUsage("--peer: expected " + String.join(", ", known) + ", got '" + name + "'");
        }
        if (name.equals(ModelBenchmark.UNCOMPRESSED_PEER) && recipe.isEmpty()) {
            throw wrongUsage("--peer " + name + ": expected --recipe, without which " + OnnxRuntimePeer.NAME
                    + " is the same");
        }
    }

    private void report(ModelResult result) {
        if (json) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("model", model);
            recipe.ifPresent(text -> figures.put("recipe", text));
            figures.put("batch", batch);
            sequence.ifPresent(length -> figures.put("sequence", length));
            figures.put("threads", execution.threads());
            figures.put("backend", result.rows().getFirst().how());
            result.addTo(figures);
            printJson(figures);
            return;
        }
        out().println(model + recipe.map(text -> ", recipe " + text).orElse("") + ", batch " + batch
                + sequence.map(length -> ", sequence " + length).orElse("") + ", " + execution.threads()
                + (execution.threads() == 1 ? " thread" : " threads"));
        print(result.contenders());
        result.lines().forEach(out()::println);
        if (profile) {
            print(result.steps());
        } else {
            result.profile().steps().stream().map(step -> step.step()).map(StepInfo::kernel).distinct()
                    .forEach(kernel -> out().println("  " + kernel));
        }
        out().flush();
    }
}
