package io.tersor.backend.vector;

import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.MemorySegment;

/** Dequantization, chunk by chunk. */
final class VectorDequantize extends Elementwise {
    private final DequantizeSpec dequantize;

    VectorDequantize(DequantizeSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, spec.params(), scales(spec), parallelism, pool);
        this.dequantize = spec;
    }

    private static float[] scales(DequantizeSpec spec) {
        float[] scales = new float[spec.params().count()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = spec.params().scale(i);
        }
        return scales;
    }

    @Override
    void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        Runs.load(dequantize.srcType(), src, at, 0, scratch.a, Chunk.X, count);
        Elementwise.scale(scratch.a, count, factors, factorsAt, zeroPoints, zeroPointsAt);
        Chunk.storeFloats(scratch, Chunk.X, count, dst, at);
    }
}
