package io.tersor.model.ops;

import io.tersor.kernel.Parallelism;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Tensor;
import java.util.List;

/**
 * A body that moves parts of input 0 to an output each.
 *
 * @param specs of kernels that do the same, for shapes that are their own
 * @param body does it where there are no such kernels
 */
public record SplitBody(List<UnarySpec> specs, SharedBody body) implements SharedBody {
    @Override
    public void run(Tensor[] inputs, Tensor[] outputs, Parallelism parallelism) {
        body.run(inputs, outputs, parallelism);
    }
}
