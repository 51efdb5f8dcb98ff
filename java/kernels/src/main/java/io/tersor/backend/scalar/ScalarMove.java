package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Moves element by element, each from the place that its index tells. */
final class ScalarMove extends Unary {
    private final MoveSpec spec;

    ScalarMove(MoveSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.spec = spec;
    }

    @Override
    protected String kernelName() {
        return spec.name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long bytes = spec.type().bits() / 8;
        for (long i = 0; i < dst.shape().elements(); i++) {
            long at = spec.offset();
            long rest = i;
            for (int axis = spec.dims().rank() - 1; axis >= 0; axis--) {
                at += rest % spec.dims().dim(axis) * spec.strides().get(axis);
                rest /= spec.dims().dim(axis);
            }
            MemorySegment.copy(src.data(), at * bytes, dst.data(), i * bytes, bytes);
        }
    }
}
