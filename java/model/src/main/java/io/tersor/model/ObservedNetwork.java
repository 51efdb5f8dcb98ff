package io.tersor.model;

import io.tersor.tensor.Tensor;
import java.util.Map;

/** A network whose values can be watched while it runs, for calibration. Thread-safe. */
public final class ObservedNetwork implements AutoCloseable {
    private final PreparedNetwork network;

    ObservedNetwork(Graph graph, NetworkOptions options) {
        this.network = new PreparedNetwork(graph, whole -> whole, part -> part, options);
    }

    /** Returns the inputs. */
    public java.util.List<ValueInfo> inputs() {
        return network.inputs();
    }

    /** Runs the network once and shows every value to the observer. */
    public void run(Map<String, Tensor> inputs, ValueObserver observer) {
        network.observe(inputs, observer);
    }

    /** Frees kernels and activation memory. */
    @Override
    public void close() {
        network.close();
    }
}
