package io.tersor.compress;

import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.ObservedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Inputs like those a network is going to see, and how the ranges of its values are derived from running it on them.
 *
 * @param inputs a tensor for every input; axis 0 counts the samples, as many in each
 * @param calibrator how a range is derived, unless the recipe says otherwise
 * @param options how the FP32 network runs
 * @param progress is told the number of samples after each batch
 */
public record Calibration(Map<String, Tensor> inputs, Calibrator calibrator, NetworkOptions options,
        LongConsumer progress) {
    // Large enough to keep the kernels busy, small enough for every value of a big network to fit into memory.
    private static final long BATCH = 8;

    /** Checks that all inputs have as many samples and copies the map. */
    public Calibration {
        inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
        if (inputs.isEmpty()) {
            throw new CompressException("calibration: expected at least one input, got none");
        }
        inputs.forEach((name, tensor) -> {
            if (tensor.shape().rank() == 0 || tensor.shape().dim(0) == 0) {
                throw new CompressException("calibration input " + name + ": expected samples along axis 0, got "
                        + tensor);
            }
        });
        if (inputs.values().stream().map(tensor -> tensor.shape().dim(0)).distinct().count() > 1) {
            throw new CompressException("calibration: expected as many samples for every input, got " + inputs);
        }
    }

    /** Returns a calibration by the whole range that is seen, on the fastest backend, one thread. */
    public static Calibration of(Map<String, Tensor> inputs) {
        return new Calibration(inputs, Calibrator.MIN_MAX, NetworkOptions.DEFAULT, _ -> { });
    }

    /** Returns a calibration of a network of one input, by the whole range that is seen. */
    public static Calibration of(Graph graph, Tensor samples) {
        if (graph.inputs().size() != 1) {
            throw new CompressException("calibration: expected a network of one input, got " + graph.inputs());
        }
        return of(Map.of(graph.inputs().getFirst().name(), samples));
    }

    /** Returns this calibration with another way to derive ranges. */
    public Calibration with(Calibrator other) {
        return new Calibration(inputs, other, options, progress);
    }

    /** Returns this calibration with the network run in another way. */
    public Calibration with(NetworkOptions other) {
        return new Calibration(inputs, calibrator, other, progress);
    }

    /** Returns this calibration with somebody told about the number of samples done. */
    public Calibration reportingTo(LongConsumer other) {
        return new Calibration(inputs, calibrator, options, other);
    }

    /** Returns the number of samples. */
    public long samples() {
        return inputs.values().iterator().next().shape().dim(0);
    }

    /**
     * Runs a network on all samples and returns the ranges of some of its f32 values.
     *
     * @throws CompressException if a value is not finite, or the samples cannot be divided into the network's batches
     */
    Map<String, Range> observe(Graph graph, Collection<String> values, Calibrator how) {
        Map<String, RangeObserver> observers = new HashMap<>();
        values.forEach(value -> observers.put(value, how.observer()));
        long batch = Math.min(samples(), batch(graph));
        if (samples() < batch(graph) && isFixed(graph)) {
            throw new CompressException("calibration: expected at least " + batch(graph)
                    + " samples, the network's batch, got " + samples());
        }
        try (ObservedNetwork network = Network.of(graph).observed(options)) {
            for (long start = 0; start < samples(); start += batch) {
                long size = Math.min(batch, samples() - start);
                if (size < batch && isFixed(graph)) {
                    return ranges(observers);
                }
                Map<String, Tensor> part = slice(start, size);
                network.run(part, (value, tensor) -> accept(observers, value, tensor));
                progress.accept(start + size);
            }
        }
        return ranges(observers);
    }

    private Map<String, Tensor> slice(long start, long size) {
        Map<String, Tensor> part = new HashMap<>();
        inputs.forEach((name, tensor) -> part.put(name, tensor.slice(0, start, size)));
        return part;
    }

    private static void accept(Map<String, RangeObserver> observers, String value, Tensor tensor) {
        Optional.ofNullable(observers.get(value)).ifPresent(observer -> {
            if (tensor.type() != DataType.F32) {
                throw new CompressException("value " + value + ": expected f32, got " + tensor);
            }
            try {
                observer.accept(tensor.toFloats());
            } catch (CompressException failure) {
                throw new CompressException("value " + value + " on the calibration data: " + failure.getMessage());
            }
        });
    }

    private static Map<String, Range> ranges(Map<String, RangeObserver> observers) {
        Map<String, Range> ranges = new HashMap<>();
        observers.forEach((value, observer) -> {
            try {
                ranges.put(value, observer.range());
            } catch (CompressException failure) {
                throw new CompressException("value " + value + " on the calibration data: " + failure.getMessage());
            }
        });
        return ranges;
    }

    private static long batch(Graph graph) {
        return fixedBatch(graph).orElse(BATCH);
    }

    private static boolean isFixed(Graph graph) {
        return fixedBatch(graph).isPresent();
    }

    /** Returns the extent of axis 0 of the first input, if the network fixes it. */
    private static Optional<Long> fixedBatch(Graph graph) {
        ValueInfo input = graph.inputs().getFirst();
        List<Dim> dims = input.dims().orElse(List.of());
        return !dims.isEmpty() && dims.getFirst() instanceof Dim.Known(long extent) ? Optional.of(extent)
                : Optional.empty();
    }
}
