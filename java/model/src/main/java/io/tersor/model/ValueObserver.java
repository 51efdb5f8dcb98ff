package io.tersor.model;

import io.tersor.tensor.Tensor;

/** Sees every value of a network as it runs. */
@FunctionalInterface
public interface ValueObserver {
    /**
     * Called for each graph input and each node output once, in the order of computation.
     *
     * @param value the value's name in the graph
     * @param tensor its elements in the graph's own shape (images are NCHW), contiguous; valid during the call only
     */
    void observe(String value, Tensor tensor);
}
