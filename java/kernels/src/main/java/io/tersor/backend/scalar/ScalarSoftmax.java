package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Softmax row by row; exponentials and their sum are binary64. */
final class ScalarSoftmax extends Unary {
    private final boolean logarithm;

    ScalarSoftmax(SoftmaxSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.logarithm = spec.logarithm();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long columns = src.shape().dim(-1);
        for (long row = 0; row < src.shape().elements(); row += columns) {
            softmax(src.data(), dst.data(), row, columns);
        }
    }

    private void softmax(MemorySegment src, MemorySegment dst, long row, long columns) {
        float max = Float.NEGATIVE_INFINITY;
        for (long i = row; i < row + columns; i++) {
            max = Math.max(max, Elements.getFloat(src, i));
        }
        double sum = 0;
        for (long i = row; i < row + columns; i++) {
            double power = Math.exp((double) Elements.getFloat(src, i) - max);
            sum += power;
            if (!logarithm) {
                Elements.setFloat(dst, i, (float) power);
            }
        }
        double log = Math.log(sum);
        for (long i = row; i < row + columns; i++) {
            Elements.setFloat(dst, i, logarithm ? (float) ((double) Elements.getFloat(src, i) - max - log)
                    : (float) (Elements.getFloat(dst, i) / sum));
        }
    }
}
