package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Reduces element by element, in binary64. */
final class ScalarReduce extends Unary {
    private final ReduceSpec reduce;

    ScalarReduce(ReduceSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.reduce = spec;
    }

    @Override
    protected String kernelName() {
        return reduce.name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        MemorySegment from = src.data();
        long count = src.shape().dim(1);
        long inner = src.shape().dim(2);
        for (long to = 0; to < dst.shape().elements(); to++) {
            long first = to / inner * count * inner + to % inner;
            double state = reduce.kind().start();
            for (long r = 0; r < count; r++) {
                state = reduce.kind().add(state, Elements.getFloat(from, first + r * inner));
            }
            Elements.setFloat(dst.data(), to, (float) reduce.kind().finish(state, count));
        }
    }
}
