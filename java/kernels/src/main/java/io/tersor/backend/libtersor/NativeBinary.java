package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Operations of two tensors by one of libtersor's functions for rows of them. */
abstract class NativeBinary extends Binary {
    private final NativeContext context;
    // Greater is less with the operands swapped.
    private final boolean swaps;

    NativeBinary(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.swaps = spec.operation() == BinarySpec.Operation.GREATER
                || spec.operation() == BinarySpec.Operation.GREATER_OR_EQUAL;
    }

    /** Calls the function; a column of 0 says that all elements of a row of that operand are its first. */
    abstract void call(long rows, long count, MemorySegment a, long aStride, long aColumn, MemorySegment b,
            long bStride, long bColumn, MemorySegment dst);

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at) {
        executeRows(1, count, a, aAt, 0, aConstant, b, bAt, 0, bConstant, dst, at);
    }

    @Override
    protected void executeRows(long rows, long count, MemorySegment a, long aAt, long aStride, boolean aConstant,
            MemorySegment b, long bAt, long bStride, boolean bConstant, MemorySegment dst, long at) {
        MemorySegment left = NativeContext.from(a, spec().a().bytes(aAt));
        MemorySegment right = NativeContext.from(b, spec().b().bytes(bAt));
        MemorySegment to = NativeContext.from(dst, spec().dst().bytes(at));
        long aColumn = aConstant ? 0 : 1;
        long bColumn = bConstant ? 0 : 1;
        if (swaps) {
            call(rows, count, right, bStride, bColumn, left, aStride, aColumn, to);
        } else {
            call(rows, count, left, aStride, aColumn, right, bStride, bColumn, to);
        }
    }
}
