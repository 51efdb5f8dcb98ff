package io.tersor.model.ops;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;

/** A body whose work threads can share; what it computes does not depend on how many there are. */
@FunctionalInterface
public interface SharedBody extends Computation.Body {
    /** Bytes copied in long runs for which another thread is worth waking: that takes about as long as copying half. */
    long PART_BYTES = 1 << 19;

    /** Computes outputs from inputs; neither array may be kept or changed. */
    void run(Tensor[] inputs, Tensor[] outputs, Parallelism parallelism);

    @Override
    default void run(Tensor[] inputs, Tensor[] outputs) {
        run(inputs, outputs, Parallelism.SINGLE);
    }

    /** Returns the body with the given threads for what it can share. */
    static Computation.Body on(Computation.Body body, Parallelism parallelism) {
        return body instanceof SharedBody shared && parallelism.threads() > 1
                ? (in, out) -> shared.run(in, out, parallelism) : body;
    }

    /**
     * Runs ranges that together are 0 to {@code count} - 1, each long enough for a thread to be worth waking for it.
     *
     * @param bytes how much copying takes as long as all of them
     */
    static void ranges(Parallelism parallelism, long count, long bytes, Parallelism.Range range) {
        parallelism.ranges(count, bytes / PART_BYTES, range);
    }
}
