package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax row by row. exp(x) for x &lt;= 0 is 2^n * e^r with n = rint(x / ln 2) and |r| &lt;= ln(2) / 2, e^r by its
 * Taylor polynomial of degree 7, whose remainder is below half a unit in the last place.
 */
final class VectorSoftmax extends Unary {
    private static final float MAGIC = 0x1.8p23f;
    // Below this, e^x is zero in binary32.
    private static final float LOWEST = -104f;
    private static final float LOG2_E = (float) (1 / Math.log(2));
    // ln 2 in two parts, the first with few enough bits that n times it is exact.
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);

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
            exp(scratch.a, count, max);
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

    /** x = exp(x - max). */
    private static void exp(float[] x, int count, float max) {
        for (int i = 0; i < count; i += F) {
            FloatVector given = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector difference = given.sub(max);
            FloatVector v = difference.max(LOWEST);
            FloatVector n = v.mul(LOG2_E).add(MAGIC).sub(MAGIC);
            // What rounding took from x - max (Knuth's exact sum), which the exponential would magnify; 0 if tiny.
            FloatVector taken = difference.sub(given);
            FloatVector error = given.sub(difference.sub(taken)).sub(taken.add(max));
            error = error.blend(0f, difference.compare(VectorOperators.LT, LOWEST));
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN2_HIGH), v);
            r = n.fma(FloatVector.broadcast(FLOATS, -LN2_LOW), r).add(error);
            FloatVector p = FloatVector.broadcast(FLOATS, 1f / 5040);
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 720));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
            p = p.fma(r, FloatVector.broadcast(FLOATS, 1f));
            // 2^n in two factors: n may be below the exponent of the smallest normal number.
            IntVector exponent = (IntVector) n.convert(VectorOperators.F2I, 0);
            IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
            IntVector rest = exponent.sub(half);
            p.mul(half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .mul(rest.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats())
                    .intoArray(x, Chunk.X + i);
        }
    }
}
