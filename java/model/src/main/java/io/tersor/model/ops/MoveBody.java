package io.tersor.model.ops;

import io.tersor.kernel.Parallelism;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Tensor;

/**
 * A body that moves the elements of input 0.
 *
 * @param spec of a kernel that does the same, for shapes that are its own
 * @param body does it where there is no such kernel
 */
public record MoveBody(UnarySpec spec, SharedBody body) implements SharedBody {
    @Override
    public void run(Tensor[] inputs, Tensor[] outputs, Parallelism parallelism) {
        body.run(inputs, outputs, parallelism);
    }
}
