package io.tersor.model.ops;

import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;

/**
 * A body that moves the elements of input 0.
 *
 * @param spec of a kernel that does the same
 * @param body does it where there is no such kernel
 */
public record MoveBody(MoveSpec spec, SharedBody body) implements SharedBody {
    @Override
    public void run(Tensor[] inputs, Tensor[] outputs, Parallelism parallelism) {
        body.run(inputs, outputs, parallelism);
    }
}
