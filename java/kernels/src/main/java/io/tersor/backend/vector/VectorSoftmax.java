package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Softmax row by row. */
final class VectorSoftmax extends Unary {
    private final ScratchPool pool;

    VectorSoftmax(SoftmaxSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
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
        float max = Float.NEGATIVE_INFINITY;
        for (long at = 0; at < columns; at += Chunk.LENGTH) {
            int count = (int) Math.min(Chunk.LENGTH, columns - at);
            Runs.load(DataType.F32, src, first + at, 0, scratch.a, Chunk.X, count);
            for (int i = 0; i < count; i++) {
                max = Math.max(max, scratch.a[Chunk.X + i]);
            }
        }
        double sum = 0;
        for (long at = 0; at < columns; at += Chunk.LENGTH) {
            int count = (int) Math.min(Chunk.LENGTH, columns - at);
            Runs.load(DataType.F32, src, first + at, 0, scratch.a, Chunk.X, count);
            Exponentials.exp(scratch.a, Chunk.X, count, max);
            for (int i = 0; i < count; i++) {
                sum += scratch.a[Chunk.X + i];
            }
            Chunk.storeFloats(scratch, Chunk.X, count, dst, first + at);
        }
        for (long i = first; i < first + columns; i++) {
            dst.setAtIndex(JAVA_FLOAT, i, (float) (dst.getAtIndex(JAVA_FLOAT, i) / sum));
        }
        pool.give(scratch);
    }
}
