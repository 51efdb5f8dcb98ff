package io.tersor.model.ops;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * A body that interpolates along one axis after the other.
 *
 * @param passes what kernels of weighted sums do for the same; empty where they cannot
 * @param body does it where there are no such kernels
 */
public record ResizeBody(Optional<List<Pass>> passes, SharedBody body) implements SharedBody {
    /**
     * Weighted sums along the middle axis of [outer, extent, inner], see {@link io.tersor.kernel.InterpolateSpec}.
     *
     * @param count positions of the result
     * @param index [taps, count]
     * @param weights [taps, count]
     */
    public record Pass(long outer, long extent, long inner, int count, int[] index, float[] weights) {
        /** Returns the products of each sum. */
        public int taps() {
            return index.length / count;
        }
    }

    @Override
    public void run(Tensor[] inputs, Tensor[] outputs, Parallelism parallelism) {
        body.run(inputs, outputs, parallelism);
    }
}
