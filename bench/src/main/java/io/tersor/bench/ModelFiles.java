package io.tersor.bench;

import io.tersor.TersorException;
import io.tersor.bench.networks.BenchNetwork;
import io.tersor.bench.suite.WorkFolder;
import io.tersor.compress.Calibration;
import io.tersor.compress.Recipe;
import io.tersor.model.Graph;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * The files of one network that is to be timed: as it is, and compressed by recipes. What is measured is what another
 * program finds in them. They are made when they are first asked for; one that is in the folder already is taken as it
 * is, so that several JVMs measure the same. Closing deletes a temporary folder. For one thread.
 */
public final class ModelFiles implements AutoCloseable {
    private static final String SUFFIX = ".onnx";
    private static final long WEIGHTS_SEED = 50;
    private static final long CALIBRATION_SEED = 51;
    private static final long INPUT_SEED = 52;
    private static final int CALIBRATION_SAMPLES = 4;

    private final Optional<BenchNetwork> known;
    private final String model;
    private final OptionalInt sequence;
    private final Path folder;
    private final Optional<WorkFolder> temporary;

    private ModelFiles(String model, OptionalInt sequence, Path folder, Optional<WorkFolder> temporary) {
        this.known = BenchNetwork.of(model);
        this.model = model;
        this.sequence = sequence;
        this.folder = folder;
        this.temporary = temporary;
    }

    /**
     * Keeps the files in a folder, in which there may be those of other networks.
     *
     * @param model a name of {@link BenchNetwork}, or an ONNX file
     * @param sequence the length of sequences, where it is open
     */
    public static ModelFiles in(Path folder, String model, OptionalInt sequence) {
        return new ModelFiles(model, sequence, folder, Optional.empty());
    }

    /**
     * Keeps the files in a temporary folder.
     *
     * @param model a name of {@link BenchNetwork}, or an ONNX file
     * @param sequence the length of sequences, where it is open
     */
    public static ModelFiles temporary(String model, OptionalInt sequence) {
        WorkFolder folder = WorkFolder.temporary();
        return new ModelFiles(model, sequence, folder.path(), Optional.of(folder));
    }

    /** Returns the network's name: that of {@link BenchNetwork}, or of the file. */
    public String name() {
        if (known.isPresent()) {
            return model;
        }
        String file = Path.of(model).getFileName().toString();
        return file.endsWith(SUFFIX) ? file.substring(0, file.length() - SUFFIX.length()) : file;
    }

    /** Returns the length of its sequences, where that is known. */
    public OptionalInt sequence() {
        return sequence.isPresent() || known.isEmpty() ? sequence : known.get().sequence();
    }

    /** Returns the network as it is. */
    public Path original() {
        return known.map(network -> made("network", () -> network.build(WEIGHTS_SEED)))
                .orElseGet(() -> Path.of(model));
    }

    /**
     * Returns the compressed network.
     *
     * @throws TersorException if the file or the recipe cannot be used
     */
    public Path compressed(Recipe recipe) {
        return made(recipe.toString(), () -> compress(recipe, Graph.load(original())));
    }

    /** Returns the compressed network, or the one as it is where there is no recipe. */
    Path file(Optional<Recipe> recipe) {
        return recipe.map(this::compressed).orElseGet(this::original);
    }

    private Path made(String what, Supplier<Graph> graph) {
        String of = known.isPresent() ? name() : name() + "-" + Integer.toHexString(Path.of(model).toAbsolutePath()
                .hashCode());
        String length = sequence.isPresent() ? "-" + sequence.getAsInt() : "";
        Path path = folder.resolve(of + length + "-" + what.replaceAll("[^A-Za-z0-9.]+", "-") + SUFFIX);
        if (!Files.exists(path)) {
            // Written beside it and renamed: another JVM finds the whole file or none.
            graph.get().save(path);
        }
        return path;
    }

    private Graph compress(Recipe recipe, Graph graph) {
        try (Arena arena = Arena.ofShared()) {
            return recipe.apply(graph,
                    Calibration.of(inputs(arena, graph, CALIBRATION_SAMPLES, CALIBRATION_SEED)));
        }
    }

    private Map<String, Tensor> inputs(Arena arena, Graph graph, int samples, long seed) {
        return known.map(network -> network.inputs(arena, samples, sequence, seed))
                .orElseGet(() -> NetworkInputs.random(arena, graph.inputs(), samples, sequence, seed));
    }

    /** Returns inputs other than those of the calibration. */
    public Map<String, Tensor> inputs(Arena arena, Graph graph, int batch) {
        return inputs(arena, graph, batch, INPUT_SEED);
    }

    @Override
    public void close() {
        temporary.ifPresent(WorkFolder::close);
    }
}
