package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;

/** Weighted sums element by element. */
final class ScalarInterpolate extends Interpolate {
    ScalarInterpolate(InterpolateSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long first, long count, Tensor src, Tensor index, Tensor weights, Tensor dst) {
        long extent = src.shape().dim(1);
        long inner = src.shape().dim(2);
        long taps = index.shape().dim(0);
        long positions = index.shape().dim(1);
        for (long row = first * positions; row < (first + count) * positions; row++) {
            long outer = row / positions;
            long i = row % positions;
            for (long j = 0; j < inner; j++) {
                float sum = 0;
                for (long t = 0; t < taps; t++) {
                    int position = index.data().getAtIndex(ValueLayout.JAVA_INT, t * positions + i);
                    if (position >= extent) {
                        throw beyond(index, extent);
                    }
                    if (position >= 0) {
                        sum += Elements.getFloat(weights.data(), t * positions + i)
                                * Elements.getFloat(src.data(), (outer * extent + position) * inner + j);
                    }
                }
                Elements.setFloat(dst.data(), row * inner + j, sum);
            }
        }
    }
}
