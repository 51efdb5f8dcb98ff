package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.ffm.onednn.dnnl_exec_arg_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The arguments of a primitive, prebuilt for all its runs; serves one thread at a time. The operands' addresses are
 * kept from run to run and told to oneDNN only when they change.
 */
final class Execution {
    private static final int ALIGNMENT_BYTES = 64;

    private final MemorySegment primitive;
    private final MemorySegment stream;
    private final Variable src;
    private final Optional<Variable> second;
    private final Variable dst;
    private final MemorySegment arguments;
    private final int count;

    /** A memory object whose data each run brings. */
    private static final class Variable {
        private final Plan.Constant operand;
        private final Optional<Plan.Rows> gathered;
        private final MemorySegment gatheredData;
        private long address;

        private Variable(Arena arena, Plan.Operand brought) {
            operand = new Plan.Constant(brought.argument(), brought.desc().memory(arena, MemorySegment.NULL));
            gathered = brought.gathered();
            gatheredData = gathered.isPresent() ? arena.allocate(brought.desc().bytes(), ALIGNMENT_BYTES)
                    : MemorySegment.NULL;
        }

        private void bring(MemorySegment data) {
            if (gathered.isPresent()) {
                gathered.get().copy(data, gatheredData);
                set(gatheredData);
            } else {
                set(data);
            }
        }

        private void set(MemorySegment data) {
            long now = data.address();
            if (now != address) {
                Onednn.setData(operand.memory(), data);
                address = now;
            }
        }
    }

    /**
     * @param arena owns the arguments, as it does the primitive
     * @param second a second operand that is read, for a primitive that has one
     * @param constants all other operands
     */
    Execution(Arena arena, MemorySegment primitive, Plan.Operand src, Optional<Plan.Operand> second,
            Plan.Operand dst, MemoryDesc scratchpad, List<Plan.Constant> constants) {
        this.primitive = primitive;
        // The CPU's streams run a primitive before the call returns (cpu_stream_t), so there is nothing to wait for.
        this.stream = OnednnObject.create(arena, "dnnl_stream_create", out -> Dnnl.dnnl_stream_create(out,
                Onednn.get().engine(), Dnnl.dnnl_stream_default_flags()), Dnnl::dnnl_stream_destroy);
        this.src = new Variable(arena, src);
        this.second = second.map(operand -> new Variable(arena, operand));
        this.dst = new Variable(arena, dst);
        List<Plan.Constant> operands = new ArrayList<>(constants);
        operands.add(this.src.operand);
        this.second.ifPresent(variable -> operands.add(variable.operand));
        operands.add(this.dst.operand);
        if (scratchpad.bytes() > 0) {
            operands.add(new Plan.Constant(Dnnl.DNNL_ARG_SCRATCHPAD(), scratchpad.memory(arena,
                    arena.allocate(scratchpad.bytes(), ALIGNMENT_BYTES))));
        }
        this.count = operands.size();
        this.arguments = dnnl_exec_arg_t.allocateArray(count, arena);
        for (int i = 0; i < count; i++) {
            MemorySegment element = dnnl_exec_arg_t.asSlice(arguments, i);
            dnnl_exec_arg_t.arg(element, operands.get(i).argument());
            dnnl_exec_arg_t.memory(element, operands.get(i).memory());
        }
    }

    /** Runs the primitive; the arguments are those of {@link Plan#run}. */
    void run(MemorySegment srcData, MemorySegment secondData, MemorySegment dstData, MemorySegment guard) {
        src.set(srcData);
        if (second.isPresent()) {
            second.get().bring(secondData);
        }
        dst.set(dstData);
        Onednn.execute(primitive, stream, count, arguments, guard, srcData, secondData, dstData);
    }
}
