package io.tersor.bench;

import io.tersor.bench.NetworkWorkload.StepTiming;
import io.tersor.bench.measure.Timing;
import io.tersor.compress.Evaluation;
import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.tensor.Tensor;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One network of the demo, before and after compression.
 *
 * @param images f32, [n, ...]
 * @param labels integers [n], the right class of each image
 * @param backends those on which its time is bearable
 */
record DemoNetwork(String name, Graph fp32, Graph int8, Tensor images, Tensor labels, List<Backend> backends) {
    private static final int PROFILED_RUNS = 5;
    private static final int MIN_RUNS = 5;

    /**
     * What the demo found for one network in one precision on one backend.
     *
     * @param top1 share of the images whose largest output is the answer
     * @param parameterBytes all constants of the graph
     * @param microsPerImage median time of one image, one thread
     * @param kernel of the backend's kernels the one that takes the largest part of the time
     */
    record Result(String precision, Backend backend, double top1, long parameterBytes, double microsPerImage,
            String kernel) {}

    /** Runs the images, then times one. */
    Result measure(String precision, Graph graph, Backend backend, double seconds) {
        double top1 = evaluate(graph, images, labels, backend).top1();
        PreparedNetwork network = Network.of(graph).prepare(NetworkOptions.DEFAULT.on(backend));
        Map<String, Tensor> image = Map.of(graph.inputs().getFirst().name(), images.slice(0, 0, 1));
        try (NetworkWorkload workload = new NetworkWorkload(network, image)) {
            Timing timing = Timing.of(workload::run, seconds, seconds, MIN_RUNS);
            return new Result(precision, backend, top1, parameterBytes(graph), timing.medianMicros(),
                    busiestKernel(workload, backend));
        }
    }

    /** Runs the images one by one. */
    static Evaluation evaluate(Graph graph, Tensor images, Tensor labels, Backend backend) {
        try (PreparedNetwork network = Network.of(graph).prepare(NetworkOptions.DEFAULT.on(backend))) {
            return Evaluation.of(network, images, labels, 1, _ -> { });
        }
    }

    private static long parameterBytes(Graph graph) {
        return graph.initializers().values().stream().mapToLong(Tensor::byteSize).sum();
    }

    private static String busiestKernel(NetworkWorkload workload, Backend backend) {
        Map<String, Double> micros = new HashMap<>();
        for (StepTiming step : workload.profile(PROFILED_RUNS).steps()) {
            if (step.step().kernel().startsWith(backend.label() + "/")) {
                micros.merge(step.step().kernel(), step.medianMicros(), Double::sum);
            }
        }
        return micros.entrySet().stream().max(Comparator.comparing(Map.Entry::getValue)).orElseThrow().getKey();
    }
}
