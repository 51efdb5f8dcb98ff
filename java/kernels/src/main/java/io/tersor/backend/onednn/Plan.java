package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.ffm.onednn.dnnl_exec_arg_t;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A primitive for one shape, with everything that its execution needs. Running it sets the operands' addresses and
 * makes one call.
 *
 * <p>oneDNN's memory objects, arguments and scratchpad serve one execution at a time; they are taken from a pool that
 * grows to the number of threads that ever ran the plan at once. Thread-safe.
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

    private final Arena arena;
    private final int threads;
    private final MemorySegment primitive;
    private final MemoryDesc src;
    private final Optional<MemoryDesc> src1;
    private final MemoryDesc dst;
    private final List<Constant> constants;
    private final MemoryDesc scratchpad;
    private Execution idle;

    /** The operands of one execution; idle ones form a list. */
    private final class Execution {
        private final MemorySegment stream;
        private final MemorySegment srcMemory;
        private final Optional<MemorySegment> src1Memory;
        private final MemorySegment dstMemory;
        private final MemorySegment arguments;
        private final int count;
        private Execution next;

        private Execution() {
            stream = OnednnObject.create(arena, "dnnl_stream_create", out -> Dnnl.dnnl_stream_create(out,
                    Onednn.get().engine(), Dnnl.dnnl_stream_default_flags()), Dnnl::dnnl_stream_destroy);
            srcMemory = src.memory(arena, MemorySegment.NULL);
            src1Memory = src1.map(desc -> desc.memory(arena, MemorySegment.NULL));
            dstMemory = dst.memory(arena, MemorySegment.NULL);
            List<Constant> operands = new ArrayList<>(constants);
            operands.add(new Constant(Dnnl.DNNL_ARG_SRC(), srcMemory));
            src1Memory.ifPresent(memory -> operands.add(new Constant(Dnnl.DNNL_ARG_SRC_1(), memory)));
            operands.add(new Constant(Dnnl.DNNL_ARG_DST(), dstMemory));
            if (scratchpad.bytes() > 0) {
                operands.add(new Constant(Dnnl.DNNL_ARG_SCRATCHPAD(), scratchpad.memory(arena,
                        arena.allocate(scratchpad.bytes(), ALIGNMENT_BYTES))));
            }
            count = operands.size();
            arguments = dnnl_exec_arg_t.allocateArray(count, arena);
            for (int i = 0; i < count; i++) {
                MemorySegment element = dnnl_exec_arg_t.asSlice(arguments, i);
                dnnl_exec_arg_t.arg(element, operands.get(i).argument());
                dnnl_exec_arg_t.memory(element, operands.get(i).memory());
            }
        }

        private void run(MemorySegment srcData, MemorySegment src1Data, MemorySegment dstData, MemorySegment guard) {
            set(srcMemory, srcData);
            if (src1Memory.isPresent()) {
                set(src1Memory.get(), src1Data);
            }
            set(dstMemory, dstData);
            Onednn.execute(primitive, stream, count, arguments, srcData, src1Data, dstData, guard);
        }

        private static void set(MemorySegment memory, MemorySegment data) {
            OnednnException.check("dnnl_memory_set_data_handle", Dnnl.dnnl_memory_set_data_handle(memory, data));
        }
    }

    /**
     * @param arena a shared arena that owns the plan
     * @param threads how many threads an execution uses; the descriptor was created under the same number
     * @param desc what to execute; need not live on
     * @param src src as it will be given
     * @param src1 a second source, for a primitive that has two
     * @param dst dst as it will be given
     * @param constants all other operands
     */
    Plan(Arena arena, int threads, PrimitiveDesc desc, MemoryDesc src, Optional<MemoryDesc> src1, MemoryDesc dst,
            List<Constant> constants) {
        this.arena = arena;
        this.threads = threads;
        this.src = src.copy(arena);
        this.src1 = src1.map(second -> second.copy(arena));
        this.dst = dst.copy(arena);
        this.constants = List.copyOf(constants);
        this.scratchpad = desc.scratchpad().copy(arena);
        this.primitive = desc.primitive(arena);
    }

    /**
     * Executes the primitive on the given memory and returns when it is done.
     *
     * @param src1Data the second source; that of src again for a primitive that has one
     * @param guard a segment of the arena that owns the constants
     * @throws IllegalStateException if the plan's arena or that of an operand is closed
     */
    void run(MemorySegment srcData, MemorySegment src1Data, MemorySegment dstData, MemorySegment guard) {
        Onednn.setThreads(threads);
        Execution execution = take();
        try {
            execution.run(srcData, src1Data, dstData, guard);
        } finally {
            giveBack(execution);
        }
    }

    private Execution take() {
        synchronized (this) {
            Execution first = idle;
            if (first != null) {
                idle = first.next;
                return first;
            }
        }
        return new Execution();
    }

    private synchronized void giveBack(Execution execution) {
        execution.next = idle;
        idle = execution;
    }
}
