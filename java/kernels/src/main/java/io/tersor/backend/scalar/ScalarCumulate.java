package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Cumulative sums line by line, in binary64. */
final class ScalarCumulate extends Unary {
    private final CumulateSpec spec;

    ScalarCumulate(CumulateSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.spec = spec;
    }

    @Override
    protected String kernelName() {
        return spec.name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long count = src.shape().dim(1);
        long inner = src.shape().dim(2);
        for (long line = 0; line < src.shape().dim(0) * inner; line++) {
            double sum = 0;
            for (long k = 0; k < count; k++) {
                long at = (line / inner * count + (spec.reverse() ? count - 1 - k : k)) * inner + line % inner;
                double next = sum + Elements.getFloat(src.data(), at);
                Elements.setFloat(dst.data(), at, (float) (spec.exclusive() ? sum : next));
                sum = next;
            }
        }
    }
}
