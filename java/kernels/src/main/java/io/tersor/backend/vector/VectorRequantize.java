package io.tersor.backend.vector;

import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/** Change of quantization, chunk by chunk. */
final class VectorRequantize extends Elementwise {
    private final RequantizeSpec requantize;
    private final float lo;
    private final float hi;

    VectorRequantize(RequantizeSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, spec.srcParams(), multipliers(spec), parallelism, pool);
        this.requantize = spec;
        DataType type = spec.dstType();
        this.lo = (float) (type.min() - spec.dstParams().zeroPoint());
        this.hi = (float) (type.max() - spec.dstParams().zeroPoint());
    }

    private static float[] multipliers(RequantizeSpec spec) {
        float[] multipliers = new float[spec.srcParams().count()];
        for (int i = 0; i < multipliers.length; i++) {
            multipliers[i] = spec.multiplier(i);
        }
        return multipliers;
    }

    @Override
    void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        Runs.load(requantize.srcType(), src, at, 0, scratch.a, Chunk.X, count);
        Elementwise.scale(scratch.a, count, factors, factorsAt, zeroPoints, zeroPointsAt);
        Chunk.storeBytes(scratch, Chunk.X, count, lo, hi, requantize.dstParams().zeroPoint(), dst, at);
    }
}
