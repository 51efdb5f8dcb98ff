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
    static void ranges(Parallelism parallelism, long count, long bytes, Range range) {
        long parts = parallelism.threads() == 1 ? 1
                : Math.min(count, Math.min(4L * parallelism.threads(), bytes / PART_BYTES));
        if (parts <= 1) {
            range.run(0, count);
            return;
        }
        // As many for each thread.
        parts -= parts > parallelism.threads() ? parts % parallelism.threads() : 0;
        long length = Math.ceilDiv(count, parts);
        parallelism.run(Math.ceilDiv(count, length),
                part -> range.run(part * length, Math.min(count, (part + 1) * length)));
    }

    /** Some of a body's work. */
    @FunctionalInterface
    interface Range {
        /** Does what belongs to the indices from {@code first} to before {@code end}. */
        void run(long first, long end);
    }
}
