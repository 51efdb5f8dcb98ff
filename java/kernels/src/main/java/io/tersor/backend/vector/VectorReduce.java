package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Reduces rows where the reduced axis is the last, otherwise chunks of columns side by side. */
final class VectorReduce extends Unary {
    private final ReduceSpec.Kind kind;
    private final ScratchPool pool;

    VectorReduce(ReduceSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.kind = spec.kind();
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long inner = src.shape().dim(2);
        long chunks = Math.ceilDiv(inner, (long) Chunk.LENGTH);
        long parts = src.shape().dim(0) * chunks;
        if (parallelism().threads() == 1) {
            for (long part = 0; part < parts; part++) {
                part(src, dst, part / chunks, part % chunks * Chunk.LENGTH);
            }
        } else {
            parallelism().run(parts, part -> part(src, dst, part / chunks, part % chunks * Chunk.LENGTH));
        }
    }

    private void part(Tensor src, Tensor dst, long outer, long first) {
        long count = src.shape().dim(1);
        long inner = src.shape().dim(2);
        Scratch scratch = pool.take();
        if (inner == 1) {
            double state = row(scratch.a, src.data(), outer * count, count);
            dst.data().setAtIndex(JAVA_FLOAT, outer, (float) kind.finish(state, count));
        } else {
            int width = (int) Math.min(Chunk.LENGTH, inner - first);
            columns(scratch, src.data(), outer * count * inner + first, count, inner, width);
            for (int i = 0; i < width; i++) {
                scratch.a[Chunk.X + i] = (float) kind.finish(scratch.doubles[i], count);
            }
            Chunk.storeFloats(scratch, Chunk.X, width, dst.data(), outer * inner + first);
        }
        pool.give(scratch);
    }

    private double row(float[] x, MemorySegment src, long at, long count) {
        double state = kind.start();
        for (long first = 0; first < count; first += Chunk.LENGTH) {
            int length = (int) Math.min(Chunk.LENGTH, count - first);
            Runs.load(DataType.F32, src, at + first, 0, x, Chunk.X, length);
            terms(x, length);
            state = switch (kind) {
                case MAX -> Math.max(state, LaneSums.max(x, Chunk.X, length));
                case MIN -> Math.min(state, LaneSums.min(x, Chunk.X, length));
                default -> state + LaneSums.sum(x, Chunk.X, length);
            };
        }
        return state;
    }

    /** Leaves the states of columns in the scratch's doubles. */
    private void columns(Scratch scratch, MemorySegment src, long at, long count, long inner, int width) {
        double[] states = scratch.doubles;
        float[] x = scratch.a;
        Arrays.fill(states, 0, width, kind.start());
        Arrays.fill(x, Chunk.Y, Chunk.Y + width, (float) kind.start());
        for (long r = 0; r < count; r++) {
            Runs.load(DataType.F32, src, at + r * inner, 0, x, Chunk.X, width);
            switch (kind) {
                case MAX -> max(x, width);
                case MIN -> min(x, width);
                default -> {
                    terms(x, width);
                    add(states, x, width);
                }
            }
        }
        for (int i = 0; i < width && (kind == ReduceSpec.Kind.MAX || kind == ReduceSpec.Kind.MIN); i++) {
            states[i] = x[Chunk.Y + i];
        }
    }

    /** Compiled to vectors by the JVM. */
    private static void add(double[] states, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            states[i] += x[i];
        }
    }

    private static void max(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.Y + i).max(FloatVector.fromArray(FLOATS, x, Chunk.X + i))
                    .intoArray(x, Chunk.Y + i);
        }
    }

    private static void min(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.Y + i).min(FloatVector.fromArray(FLOATS, x, Chunk.X + i))
                    .intoArray(x, Chunk.Y + i);
        }
    }

    /** Replaces elements by the terms of a sum. */
    private void terms(float[] x, int count) {
        boolean squares = kind == ReduceSpec.Kind.L2 || kind == ReduceSpec.Kind.SUM_SQUARE;
        for (int i = 0; i < count && squares; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, Chunk.X + i);
            v.mul(v).intoArray(x, Chunk.X + i);
        }
        for (int i = 0; i < count && kind == ReduceSpec.Kind.L1; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).abs().intoArray(x, Chunk.X + i);
        }
    }
}
