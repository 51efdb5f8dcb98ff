package io.tersor.backend.vector;

import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/** A function of every element, chunk by chunk. */
final class VectorMap extends Elementwise {
    private final MapSpec map;

    VectorMap(MapSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, QuantParams.IDENTITY, new float[] {1}, parallelism, pool);
        this.map = spec;
    }

    @Override
    void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        Runs.load(DataType.F32, src, at, 0, scratch.a, Chunk.Y, count);
        MapFunctions.apply(map.function(), map.alpha(), map.beta(), scratch.a, Chunk.Y, count, Chunk.X);
        Chunk.storeFloats(scratch, Chunk.Y, count, dst, at);
    }
}
