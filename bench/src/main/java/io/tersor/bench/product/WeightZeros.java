package io.tersor.bench.product;

import io.tersor.tensor.Tensor;

/** Which weights are zero. */
@FunctionalInterface
public interface WeightZeros {
    /** Leaves all as they are. */
    WeightZeros NONE = _ -> {};

    /**
     * Sets the zeros.
     *
     * @param weights [outputs, inputs] or OIHW, any strides
     */
    void applyTo(Tensor weights);

    /** Sets a weight, by its row-major index, to zero, or to one where it is to be kept but is zero. */
    static void set(Tensor weights, long index, boolean zero) {
        if (zero) {
            weights.set(index, 0);
        } else if (weights.get(index) == 0) {
            weights.set(index, 1);
        }
    }
}
