package io.tersor.model;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a network is to be run.
 *
 * @param backend an order for one backend, or empty for the fastest that can. Every MatMul and Conv with constant
 *     weights then runs on it or {@code prepare} fails; other operators run on it where it has them, and on the fastest
 *     other backend where it has not
 * @param parallelism the threads that a run may use; not closed with the network
 * @param tune whether the backends of matrix multiplications are chosen by measuring them all, see
 *     {@link PrepareOptions#tuned()}
 * @param sparse whether products make use of their weights' zeros as {@link Graph#sparsity()} asks, where a backend
 *     faster than the scalar one does; {@link StepInfo#note()} tells where none does
 * @param normwise whether errors of f32 convolutions may be bounded by norms alone, see
 *     {@link PrepareOptions#normwiseErrors()}
 * @param shapes shapes of inputs, by name, that are prepared for before the first run
 */
public record NetworkOptions(Optional<Backend> backend, Parallelism parallelism, boolean tune, boolean sparse,
        boolean normwise, List<Map<String, Shape>> shapes) {
    /** The fastest backends, on the calling thread alone. */
    public static final NetworkOptions DEFAULT =
            new NetworkOptions(Optional.empty(), Parallelism.SINGLE, false, true, false, List.of());

    /** Copies the shapes. */
    public NetworkOptions {
        shapes = shapes.stream().map(Map::copyOf).toList();
    }

    /** Returns these options with an order for one backend. */
    public NetworkOptions on(Backend ordered) {
        return new NetworkOptions(Optional.of(ordered), parallelism, tune, sparse, normwise, shapes);
    }

    /** Returns these options with other threads. */
    public NetworkOptions with(Parallelism threads) {
        return new NetworkOptions(backend, threads, tune, sparse, normwise, shapes);
    }

    /** Returns these options with measured tuning. */
    public NetworkOptions tuned() {
        return new NetworkOptions(backend, parallelism, true, sparse, normwise, shapes);
    }

    /** Returns these options with every weight multiplied, whatever the graph says about zeros. */
    public NetworkOptions dense() {
        return new NetworkOptions(backend, parallelism, tune, false, normwise, shapes);
    }

    /** Returns these options with errors of f32 convolutions bounded as {@link PrepareOptions#normwiseErrors} says. */
    public NetworkOptions normwiseErrors() {
        return new NetworkOptions(backend, parallelism, tune, sparse, true, shapes);
    }

    /**
     * Returns these options for a network whose inputs usually have these shapes, beside those given before: kernels
     * are chosen and weights packed for them when it is prepared, where otherwise the first run with them would wait
     * for that. Without any, open extents are taken as 1. Each shape must fit; other shapes run too.
     *
     * @param inputs the shape of every input, by name
     */
    public NetworkOptions forInputs(Map<String, Shape> inputs) {
        List<Map<String, Shape>> all = new ArrayList<>(shapes);
        all.add(inputs);
        return new NetworkOptions(backend, parallelism, tune, sparse, normwise, all);
    }

    /** Returns the options for single kernels. */
    public PrepareOptions forKernels() {
        return new PrepareOptions(backend, parallelism, PrepareOptions.DEFAULT_ROWS, tune, sparse, normwise);
    }
}
