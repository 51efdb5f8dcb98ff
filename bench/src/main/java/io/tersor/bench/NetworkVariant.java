package io.tersor.bench;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TypeInference;
import io.tersor.model.ValueInfo;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A network after one recipe, with seeded inputs, and contenders whose outputs were compared with ONNX Runtime's on the
 * same file, or where that is missing with those of the scalar backend. Contenders are closed before. For one thread at
 * a time.
 */
public final class NetworkVariant implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger("io.tersor.bench");

    private final Arena arena = Arena.ofShared();
    private final NetworkRecipe recipe;
    private final Path file;
    private final Graph graph;
    private final Map<String, Tensor> inputs;
    private final Reference reference;

    /** What outputs are compared with. */
    private record Reference(String name, Map<String, Tensor> outputs) {}

    /**
     * Makes the file, if it is not there, and the outputs that are expected.
     *
     * @param batch samples in one run, where the network leaves it open
     * @throws TersorException if the network or the recipe cannot be used
     */
    public NetworkVariant(ModelFiles files, NetworkRecipe recipe, int batch) {
        this.recipe = recipe;
        try {
            this.file = files.file(recipe.recipe());
            this.graph = Graph.load(file);
            this.inputs = files.inputs(arena, graph, batch);
            this.reference = reference();
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private Reference reference() {
        try (OnnxRuntimePeer peer = peer(1)) {
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            peer.outputs().forEach((name, tensor) -> outputs.put(name, tensor.copy(arena)));
            return new Reference(peer.kernel(), outputs);
        } catch (TersorException e) {
            LOGGER.log(System.Logger.Level.WARNING, "{0}: compared with the scalar backend: {1}", file,
                    e.getMessage());
            return new Reference("the scalar backend", scalarOutputs());
        }
    }

    /** It takes seconds, so its outputs are kept beside the network's file. */
    private Map<String, Tensor> scalarOutputs() {
        Map<String, Path> kept = new LinkedHashMap<>();
        graph.outputs().forEach(output -> kept.put(output.name(), file.resolveSibling(
                file.getFileName() + "-" + kept.size() + ".npy")));
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        if (kept.values().stream().allMatch(Files::exists)) {
            kept.forEach((name, path) -> outputs.put(name, Npy.read(arena, path)));
            return outputs;
        }
        try (PreparedNetwork network = Network.of(graph).prepare(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            outputs.putAll(network.run(inputs, arena));
        }
        kept.forEach((name, path) -> keep(path, outputs.get(name)));
        return outputs;
    }

    private static void keep(Path path, Tensor tensor) {
        Path beside = path.resolveSibling(path.getFileName() + "." + ProcessHandle.current().pid());
        Npy.write(beside, tensor);
        try {
            Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private OnnxRuntimePeer peer(int threads) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        Map<String, ValueInfo> infos = TypeInference.infer(graph, shapes);
        try (Arena scratch = Arena.ofShared()) {
            Map<String, Tensor> like = new LinkedHashMap<>();
            graph.outputs().forEach(output -> like.put(output.name(), Tensor.allocate(scratch,
                    output.type(), infos.get(output.name()).shape().orElseThrow(() -> new TersorException(file
                            + ": output " + output.name() + ": expected a shape that follows from the inputs'")))));
            return new OnnxRuntimePeer(OnnxRuntimePeer.NAME, file, threads, inputs, like);
        }
    }

    /** Returns the network's file. */
    public Path file() {
        return file;
    }

    /** Returns the network as the file has it. */
    public Graph graph() {
        return graph;
    }

    /** Returns what is done to the network. */
    public NetworkRecipe recipe() {
        return recipe;
    }

    /** Returns the inputs. */
    public Map<String, Tensor> inputs() {
        return inputs;
    }

    /** Returns whether it computes with integers. */
    public boolean isQuantized() {
        return NetworkWorkload.isQuantized(graph);
    }

    /**
     * Prepares and verifies one of the library's backends. A network with sparse weights also has to agree with itself
     * without sparse kernels.
     *
     * @param backend empty for the fastest that can
     * @throws TersorException if it does not run the network
     * @throws io.tersor.bench.measure.VerificationException if its outputs are wrong
     */
    public NetworkWorkload prepare(Optional<Backend> backend, Parallelism parallelism) {
        NetworkOptions threads = NetworkOptions.DEFAULT.with(parallelism);
        NetworkOptions options = backend.map(threads::on).orElse(threads);
        NetworkWorkload workload = workload(options);
        try {
            verify(workload.outputs());
            if (!graph.sparsity().isEmpty()) {
                try (NetworkWorkload dense = workload(options.dense())) {
                    Agreement.of(workload.outputs(), dense.outputs()).check(
                            Math.max(workload.tolerance(graph), dense.tolerance(graph)), ModelBenchmark.DENSE_PEER);
                }
            }
            return workload;
        } catch (Throwable e) {
            workload.close();
            throw e;
        }
    }

    private NetworkWorkload workload(NetworkOptions options) {
        return new NetworkWorkload(options.backend().map(Backend::label).orElse("auto"), file.toString(),
                Network.of(graph).prepare(options), inputs);
    }

    /**
     * Prepares and verifies ONNX Runtime.
     *
     * @throws TersorException if it is missing or does not take the network
     * @throws io.tersor.bench.measure.VerificationException if its outputs are wrong
     */
    public NetworkContender prepareOnnxRuntime(int threads) {
        OnnxRuntimePeer peer = peer(threads);
        try {
            verify(peer.outputs());
            return peer;
        } catch (Throwable e) {
            peer.close();
            throw e;
        }
    }

    /**
     * Compares outputs with those that are expected.
     *
     * @throws io.tersor.bench.measure.VerificationException if they differ by more than rounding explains
     */
    public void verify(Map<String, Tensor> outputs) {
        Agreement.of(outputs, reference.outputs)
                .check(isQuantized() ? Agreement.QUANTIZED : Agreement.REAL, reference.name);
    }

    @Override
    public void close() {
        arena.close();
    }
}
