package io.tersor.bench;

import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/**
 * A network to be timed on the same inputs again and again: prepared, with room for its outputs. Closing frees both.
 * For one thread at a time.
 */
public final class NetworkWorkload implements NetworkContender {
    /** Its name beside those of peers. */
    static final String NAME = "tersor";

    private static final Set<String> QUANTIZED = Set.of("QuantizeLinear", "QLinearConv", "QLinearMatMul",
            "DynamicQuantizeLinear", "DynamicQuantizeLSTM", "DynamicQuantizeMatMul");

    /** The accuracy_level of MatMulNBits that lets its source be rounded to 8 bits. */
    private static final int INTEGERS = 4;

    // oneDNN's kernels, those of sums of floats, and those whose results are quantized at run time.
    private static final Pattern ROUNDS_OTHERWISE = Pattern.compile(
            "^onednn/|/(layer_norm|rms_norm|softmax|attention|rnn_cell|gru_cell|lstm_cell|quantizer_bytes)_");

    private final String name;
    private final String how;
    private final Arena arena = Arena.ofShared();
    private final PreparedNetwork network;
    private final Map<String, Tensor> inputs;
    private final Map<String, Tensor> outputs;

    /**
     * Takes a network over and runs it once.
     *
     * @param inputs a tensor for every input, for as long as this is used
     */
    public NetworkWorkload(PreparedNetwork network, Map<String, Tensor> inputs) {
        this(NAME, "", network, inputs);
    }

    /**
     * Takes a network over and runs it once.
     *
     * @param name of it in reports
     * @param how it was prepared, likewise
     */
    NetworkWorkload(String name, String how, PreparedNetwork network, Map<String, Tensor> inputs) {
        this.name = name;
        this.how = how;
        this.network = network;
        this.inputs = inputs;
        try {
            this.outputs = network.run(inputs, arena);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Returns whether a network computes with integers. */
    public static boolean isQuantized(Graph graph) {
        return graph.nodes().stream().anyMatch(node -> QUANTIZED.contains(node.opType()));
    }

    /** Returns whether a peer may compute with integers: a network does, or lets products of few bits be such. */
    static boolean allowsIntegers(Graph graph) {
        return isQuantized(graph) || graph.nodes().stream().anyMatch(node -> node.opType().equals("MatMulNBits")
                && node.attributes().integer("accuracy_level", 0) == INTEGERS);
    }

    /**
     * Compares the outputs with the scalar backend's, by the relative error in the Euclidean norm: 1e-4, or 0.05 where
     * single values of a quantized network may be rounded the other way: by oneDNN, or after sums of floats, whose order
     * differs between backends.
     *
     * @param graph what was prepared
     * @throws io.tersor.bench.measure.VerificationException if they differ by more
     */
    public void verify(Graph graph) {
        run();
        try (Arena scratch = Arena.ofShared();
                PreparedNetwork reference = Network.of(graph).prepare(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            Agreement.of(outputs, reference.run(inputs, scratch))
                    .check(tolerance(graph), "the scalar backend");
        }
    }

    /** Returns what its outputs may differ by from those of our other kernels, see {@link #verify}. */
    double tolerance(Graph graph) {
        return isQuantized(graph) && kernels().stream().anyMatch(kernel -> ROUNDS_OTHERWISE.matcher(kernel).find())
                ? Agreement.QUANTIZED : Agreement.REAL;
    }

    /** Runs once. */
    public void run() {
        network.run(inputs, outputs);
    }

    /** Returns the inputs. */
    public Map<String, Tensor> inputs() {
        return inputs;
    }

    @Override
    public Map<String, Tensor> outputs() {
        return outputs;
    }

    /** Returns the steps as they run. */
    public List<StepInfo> steps() {
        return network.kernels();
    }

    /** Returns the distinct kernels that run, in the order of their first step. */
    public List<String> kernels() {
        return network.kernels().stream().map(StepInfo::kernel).distinct().toList();
    }

    /** Returns the bytes of activation memory that one run uses, inputs and outputs not counted. */
    public long activationBytes() {
        return network.activationBytes();
    }

    /** Returns the bytes of the results of two consecutive steps, of those two that have the most. */
    public long largestPairBytes() {
        List<StepInfo> steps = network.kernels();
        long largest = 0;
        for (int i = 1; i < steps.size(); i++) {
            largest = Math.max(largest, bytes(steps.get(i - 1)) + bytes(steps.get(i)));
        }
        return largest;
    }

    private static long bytes(StepInfo step) {
        return step.type().bytes(step.shape().elements());
    }

    /**
     * Times each step, in runs that take turns with plain ones, so that the machine is as fast for both.
     *
     * @param runs of each kind
     */
    public Profile profile(int runs) {
        List<List<StepTime>> profiles = new ArrayList<>();
        long[] plain = new long[runs];
        for (int i = 0; i < runs; i++) {
            plain[i] = time(1);
            profiles.add(network.profile(inputs));
        }
        List<StepTiming> timings = new ArrayList<>();
        for (int step = 0; step < profiles.getFirst().size(); step++) {
            int index = step;
            timings.add(new StepTiming(profiles.getFirst().get(index).step(),
                    medianMicros(profiles.stream().mapToLong(profile -> profile.get(index).nanos()))));
        }
        return new Profile(timings, medianMicros(Arrays.stream(plain)));
    }

    private static double medianMicros(LongStream nanos) {
        long[] sorted = nanos.sorted().toArray();
        return sorted[sorted.length / 2] / 1e3;
    }

    /**
     * Where the time of a run goes.
     *
     * @param steps median times
     * @param runMicros of a whole run, the median
     */
    public record Profile(List<StepTiming> steps, double runMicros) {
        /** Returns the sum of the steps that kernels run over the time of a run. */
        public double kernelShare() {
            return share(false);
        }

        /** Returns the sum of the steps that plain Java operators run over the time of a run. */
        public double operatorShare() {
            return share(true);
        }

        private double share(boolean operators) {
            return steps.stream().filter(step -> step.step().kernel().startsWith("java/") == operators)
                    .mapToDouble(StepTiming::medianMicros).sum() / runMicros;
        }
    }

    /** The median time of one step. */
    public record StepTiming(StepInfo step, double medianMicros) {}

    @Override
    public String name() {
        return name;
    }

    @Override
    public String how() {
        return how;
    }

    @Override
    public String kernel() {
        return NAME + "/" + String.join(",", kernels());
    }

    @Override
    public boolean isSlowToCompile() {
        return kernels().stream().anyMatch(kernel -> kernel.startsWith("vector/"));
    }

    @Override
    public long time(int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            run();
        }
        return System.nanoTime() - start;
    }

    @Override
    public void close() {
        network.close();
        arena.close();
    }
}
