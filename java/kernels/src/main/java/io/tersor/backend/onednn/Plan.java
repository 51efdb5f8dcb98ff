package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * A primitive for one shape, with everything that its execution needs. Running it again on the same memory makes one
 * call into oneDNN, and another that sets the number of threads.
 *
 * <p>oneDNN's memory objects, arguments and scratchpad serve one execution at a time, so there is a pool of them, in
 * which a thread mostly finds the one that knows its addresses. Thread-safe.
 */
final class Plan {
    private static final int ALIGNMENT_BYTES = 64;

    /** A constant operand: the argument's index and its memory object. */
    record Constant(int argument, MemorySegment memory) {
        /** Returns an operand of f32 values, a vector. */
        static Constant ofFloats(Arena arena, int argument, float... values) {
            try (Arena local = Arena.ofConfined()) {
                return of(arena, argument, MemoryDesc.rowMajor(local, DataType.F32, values.length),
                        local.allocateFrom(JAVA_FLOAT, values));
            }
        }

        /** Returns an operand of s32 values, a vector. */
        static Constant ofInts(Arena arena, int argument, int... values) {
            try (Arena local = Arena.ofConfined()) {
                return of(arena, argument, MemoryDesc.rowMajor(local, DataType.S32, values.length),
                        local.allocateFrom(JAVA_INT, values));
            }
        }

        private static Constant of(Arena arena, int argument, MemoryDesc desc, MemorySegment values) {
            MemorySegment copy = arena.allocate(values.byteSize(), ALIGNMENT_BYTES);
            copy.copyFrom(values);
            return new Constant(argument, desc.memory(arena, copy));
        }
    }

    /**
     * An operand that each run brings: the argument's index and how the data has to lie.
     *
     * @param desc need not outlive the plan's construction
     * @param gathered how to bring the rows where they have to lie, if they lie otherwise
     */
    record Operand(int argument, MemoryDesc desc, Optional<Rows> gathered) {
        private Operand copy(Arena arena) {
            return new Operand(argument, desc.copy(arena), gathered);
        }
    }

    /**
     * A copy of rows to others.
     *
     * @param bytes of a row
     * @param fromStrideBytes distance of two rows that are read
     * @param toStrideBytes distance of two rows that are written
     */
    record Rows(long count, long bytes, long fromStrideBytes, long toStrideBytes) {
        void copy(MemorySegment from, MemorySegment to) {
            for (long row = 0; row < count; row++) {
                MemorySegment.copy(from, row * fromStrideBytes, to, row * toStrideBytes, bytes);
            }
        }
    }

    private final int threads;
    private final Pool<Execution> executions;

    /**
     * @param arena a shared arena that owns the plan
     * @param threads how many threads an execution uses; the descriptor was created under the same number
     * @param desc what to execute; need not live on
     * @param src src as it will be given
     * @param second a second operand that is read, for a primitive that has one
     * @param dst dst as it will be given
     * @param constants all other operands
     */
    Plan(Arena arena, int threads, PrimitiveDesc desc, MemoryDesc src, Optional<Operand> second, MemoryDesc dst,
            List<Constant> constants) {
        this.threads = threads;
        // oneDNN's cache finds primitives by the number of threads now, which packing the weights may have changed: one
        // made for fewer threads than execute it computes something else.
        Onednn.setThreads(threads);
        MemorySegment primitive = desc.primitive(arena);
        Operand srcOperand = new Operand(Dnnl.DNNL_ARG_SRC(), src.copy(arena), Optional.empty());
        Optional<Operand> secondOperand = second.map(operand -> operand.copy(arena));
        Operand dstOperand = new Operand(Dnnl.DNNL_ARG_DST(), dst.copy(arena), Optional.empty());
        MemoryDesc scratchpad = desc.scratchpad().copy(arena);
        List<Constant> kept = List.copyOf(constants);
        this.executions = new Pool<>(
                () -> new Execution(arena, primitive, srcOperand, secondOperand, dstOperand, scratchpad, kept));
    }

    /**
     * Executes the primitive on the given memory and returns when it is done.
     *
     * @param secondData the second operand; src again for a primitive that has none
     * @param guard a segment of the arena that owns the constants
     * @throws IllegalStateException if the plan's arena or that of an operand is closed
     */
    void run(MemorySegment srcData, MemorySegment secondData, MemorySegment dstData, MemorySegment guard) {
        Onednn.setThreads(threads);
        Execution execution = executions.take();
        try {
            execution.run(srcData, secondData, dstData, guard);
        } finally {
            executions.giveBack(execution);
        }
    }
}
