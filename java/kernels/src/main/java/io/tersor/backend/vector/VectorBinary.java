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
import jdk.incubator.vector.VectorOperators;

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
        // Greater is less with the operands swapped.
        boolean swaps = spec().operation() == BinarySpec.Operation.GREATER
                || spec().operation() == BinarySpec.Operation.GREATER_OR_EQUAL;
        for (long first = 0; first < count; first += Chunk.LENGTH) {
            int length = (int) Math.min(Chunk.LENGTH, count - first);
            load(a, aAt, aConstant, first, x, swaps ? Chunk.Y : Chunk.X, length);
            load(b, bAt, bConstant, first, x, swaps ? Chunk.X : Chunk.Y, length);
            switch (spec().operation()) {
                case ADD -> add(x, length);
                case SUB -> sub(x, length);
                case MUL -> mul(x, length);
                case DIV -> div(x, length);
                case MIN -> min(x, length);
                case MAX -> max(x, length);
                case PRELU -> prelu(x, length);
                case POW -> Powers.pow(x, Chunk.X, Chunk.Y, length, Chunk.SCALE, Chunk.ZERO);
                case EQUAL -> equal(x, length);
                case LESS, GREATER -> less(x, length);
                case LESS_OR_EQUAL, GREATER_OR_EQUAL -> lessOrEqual(x, length);
            }
            if (spec().operation().compares()) {
                Chunk.storeBytes(scratch, Chunk.X, length, 0f, 1f, 0, dst, at + first);
            } else {
                Chunk.storeFloats(scratch, Chunk.X, length, dst, at + first);
            }
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
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.add(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void sub(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.sub(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void mul(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.mul(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void div(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.div(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void min(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.min(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void max(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.max(b).intoArray(x, Chunk.X + i);
        }
    }

    private static void prelu(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            a.blend(b.mul(a), a.compare(VectorOperators.LT, 0f)).intoArray(x, Chunk.X + i);
        }
    }

    /** 1 where a comparison holds, else 0. */
    private static void equal(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            FloatVector.zero(FLOATS).blend(1f, a.compare(VectorOperators.EQ, b)).intoArray(x, Chunk.X + i);
        }
    }

    private static void less(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            FloatVector.zero(FLOATS).blend(1f, a.compare(VectorOperators.LT, b)).intoArray(x, Chunk.X + i);
        }
    }

    private static void lessOrEqual(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            FloatVector b = FloatVector.fromArray(FLOATS, x, Chunk.Y + i);
            FloatVector.zero(FLOATS).blend(1f, a.compare(VectorOperators.LE, b)).intoArray(x, Chunk.X + i);
        }
    }
}
