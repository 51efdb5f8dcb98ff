package io.tersor.bench;

import io.tersor.TersorException;
import io.tersor.bench.networks.BenchNetwork;
import io.tersor.compress.Calibration;
import io.tersor.compress.Recipe;
import io.tersor.model.Graph;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The files of one network that is to be timed: as it is, and compressed where a recipe is given. What is measured is
 * what another program finds in them. Closing deletes those that were made.
 */
final class ModelFiles implements AutoCloseable {
    private static final long WEIGHTS_SEED = 50;
    private static final long CALIBRATION_SEED = 51;
    private static final long INPUT_SEED = 52;
    private static final int CALIBRATION_SAMPLES = 4;

    private final Optional<BenchNetwork> known;
    private final OptionalInt sequence;
    private final Path original;
    private final Path file;
    private final Optional<Path> folder;

    /**
     * Makes what is missing.
     *
     * @param model a name of {@link BenchNetwork}, or an ONNX file
     * @param sequence the length of sequences, where it is open
     * @throws TersorException if the file or the recipe cannot be used
     */
    ModelFiles(String model, Optional<Recipe> recipe, OptionalInt sequence) {
        this.known = BenchNetwork.of(model);
        this.sequence = sequence;
        this.folder = known.isPresent() || recipe.isPresent() ? Optional.of(newFolder()) : Optional.empty();
        try {
            this.original = known.map(network -> save(network.build(WEIGHTS_SEED), "network.onnx"))
                    .orElseGet(() -> Path.of(model));
            this.file = recipe.map(some -> save(compress(some, Graph.load(original)), "compressed.onnx"))
                    .orElse(original);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private static Path newFolder() {
        try {
            return Files.createTempDirectory("tersor-bench-");
        } catch (IOException e) {
            throw new TersorException("cannot create a temporary folder: " + e.getMessage(), e);
        }
    }

    private Path save(Graph graph, String name) {
        Path path = folder.orElseThrow().resolve(name);
        graph.save(path);
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
    Map<String, Tensor> inputs(Arena arena, Graph graph, int batch) {
        return inputs(arena, graph, batch, INPUT_SEED);
    }

    /** Returns the network as it is. */
    Path original() {
        return original;
    }

    /** Returns the compressed network, or the one as it is where there is no recipe. */
    Path file() {
        return file;
    }

    @Override
    public void close() {
        if (folder.isEmpty()) {
            return;
        }
        try {
            for (String name : new String[] {"network.onnx", "compressed.onnx"}) {
                Files.deleteIfExists(folder.get().resolve(name));
            }
            Files.deleteIfExists(folder.get());
        } catch (IOException e) {
            throw new TersorException(folder.get() + ": cannot be deleted: " + e.getMessage(), e);
        }
    }
}
