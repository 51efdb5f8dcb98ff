package io.tersor.model.ops;

import io.tersor.tensor.Tensor;

/**
 * A body whose results are weighted sums of an image's pixels, the same for all channels. Results come in parts of one
 * image each: those that a grid has for it, or the bins of a region.
 */
public interface SampledBody extends Computation.Body {
    /** Returns how many parts there are, one after the other in the output. */
    long parts();

    /** Returns the results of a part. */
    int count();

    /** Returns which image of input 0 a part is of. */
    long image(Tensor[] inputs, long part);

    /** Returns the products of each result of a part, at least one. */
    int taps(Tensor[] inputs, long part);

    /**
     * Tells the pixels and weights of a part.
     *
     * @param index [taps, count]: pixels, or -1 for products that are left out
     * @param weights [taps, count]
     */
    void fill(Tensor[] inputs, long part, int[] index, float[] weights);
}
