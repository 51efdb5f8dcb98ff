package io.tersor.bench;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A network to be timed on one input: prepared, with seeded inputs and room for its outputs. Closing frees all of it.
 * For one thread at a time.
 */
public final class NetworkWorkload implements AutoCloseable {
    private static final long SEED = 20240229;
    private static final Set<String> QUANTIZED = Set.of("QuantizeLinear", "QLinearConv", "QLinearMatMul");

    private final Arena arena = Arena.ofShared();
    private final PreparedNetwork network;
    private final Map<String, Tensor> inputs;
    private final Map<String, Tensor> outputs;

    /**
     * Prepares a network.
     *
     * @param batch the extent of an open first dimension of each input
     */
    public NetworkWorkload(Graph graph, int batch, NetworkOptions options) {
        this.network = Network.of(graph).prepare(options);
        this.inputs = randomInputs(graph.inputs(), batch);
        this.outputs = network.run(inputs, arena);
    }

    private Map<String, Tensor> randomInputs(List<ValueInfo> infos, int batch) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (ValueInfo info : infos) {
            Tensor tensor = Tensor.allocate(arena, info.type(), shape(info, batch));
            for (long i = 0; i < tensor.shape().elements(); i++) {
                if (info.type().isFloating()) {
                    tensor.set(i, 2 * random.nextFloat() - 1);
                } else {
                    tensor.setLong(i, info.type() == DataType.BOOL ? random.nextInt(2) : random.nextInt(8));
                }
            }
            tensors.put(info.name(), tensor);
        }
        return tensors;
    }

    private static Shape shape(ValueInfo info, int batch) {
        List<Dim> dims = info.dims()
                .orElseThrow(() -> new OperandException("input " + info.name(), "a declared shape", "none"));
        long[] extents = new long[dims.size()];
        for (int axis = 0; axis < extents.length; axis++) {
            boolean fixed = dims.get(axis) instanceof Dim.Known;
            OperandException.check(fixed || axis == 0, "input " + info.name(), "only the first dimension left open",
                    info.describe());
            extents[axis] = dims.get(axis) instanceof Dim.Known(long extent) ? extent : batch;
        }
        return Shape.of(extents);
    }

    /**
     * Compares the outputs with the scalar backend's, once, before anything is timed, by the relative error in the
     * Euclidean norm: 1e-4, or 0.05 where oneDNN runs a quantized network and may round single values the other way.
     *
     * @throws VerificationException if they differ by more
     */
    public void verify(Graph graph) {
        boolean quantized = graph.nodes().stream().anyMatch(node -> QUANTIZED.contains(node.opType()));
        boolean rounds = quantized && kernels().stream().anyMatch(kernel -> kernel.startsWith("onednn/"));
        network.run(inputs, outputs);
        try (Arena scratch = Arena.ofShared();
                PreparedNetwork reference = Network.of(graph).prepare(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            reference.run(inputs, scratch).forEach(
                    (name, expected) -> compare(name, outputs.get(name), expected, rounds ? 0.05 : 1e-4));
        }
    }

    private void compare(String name, Tensor actual, Tensor expected, double tolerance) {
        double error = 0;
        double norm = 0;
        for (long i = 0; i < expected.shape().elements(); i++) {
            double difference = actual.get(i) - expected.get(i);
            error += difference * difference;
            norm += expected.get(i) * expected.get(i);
        }
        double relative = Math.sqrt(error / Math.max(norm, Double.MIN_NORMAL));
        if (!(relative <= tolerance)) {
            throw new VerificationException("output " + name + " is off the scalar backend's by " + relative
                    + " of its norm, more than " + tolerance);
        }
    }

    /** Runs once. */
    public void run() {
        network.run(inputs, outputs);
    }

    /** Returns the steps as they run. */
    public List<StepInfo> steps() {
        return network.kernels();
    }

    /** Returns the distinct kernels that run, in the order of their first step. */
    public List<String> kernels() {
        return network.kernels().stream().map(StepInfo::kernel).distinct().toList();
    }

    /** Returns the times of each step, over the given number of runs. */
    public List<StepTiming> profile(int runs) {
        List<List<StepTime>> profiles = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            profiles.add(network.profile(inputs));
        }
        List<StepTiming> timings = new ArrayList<>();
        for (int step = 0; step < profiles.getFirst().size(); step++) {
            int index = step;
            long[] nanos = profiles.stream().mapToLong(profile -> profile.get(index).nanos()).sorted().toArray();
            timings.add(new StepTiming(profiles.getFirst().get(index).step(), nanos[nanos.length / 2] / 1e3));
        }
        return timings;
    }

    /** The median time of one step. */
    public record StepTiming(StepInfo step, double medianMicros) {}

    @Override
    public void close() {
        network.close();
        arena.close();
    }
}
