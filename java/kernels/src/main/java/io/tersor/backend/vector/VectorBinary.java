package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** An operation of two tensors, chunk by chunk of their runs. */
final class VectorBinary extends Binary {
    private final ScratchPool pool;

    VectorBinary(BinarySpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at) {
        Scratch scratch = pool.take();
        float[] x = scratch.a;
        for (long first = 0; first < count; first += Chunk.LENGTH) {
            int length = (int) Math.min(Chunk.LENGTH, count - first);
            load(a, aAt, aConstant, first, x, Chunk.X, length);
            load(b, bAt, bConstant, first, x, Chunk.Y, length);
            switch (spec().operation()) {
                case ADD -> add(x, length);
                case SUB -> sub(x, length);
                case MUL -> mul(x, length);
                case DIV -> div(x, length);
            }
            Chunk.storeFloats(scratch, Chunk.X, length, dst, at + first);
        }
        pool.give(scratch);
    }

    private static void load(MemorySegment from, long at, boolean constant, long first, float[] to, int toAt,
            int length) {
        if (constant) {
            if (first == 0 || toAt == Chunk.X) {
                Arrays.fill(to, toAt, toAt + length, from.getAtIndex(JAVA_FLOAT, at));
            }
        } else {
            Runs.load(DataType.F32, from, at + first, 0, to, toAt, length);
        }
    }

    private static void add(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).add(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    private static void sub(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).sub(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    private static void mul(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).mul(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    private static void div(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).div(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }
}
