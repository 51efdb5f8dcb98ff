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
     * @param matrix a view of the weights as {@link ProductShape#matrix} returns it
     */
    void applyTo(Tensor matrix);

    /** Sets a weight, by its row-major index in the matrix, to zero, or to one where it is to be kept but is zero. */
    static void set(Tensor matrix, long index, boolean zero) {
        if (zero) {
            matrix.set(index, 0);
        } else if (matrix.get(index) == 0) {
            matrix.set(index, 1);
        }
    }
}
