package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Chooses by tersor_select. */
final class NativeSelect extends Select {
    private final NativeContext context;
    private final int bytes;

    NativeSelect(NativeContext context, SelectSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.bytes = spec.type().bits() / Byte.SIZE;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long rows, long columns, MemorySegment condition, long conditionAt, long conditionRow,
            long conditionColumn, MemorySegment a, long aAt, long aRow, long aColumn, MemorySegment b, long bAt,
            long bRow, long bColumn, MemorySegment dst, long at) {
        context.elements().select(context.isa(), bytes, rows, columns, NativeContext.from(condition, conditionAt),
                conditionRow, conditionColumn, NativeContext.from(a, aAt * bytes), aRow, aColumn,
                NativeContext.from(b, bAt * bytes), bRow, bColumn, NativeContext.from(dst, at * bytes));
    }
}
