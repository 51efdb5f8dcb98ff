package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Softmax row by row. */
final class VectorSoftmax extends Unary {
    private final boolean logarithm;
    private final ScratchPool pool;

    VectorSoftmax(SoftmaxSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.logarithm = spec.logarithm();
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long columns = src.shape().dim(-1);
        long rows = src.shape().elements() / columns;
        if (parallelism().threads() == 1) {
            for (long row = 0; row < rows; row++) {
                row(src.data(), dst.data(), row * columns, columns);
            }
            return;
        }
        parallelism().run(rows, row -> row(src.data(), dst.data(), row * columns, columns));
    }

    private void row(MemorySegment src, MemorySegment dst, long first, long columns) {
        Scratch scratch = pool.take();
        float[] x = scratch.a;
        float max = Float.NEGATIVE_INFINITY;
        for (long at = 0; at < columns; at += Chunk.LENGTH) {
            int count = load(src, first, at, columns, x);
            max = Math.max(max, LaneSums.max(x, Chunk.X, count));
        }
        double sum = 0;
        for (long at = 0; at < columns; at += Chunk.LENGTH) {
            int count = load(src, first, at, columns, x);
            Exponentials.exp(x, Chunk.X, count, max);
            sum += LaneSums.sum(x, Chunk.X, count);
            if (!logarithm) {
                Chunk.storeFloats(scratch, Chunk.X, count, dst, first + at);
            }
        }
        double log = Math.log(sum);
        for (long at = 0; at < columns; at += Chunk.LENGTH) {
            int count = load(logarithm ? src : dst, first, at, columns, x);
            if (logarithm) {
                subtract(x, count, max, log);
            } else {
                divide(x, count, (float) sum);
            }
            Chunk.storeFloats(scratch, Chunk.X, count, dst, first + at);
        }
        pool.give(scratch);
    }

    private static int load(MemorySegment from, long first, long at, long columns, float[] x) {
        int count = (int) Math.min(Chunk.LENGTH, columns - at);
        Runs.load(DataType.F32, from, first + at, 0, x, Chunk.X, count);
        return count;
    }

    private static void divide(float[] x, int count, float sum) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).div(sum).intoArray(x, Chunk.X + i);
        }
    }

    /** Compiled to vectors by the JVM. */
    private static void subtract(float[] x, int count, float max, double log) {
        for (int i = 0; i < count; i++) {
            x[i] = (float) ((double) x[i] - max - log);
        }
    }
}
