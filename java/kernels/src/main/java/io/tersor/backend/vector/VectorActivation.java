package io.tersor.backend.vector;

import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/** Functions and bounds, chunk by chunk. */
final class VectorActivation extends Elementwise {
    private final ActivationSpec activation;
    private final float lo;
    private final float hi;

    VectorActivation(ActivationSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, spec.params(), new float[] {1}, parallelism, pool);
        this.activation = spec;
        float scale = spec.params().scale();
        int zeroPoint = spec.params().zeroPoint();
        this.lo = Chunk.bound(spec.activation().lo(), spec.type(), scale, zeroPoint);
        this.hi = Chunk.bound(spec.activation().hi(), spec.type(), scale, zeroPoint);
    }

    @Override
    void chunk(Scratch scratch, MemorySegment src, MemorySegment dst, long at, int count, float[] factors,
            int factorsAt, float[] zeroPoints, int zeroPointsAt) {
        int zeroPoint = activation.params().zeroPoint();
        if (activation.activation().isNone()) {
            long bytes = activation.type().bytes(1);
            MemorySegment.copy(src, at * bytes, dst, at * bytes, count * bytes);
            return;
        }
        if (activation.type() == DataType.F32) {
            Runs.load(DataType.F32, src, at, 0, scratch.a, Chunk.Y, count);
            Functions.apply(activation.activation().function(), scratch.a, Chunk.Y, count, scratch.a);
            if (activation.activation().isBounded()) {
                Chunk.clip(scratch.a, Chunk.Y, count, lo, hi);
            }
            Chunk.storeFloats(scratch, Chunk.Y, count, dst, at);
        } else {
            Runs.load(activation.type(), src, at, zeroPoint, scratch.a, Chunk.X, count);
            Chunk.storeBytes(scratch, Chunk.X, count, lo, hi, zeroPoint, dst, at);
        }
    }
}
