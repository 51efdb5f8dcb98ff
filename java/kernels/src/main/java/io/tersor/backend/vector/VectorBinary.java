package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
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
    private final float lo;
    private final float hi;

    VectorBinary(BinarySpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        int zeroPoint = spec.dstParams().zeroPoint();
        this.lo = spec.isQuantized() ? (float) (spec.dst().min() - zeroPoint) : 0;
        this.hi = spec.isQuantized() ? (float) (spec.dst().max() - zeroPoint) : 1;
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
            load(spec().a(), spec().aParams().zeroPoint(), a, aAt, aConstant, first, x, swaps ? Chunk.Y : Chunk.X,
                    length);
            load(spec().b(), spec().bParams().zeroPoint(), b, bAt, bConstant, first, x, swaps ? Chunk.X : Chunk.Y,
                    length);
            if (spec().isQuantized()) {
                scale(x, length, spec().multiplier());
            }
            switch (spec().operation()) {
                case ADD -> add(x, length);
                case SUB -> sub(x, length);
                case MUL -> mul(x, length);
                case DIV -> div(x, length);
                case MIN -> min(x, length);
                case MAX -> max(x, length);
                case PRELU -> prelu(x, length);
                case FMOD -> fmod(x, length);
                case POW -> Powers.pow(x, Chunk.X, Chunk.Y, length, Chunk.SCALE, Chunk.ZERO);
                case MOD, AND, OR, XOR -> throw new IllegalStateException("refused: " + spec());
                case EQUAL -> equal(x, length);
                case LESS, GREATER -> less(x, length);
                case LESS_OR_EQUAL, GREATER_OR_EQUAL -> lessOrEqual(x, length);
            }
            if (spec().dst() != DataType.F32) {
                Chunk.storeBytes(scratch, Chunk.X, length, lo, hi, spec().dstParams().zeroPoint(), dst, at + first);
            } else {
                Chunk.storeFloats(scratch, Chunk.X, length, dst, at + first);
            }
        }
        pool.give(scratch);
    }

    private static void load(DataType type, int zeroPoint, MemorySegment from, long at, boolean constant, long first,
            float[] to, int toAt, int length) {
        if (!constant) {
            Runs.load(type, from, at + first, zeroPoint, to, toAt, length);
        } else if (first == 0 || toAt == Chunk.X || type != DataType.F32) {
            float value = switch (type) {
                case U8 -> (from.get(JAVA_BYTE, at) & 0xff) - zeroPoint;
                case S8 -> from.get(JAVA_BYTE, at) - zeroPoint;
                default -> from.getAtIndex(JAVA_FLOAT, at);
            };
            Arrays.fill(to, toAt, toAt + length, value);
        }
    }

    private static void scale(float[] x, int count, float multiplier) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.Y + i).mul(multiplier).intoArray(x, Chunk.Y + i);
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

    private static void fmod(float[] x, int count) {
        for (int i = 0; i < count; i++) {
            x[Chunk.X + i] %= x[Chunk.Y + i];
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
