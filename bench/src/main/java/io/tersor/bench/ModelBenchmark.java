package io.tersor.bench;

import io.tersor.bench.measure.Rounds;
import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.MachineLimits;
import io.tersor.bench.product.ProductTypes;
import io.tersor.cli.Progress;
import io.tersor.compress.Recipe;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Loads a network, compares its outputs with those of peers, and times all of them in turn. For one thread. */
final class ModelBenchmark {
    /** The peer that runs the network before compression. */
    static final String UNCOMPRESSED_PEER = OnnxRuntimePeer.NAME + "-fp32";

    /** The peer that is the network itself without sparse kernels. */
    static final String DENSE_PEER = "dense";

    private static final int LOADS = 3;
    private static final int PROFILED_RUNS = 11;

    private final ModelFiles files;
    private final Path file;
    private final NetworkOptions options;
    private final Set<String> peers;
    private final double seconds;

    /**
     * @param recipe by which the network is compressed first
     * @param peers names, in the order of the report
     * @param seconds how long to time each
     */
    ModelBenchmark(ModelFiles files, Optional<Recipe> recipe, NetworkOptions options, Set<String> peers,
            double seconds) {
        this.files = files;
        this.file = files.file(recipe);
        this.options = options;
        this.peers = peers;
        this.seconds = seconds;
    }

    /**
     * Measures.
     *
     * @throws io.tersor.bench.measure.VerificationException if outputs differ; nothing is timed then
     */
    ModelResult measure(int batch, Progress progress) {
        try (Arena arena = Arena.ofShared()) {
            progress.step("loading");
            double loadMicros = loadMicros();
            Graph graph = Graph.load(file);
            Map<String, Tensor> inputs = files.inputs(arena, graph, batch);
            PreparedNetwork prepared = Network.of(graph).prepare(options);
            long start = System.nanoTime();
            try (NetworkWorkload workload = new NetworkWorkload(NetworkWorkload.NAME, backend(), prepared, inputs)) {
                double firstRunMicros = micros(start);
                List<NetworkContender> others = new ArrayList<>();
                try {
                    progress.step("verifying");
                    List<Agreement> agreements = verify(workload, graph, others);
                    progress.step("timing");
                    return time(workload, graph, others, agreements, loadMicros, firstRunMicros);
                } finally {
                    others.forEach(NetworkContender::close);
                }
            }
        }
    }

    private static double micros(long start) {
        return (System.nanoTime() - start) / 1e3;
    }

    /** Returns the shortest time from the file to a network that can run. */
    private double loadMicros() {
        double shortest = Double.POSITIVE_INFINITY;
        for (int i = 0; i < LOADS; i++) {
            long start = System.nanoTime();
            try (PreparedNetwork _ = Network.load(file).prepare(options)) {
                shortest = Math.min(shortest, micros(start));
            }
        }
        return shortest;
    }

    /** Adds the peers; returns how the outputs agree with each of theirs. */
    private List<Agreement> verify(NetworkWorkload workload, Graph graph, List<NetworkContender> others) {
        if (peers.stream().allMatch(DENSE_PEER::equals)) {
            workload.verify(graph);
        }
        List<Agreement> agreements = new ArrayList<>();
        for (String name : peers) {
            NetworkContender peer = peer(name, workload, graph);
            others.add(peer);
            Agreement agreement = Agreement.of(workload.outputs(), peer.outputs());
            switch (name) {
                case UNCOMPRESSED_PEER -> verifyUncompressed(workload.inputs(), peer);
                case DENSE_PEER -> agreement.check(
                        Math.max(workload.tolerance(graph), ((NetworkWorkload) peer).tolerance(graph)), name);
                default -> agreement.check(NetworkWorkload.allowsIntegers(graph) ? Agreement.QUANTIZED : Agreement.REAL,
                        name);
            }
            agreements.add(agreement);
        }
        return agreements;
    }

    private NetworkContender peer(String name, NetworkWorkload workload, Graph graph) {
        if (name.equals(DENSE_PEER)) {
            return new NetworkWorkload(name, backend(), Network.of(graph).prepare(options.dense()), workload.inputs());
        }
        Path model = name.equals(UNCOMPRESSED_PEER) ? files.original() : file;
        return new OnnxRuntimePeer(name, model, options.parallelism().threads(), workload.inputs(), workload.outputs());
    }

    private void verifyUncompressed(Map<String, Tensor> inputs, NetworkContender peer) {
        try (Arena arena = Arena.ofShared();
                PreparedNetwork network = Network.load(files.original()).prepare(options)) {
            Agreement.of(network.run(inputs, arena), peer.outputs()).check(Agreement.REAL, peer.name());
        }
    }

    private ModelResult time(NetworkWorkload workload, Graph graph, List<NetworkContender> others,
            List<Agreement> agreements, double loadMicros, double firstRunMicros) {
        List<NetworkContender> contenders = new ArrayList<>(List.of(workload));
        contenders.addAll(others);
        WarmUp warmUp = new WarmUp(seconds);
        contenders.forEach(warmUp::run);
        Rounds rounds = Rounds.of(contenders, seconds);
        List<ModelResult.Row> rows = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            NetworkContender contender = contenders.get(i);
            boolean quantized = !contender.name().equals(UNCOMPRESSED_PEER) && NetworkWorkload.isQuantized(graph);
            rows.add(new ModelResult.Row(contender.name(), contender.how(),
                    quantized ? "INT8" : "FP32", rounds.timing(i), rounds.speed(0, i),
                    i == 0 ? Optional.empty() : Optional.of(agreements.get(i - 1))));
        }
        return new ModelResult(rows, workload.profile(PROFILED_RUNS), workload.activationBytes(),
                workload.largestPairBytes(), loadMicros, firstRunMicros,
                GraphProducts.operations(graph, workload.inputs()), peak(NetworkWorkload.isQuantized(graph)));
    }

    /** Measures what all threads together could do at most, by the instruction set of our own kernels. */
    private Optional<ModelResult.Peak> peak(boolean quantized) {
        Backend backend = options.backend().orElse(Backend.NATIVE);
        ProductTypes types = quantized ? ProductTypes.U8S8U8 : ProductTypes.F32F32F32;
        Optional<String> limit = KernelRegistry.standard().status(backend) instanceof BackendStatus.Available available
                ? MachineLimits.limit(types, backend.label(), available.isa()) : Optional.empty();
        if (limit.isEmpty()) {
            return Optional.empty();
        }
        OptionalDouble rate = BenchLibrary.find("bench model").map(MachineLimits::new)
                .map(limits -> limits.rate(limit.get())).orElse(OptionalDouble.empty());
        return rate.isEmpty() ? Optional.empty() : Optional.of(
                new ModelResult.Peak(limit.get(), rate.getAsDouble() * options.parallelism().threads()));
    }

    private String backend() {
        return options.backend().map(backend -> backend.label()).orElse("auto");
    }
}
