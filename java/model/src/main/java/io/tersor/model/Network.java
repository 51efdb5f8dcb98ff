package io.tersor.model;

import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.model.pass.Passes;
import java.nio.file.Path;

/**
 * A graph on its way to execution.
 *
 * <pre>{@code
 * try (PreparedNetwork net = Network.load(Path.of("resnet50-int8.onnx")).prepare(Parallelism.of(2));
 *         Arena arena = Arena.ofConfined()) {
 *     Tensor logits = net.run(image, arena);
 * }
 * }</pre>
 *
 * Immutable and thread-safe.
 */
public final class Network {
    private final Graph graph;

    private Network(Graph graph) {
        this.graph = graph;
    }

    /** Returns the network of a graph. */
    public static Network of(Graph graph) {
        return new Network(graph);
    }

    /** Returns the network of an ONNX file; see {@link Graph#load}. */
    public static Network load(Path file) {
        return new Network(Graph.load(file));
    }

    /** Returns the graph as it was given. */
    public Graph graph() {
        return graph;
    }

    /** Prepares with the fastest backends, on the calling thread alone. */
    public PreparedNetwork prepare() {
        return prepare(NetworkOptions.DEFAULT);
    }

    /** Prepares on one backend, on the calling thread alone. */
    public PreparedNetwork prepare(Backend backend) {
        return prepare(NetworkOptions.DEFAULT.on(backend));
    }

    /** Prepares with the fastest backends and the given threads. */
    public PreparedNetwork prepare(Parallelism parallelism) {
        return prepare(NetworkOptions.DEFAULT.with(parallelism));
    }

    /**
     * Fuses operators, packs weights, chooses kernels.
     *
     * <p>Fused operators round less: in a quantized network a sum behind a product adds the product's result as it is,
     * not as QuantizeLinear between them would round it. Outputs may be a step of their scale from those of the
     * operators one by one.
     *
     * @throws UnsupportedOperatorException if an operator is not implemented
     * @throws io.tersor.UnsupportedKernelException if the ordered backend cannot run a MatMul or Conv
     */
    public PreparedNetwork prepare(NetworkOptions options) {
        if (options.backend().isEmpty()) {
            // Loading the backends' libraries takes about as long as the passes: both at once. What fails there fails
            // again where the kernels are prepared, with the place to report it.
            Thread.ofPlatform().daemon().name("tersor-backends").uncaughtExceptionHandler((_, _) -> { })
                    .start(KernelRegistry.standard()::statuses);
        }
        return new PreparedNetwork(graph, Passes::forParts, Passes::forExecution, options);
    }

    /**
     * Prepares for calibration: nothing is fused, so that every value of the graph can be seen. Close the result when
     * done.
     */
    public ObservedNetwork observed(NetworkOptions options) {
        return new ObservedNetwork(graph, options);
    }
}
