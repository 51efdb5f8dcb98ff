package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Add, chunk by chunk. */
final class VectorAdd extends Add {
    private final ScratchPool pool;
    private final float lo;
    private final float hi;

    VectorAdd(AddSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        float scale = spec.dstParams().scale();
        int zeroPoint = spec.dstParams().zeroPoint();
        this.lo = Chunk.bound(spec.activation().lo(), spec.dst(), scale, zeroPoint);
        this.hi = Chunk.bound(spec.activation().hi(), spec.dst(), scale, zeroPoint);
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        int threads = parallelism().threads();
        if (threads == 1) {
            range(0, count, a, b, dst);
            return;
        }
        long length = Elementwise.partLength(count, Chunk.LENGTH, threads);
        parallelism().run(Math.ceilDiv(count, length),
                part -> range(part * length, Math.min(count, (part + 1) * length), a, b, dst));
    }

    private void range(long first, long end, MemorySegment a, MemorySegment b, MemorySegment dst) {
        Scratch scratch = pool.take();
        float[] x = scratch.a;
        boolean floats = spec().dst() == DataType.F32;
        for (long at = first; at < end; at += Chunk.LENGTH) {
            int count = (int) Math.min(Chunk.LENGTH, end - at);
            Runs.load(spec().a(), a, at, spec().aParams().zeroPoint(), x, Chunk.X, count);
            Runs.load(spec().b(), b, at, spec().bParams().zeroPoint(), x, Chunk.Y, count);
            if (floats) {
                addFloats(x, count);
                if (!spec().activation().isNone()) {
                    Chunk.clip(x, Chunk.X, count, lo, hi);
                }
                Chunk.storeFloats(scratch, Chunk.X, count, dst, at);
            } else {
                addScaled(x, count, spec().aMultiplier(), spec().bMultiplier());
                Chunk.storeBytes(scratch, Chunk.X, count, lo, hi, spec().dstParams().zeroPoint(), dst, at);
            }
        }
        pool.give(scratch);
    }

    private static void addFloats(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).add(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    private static void addScaled(float[] x, int count, float aMultiplier, float bMultiplier) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).mul(aMultiplier)
                    .add(FloatVector.fromArray(FLOATS, x, Chunk.Y + i).mul(bMultiplier)).intoArray(x, Chunk.X + i);
        }
    }
}
