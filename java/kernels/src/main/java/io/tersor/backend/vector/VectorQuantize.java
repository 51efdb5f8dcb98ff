package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Parallelism;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Quantization, chunk by chunk: divide, clamp, round, add the zero point. */
final class VectorQuantize extends Elementwise {
    // Adding and subtracting 1.5 * 2^23 rounds a small number half to even.
    private static final float MAGIC = 0x1.8p23f;

    private final QuantizeSpec quantize;

    VectorQuantize(QuantizeSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, spec.params(), scales(spec), parallelism, pool);
        this.quantize = spec;
    }

    private static float[] scales(QuantizeSpec spec) {
        float[] scales = new float[spec.params().count()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = spec.params().scale(i);
        }
        return scales;
    }

    @Override
    void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        DataType type = quantize.dstType();
        Runs.load(DataType.F32, src, at, 0, scratch.a, Chunk.X, count);
        levels(quantize, scratch.a, count, factors, factorsAt, zeroPoints, zeroPointsAt);
        Chunk.storeBytes(scratch, Chunk.X, count, (float) type.min(), (float) type.max(), 0, dst, at);
    }

    /** Makes {@code count} values of a chunk levels of the spec's type, still as floats. */
    static void levels(QuantizeSpec spec, float[] x, int count, float[] scales, int scalesAt, float[] zeroPoints,
            int zeroPointsAt) {
        float min = (float) spec.dstType().min();
        float max = (float) spec.dstType().max();
        divide(x, count, scales, scalesAt, zeroPoints, zeroPointsAt, min, max);
        switch (spec.rounding()) {
            case HALF_EVEN -> halfEven(x, count, zeroPoints, zeroPointsAt);
            case HALF_AWAY -> halfAway(x, count, zeroPoints, zeroPointsAt);
            case FLOOR -> floor(x, count, zeroPoints, zeroPointsAt);
        }
    }

    // No method of ours takes or returns vectors: where the compiler does not inline it, they would be put on the heap.

    private static void divide(float[] x, int count, float[] scales, int scalesAt, float[] zeroPoints,
            int zeroPointsAt, float min, float max) {
        for (int i = 0; i < count; i += F) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i);
            FloatVector low = FloatVector.broadcast(FLOATS, min).sub(zero);
            FloatVector high = FloatVector.broadcast(FLOATS, max).sub(zero);
            FloatVector v = FloatVector.fromArray(FLOATS, x, Chunk.X + i)
                    .div(FloatVector.fromArray(FLOATS, scales, scalesAt + i));
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            high.blend(v, v.compare(VectorOperators.LT, high)).intoArray(x, Chunk.X + i);
        }
    }

    private static void halfEven(float[] x, int count, float[] zeroPoints, int zeroPointsAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).add(MAGIC).sub(MAGIC)
                    .add(FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i)).intoArray(x, Chunk.X + i);
        }
    }

    private static void floor(float[] x, int count, float[] zeroPoints, int zeroPointsAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector near = v.add(MAGIC).sub(MAGIC);
            near.blend(near.sub(1), near.compare(VectorOperators.GT, v))
                    .add(FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i)).intoArray(x, Chunk.X + i);
        }
    }

    private static void halfAway(float[] x, int count, float[] zeroPoints, int zeroPointsAt) {
        for (int i = 0; i < count; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector size = v.abs();
            FloatVector near = size.add(MAGIC).sub(MAGIC);
            FloatVector low = near.blend(near.sub(1), near.compare(VectorOperators.GT, size));
            // The difference is exact, unlike size + 0.5.
            FloatVector rounded = low.blend(low.add(1), size.sub(low).compare(VectorOperators.GE, 0.5f));
            rounded.blend(rounded.neg(), v.compare(VectorOperators.LT, 0f))
                    .add(FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i)).intoArray(x, Chunk.X + i);
        }
    }
}
