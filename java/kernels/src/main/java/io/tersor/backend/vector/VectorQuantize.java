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
        float min = (float) type.min();
        float max = (float) type.max();
        float[] x = scratch.a;
        Runs.load(DataType.F32, src, at, 0, x, Chunk.X, count);
        switch (quantize.rounding()) {
            case HALF_EVEN -> halfEven(x, count, factors, factorsAt, zeroPoints, zeroPointsAt, min, max);
            case HALF_AWAY -> directed(x, count, factors, factorsAt, zeroPoints, zeroPointsAt, min, max, false);
            case FLOOR -> directed(x, count, factors, factorsAt, zeroPoints, zeroPointsAt, min, max, true);
        }
        Chunk.storeBytes(scratch, Chunk.X, count, min, max, 0, dst, at);
    }

    private static void halfEven(float[] x, int count, float[] scales, int scalesAt, float[] zeroPoints,
            int zeroPointsAt, float min, float max) {
        for (int i = 0; i < count; i += F) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i);
            FloatVector v = clamped(x, i, FloatVector.fromArray(FLOATS, scales, scalesAt + i), zero, min, max);
            v.add(MAGIC).sub(MAGIC).add(zero).intoArray(x, Chunk.X + i);
        }
    }

    private static void directed(float[] x, int count, float[] scales, int scalesAt, float[] zeroPoints,
            int zeroPointsAt, float min, float max, boolean floor) {
        for (int i = 0; i < count; i += F) {
            FloatVector zero = FloatVector.fromArray(FLOATS, zeroPoints, zeroPointsAt + i);
            FloatVector v = clamped(x, i, FloatVector.fromArray(FLOATS, scales, scalesAt + i), zero, min, max);
            FloatVector rounded = floor ? floor(v) : halfAway(v);
            rounded.add(zero).intoArray(x, Chunk.X + i);
        }
    }

    private static FloatVector clamped(float[] x, int i, FloatVector scale, FloatVector zero, float min, float max) {
        FloatVector v = FloatVector.fromArray(FLOATS, x, Chunk.X + i).div(scale);
        return Lanes.atMost(Lanes.atLeast(v, Lanes.floats(min).sub(zero)), Lanes.floats(max).sub(zero));
    }

    private static FloatVector floor(FloatVector v) {
        FloatVector near = v.add(MAGIC).sub(MAGIC);
        return near.blend(near.sub(1), near.compare(VectorOperators.GT, v));
    }

    private static FloatVector halfAway(FloatVector v) {
        FloatVector size = v.abs();
        FloatVector low = floor(size);
        // The difference is exact, unlike size + 0.5.
        FloatVector rounded = low.blend(low.add(1), size.sub(low).compare(VectorOperators.GE, 0.5f));
        return rounded.blend(rounded.neg(), v.compare(VectorOperators.LT, 0f));
    }
}
