package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Recurrent cells, a chunk of units at a time; each gate's values lie in a place of the scratch of their own. */
final class VectorRecurrentCell extends RecurrentCell {
    // Behind the places that functions work in.
    private static final int GATES = Chunk.ZERO + Chunk.Y;
    private static final int OPERAND = GATES + 4 * Chunk.Y;
    private static final int STATE = OPERAND + Chunk.Y;

    private final int hidden;
    private final float[] peepholes;
    private final ScratchPool pool;

    VectorRecurrentCell(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.hidden = spec.hidden();
        this.peepholes = peepholes.map(p -> Arrays.copyOf(p.toFloats(), 3 * hidden + F)).orElse(new float[0]);
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    private static int place(int gate) {
        return GATES + gate * Chunk.Y;
    }

    @Override
    protected void step(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment c,
            long at) {
        Scratch scratch = pool.take();
        for (int unit = 0; unit < hidden; unit += Chunk.LENGTH) {
            int count = Math.min(Chunk.LENGTH, hidden - unit);
            for (int g = 0; g < spec().kind().gates(); g++) {
                // The reset gate has acted on h's product, or acts on it before x's is added.
                boolean apart = spec().resetAfter() && g == 2;
                long gate = (long) g * hidden + unit;
                Runs.load(DataType.F32, r, rAt + gate, 0, scratch.a, place(g), count);
                if (!apart) {
                    Runs.load(DataType.F32, x, xAt + gate, 0, scratch.a, OPERAND, count);
                    add(scratch.a, place(g), OPERAND, count);
                }
            }
            switch (spec().kind()) {
                case RNN -> {
                    function(scratch.a, spec().gate(), place(0), count);
                    Chunk.storeFloats(scratch, place(0), count, h, at + unit);
                }
                case GRU -> gru(scratch, x, xAt + 2L * hidden + unit, h, at + unit, count);
                case LSTM -> lstm(scratch, h, c, at + unit, unit, count);
            }
        }
        pool.give(scratch);
    }

    private void gru(Scratch scratch, MemorySegment x, long xAt, MemorySegment h, long at, int count) {
        float[] a = scratch.a;
        function(a, spec().gate(), place(0), count);
        if (spec().resetAfter()) {
            function(a, spec().gate(), place(1), count);
            Runs.load(DataType.F32, x, xAt, 0, a, OPERAND, count);
            multiplyAdd(a, place(2), place(1), OPERAND, count);
        }
        function(a, spec().candidate(), place(2), count);
        Runs.load(DataType.F32, h, at, 0, a, STATE, count);
        for (int i = 0; i < count; i += F) {
            FloatVector update = FloatVector.fromArray(FLOATS, a, place(0) + i);
            FloatVector candidate = FloatVector.fromArray(FLOATS, a, place(2) + i);
            FloatVector state = FloatVector.fromArray(FLOATS, a, STATE + i);
            update.broadcast(1f).sub(update).mul(candidate).add(update.mul(state)).intoArray(a, STATE + i);
        }
        Chunk.storeFloats(scratch, STATE, count, h, at);
    }

    private void lstm(Scratch scratch, MemorySegment h, MemorySegment c, long at, int unit, int count) {
        float[] a = scratch.a;
        Runs.load(DataType.F32, c, at, 0, a, STATE, count);
        gate(a, 0, 0, unit, count);
        if (!spec().coupled()) {
            gate(a, 2, 2, unit, count);
        }
        function(a, spec().candidate(), place(3), count);
        for (int i = 0; i < count; i += F) {
            FloatVector in = FloatVector.fromArray(FLOATS, a, place(0) + i);
            FloatVector forget = spec().coupled() ? in.broadcast(1f).sub(in)
                    : FloatVector.fromArray(FLOATS, a, place(2) + i);
            FloatVector.fromArray(FLOATS, a, STATE + i).mul(forget)
                    .add(in.mul(FloatVector.fromArray(FLOATS, a, place(3) + i))).intoArray(a, STATE + i);
        }
        Chunk.storeFloats(scratch, STATE, count, c, at);
        gate(a, 1, 1, unit, count);
        MapSpec output = spec().output();
        MapFunctions.apply(output.function(), output.alpha(), output.beta(), a, STATE, count, Chunk.X);
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, a, STATE + i).mul(FloatVector.fromArray(FLOATS, a, place(1) + i))
                    .intoArray(a, STATE + i);
        }
        Chunk.storeFloats(scratch, STATE, count, h, at);
    }

    /** One of the LSTM's gates, with the state c through its peephole. */
    private void gate(float[] a, int gate, int peephole, int unit, int count) {
        for (int i = 0; i < count && peepholes.length > 0; i += F) {
            FloatVector.fromArray(FLOATS, peepholes, peephole * hidden + unit + i)
                    .fma(FloatVector.fromArray(FLOATS, a, STATE + i), FloatVector.fromArray(FLOATS, a, place(gate) + i))
                    .intoArray(a, place(gate) + i);
        }
        function(a, spec().gate(), place(gate), count);
    }

    /** Clips, then applies a function. */
    private void function(float[] a, MapSpec function, int at, int count) {
        float clip = spec().clip();
        for (int i = at; i < at + count && clip < Float.POSITIVE_INFINITY; i += F) {
            FloatVector.fromArray(FLOATS, a, i).lanewise(VectorOperators.MAX, -clip)
                    .lanewise(VectorOperators.MIN, clip).intoArray(a, i);
        }
        MapFunctions.apply(function.function(), function.alpha(), function.beta(), a, at, count, Chunk.X);
    }

    /** a += b. */
    private static void add(float[] x, int a, int b, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, a + i).add(FloatVector.fromArray(FLOATS, x, b + i)).intoArray(x, a + i);
        }
    }

    /** a = a * b + c. */
    private static void multiplyAdd(float[] x, int a, int b, int c, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, a + i).fma(FloatVector.fromArray(FLOATS, x, b + i),
                    FloatVector.fromArray(FLOATS, x, c + i)).intoArray(x, a + i);
        }
    }

    @Override
    protected void reset(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment scaled,
            long at) {
        Scratch scratch = pool.take();
        float[] a = scratch.a;
        for (int unit = 0; unit < hidden; unit += Chunk.LENGTH) {
            int count = Math.min(Chunk.LENGTH, hidden - unit);
            Runs.load(DataType.F32, r, rAt + unit, 0, a, place(0), count);
            Runs.load(DataType.F32, x, xAt + unit, 0, a, OPERAND, count);
            add(a, place(0), OPERAND, count);
            function(a, spec().gate(), place(0), count);
            Runs.load(DataType.F32, h, at + unit, 0, a, OPERAND, count);
            for (int i = 0; i < count; i += F) {
                FloatVector.fromArray(FLOATS, a, place(0) + i).mul(FloatVector.fromArray(FLOATS, a, OPERAND + i))
                        .intoArray(a, place(0) + i);
            }
            Chunk.storeFloats(scratch, place(0), count, scaled, at + unit);
        }
        pool.give(scratch);
    }
}
