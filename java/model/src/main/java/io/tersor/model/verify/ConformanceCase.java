package io.tersor.model.verify;

import io.tersor.TersorException;
import io.tersor.UnsupportedKernelException;
import io.tersor.model.Graph;
import io.tersor.model.ModelFormatException;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.model.onnx.OnnxValues;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One case in the form of ONNX's backend tests: a folder with {@code model.onnx} and folders {@code test_data_set_*} of
 * {@code input_*.pb} and {@code output_*.pb}.
 *
 * @param name the folder's name
 * @param folder where the case lies
 */
public record ConformanceCase(String name, Path folder) {
    private static final Set<String> RANDOM = Set.of("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike",
            "RandomUniform", "RandomUniformLike");

    /** How a case ended. */
    public enum Status {
        /** All outputs are as expected. */
        PASS,
        /** An output differs, or the run failed. */
        FAIL,
        /** The case needs something that is not implemented. */
        UNSUPPORTED
    }

    /**
     * What became of a case.
     *
     * @param detail the largest error of a failure, or what is not supported, or empty
     */
    public record Result(String name, Status status, String detail) {}

    /**
     * Returns the cases in a folder: the folder itself if it is one, otherwise its subfolders that are, by name.
     *
     * @throws ModelFormatException if there is none
     */
    public static List<ConformanceCase> find(Path folder) {
        if (Files.isRegularFile(folder.resolve("model.onnx"))) {
            return List.of(new ConformanceCase(folder.toAbsolutePath().normalize().getFileName().toString(), folder));
        }
        try (Stream<Path> children = Files.list(folder)) {
            List<ConformanceCase> cases = children.filter(child -> Files.isRegularFile(child.resolve("model.onnx")))
                    .sorted().map(child -> new ConformanceCase(child.getFileName().toString(), child)).toList();
            if (cases.isEmpty()) {
                throw new ModelFormatException(folder, "no folder with a model.onnx in it");
            }
            return cases;
        } catch (IOException e) {
            throw new ModelFormatException(folder, "cannot be listed: " + e, e);
        }
    }

    /** Runs every data set of the case. */
    public Result run(NetworkOptions options) {
        try {
            Graph graph = Graph.load(folder.resolve("model.onnx"));
            try (PreparedNetwork network = Network.of(graph).prepare(options)) {
                for (Path dataSet : list(folder, "test_data_set_*")) {
                    Optional<String> difference = run(network, dataSet);
                    if (difference.isPresent()) {
                        return graph.nodes().stream().anyMatch(ConformanceCase::draws)
                                ? new Result(name, Status.UNSUPPORTED, "expects another generator's random numbers")
                                : new Result(name, Status.FAIL, difference.get());
                    }
                }
            }
            return new Result(name, Status.PASS, "");
        } catch (UnsupportedOperatorException | UnsupportedKernelException e) {
            return new Result(name, Status.UNSUPPORTED, e.getMessage());
        } catch (TersorException e) {
            return new Result(name, Status.FAIL, e.getMessage());
        } catch (RuntimeException e) {
            return new Result(name, Status.FAIL, e.toString());
        }
    }

    /** Returns whether a node draws random numbers, for which ONNX prescribes no generator. */
    private static boolean draws(Node node) {
        return node.domain().isEmpty() && RANDOM.contains(node.opType())
                || node.is("Dropout") && node.input(2).isPresent();
    }

    private static Optional<String> run(PreparedNetwork network, Path dataSet) {
        try (Arena arena = Arena.ofShared()) {
            Map<String, Value> inputs = new LinkedHashMap<>();
            List<Path> files = list(dataSet, "input_*.pb");
            for (int i = 0; i < files.size() && i < network.inputs().size(); i++) {
                Path file = dataSet.resolve("input_" + i + ".pb");
                ValueInfo info = network.inputs().get(i);
                inputs.put(info.name(), OnnxValues.read(file, info, arena));
            }
            Map<String, Value> outputs = network.evaluate(inputs, arena);
            for (int i = 0; i < list(dataSet, "output_*.pb").size(); i++) {
                ValueInfo info = network.outputs().get(i);
                Value expected = OnnxValues.read(dataSet.resolve("output_" + i + ".pb"), info, arena);
                Optional<String> difference = Comparison.difference(expected, outputs.get(info.name()));
                if (difference.isPresent()) {
                    return Optional.of("output " + info.name() + ": " + difference.get());
                }
            }
            return Optional.empty();
        }
    }

    private static List<Path> list(Path folder, String pattern) {
        try (var stream = Files.newDirectoryStream(folder, pattern)) {
            List<Path> paths = new java.util.ArrayList<>();
            stream.forEach(paths::add);
            paths.sort(null);
            return paths;
        } catch (IOException e) {
            throw new ModelFormatException(folder, "cannot be listed: " + e, e);
        }
    }
}
